/** segmentation.py: two segments, with addresses given. */
import { type SegmentationProblem, type SegmentedAddress, solveSegmentation } from '../segmentation.ts';
import {
  addressesFlag,
  checkFits,
  largestSpace,
  memoryFlag,
  readAddresses,
  readSize,
  spaceFlag,
} from './address-flags.ts';
import { computeFlag, drawingFlag, type HomeworkTool, noSeedFlag, refuseDrawing } from './tool.ts';

export const segmentationTool: HomeworkTool<
  SegmentationProblem & { readonly physMem: number },
  readonly SegmentedAddress[]
> = {
  name: 'segmentation',
  program: 'segmentation.py',
  summary: 'Addresses in two segments, one of which grows down (segmentation.py).',
  flags: [
    addressesFlag,
    { flag: '-b', value: 'address', help: 'base of segment 0, which grows up from it' },
    { flag: '-l', value: 'size', help: 'limit of segment 0' },
    { flag: '-B', value: 'address', help: 'base of segment 1, which grows down from it' },
    { flag: '-L', value: 'size', help: 'limit of segment 1' },
    spaceFlag,
    memoryFlag,
    drawingFlag('-n', 'number of drawn addresses'),
    noSeedFlag,
    computeFlag,
  ],
  read(given) {
    refuseDrawing(given, ['-s', '-n'], 'give segments and addresses with -b, -l, -B, -L, -A');
    const addressSpace = readSize(given, '-a');
    const physMem = readSize(given, '-p');
    const [seg0, seg1] = ['-b -l', '-B -L'].map((flags) => {
      const [base = '', limit = ''] = flags.split(' ');
      return {
        base: given.integer(base, { min: 0, max: largestSpace }),
        limit: given.integer(limit, { min: 0, max: addressSpace }),
      };
    }) as [SegmentationProblem['seg0'], SegmentationProblem['seg1']];
    checkFits('-b', seg0.base, [seg0.base, seg0.base + seg0.limit], physMem);
    checkFits('-B', seg1.base, [seg1.base - seg1.limit, seg1.base], physMem);
    return { addressSpace, physMem, seg0, seg1, addresses: readAddresses(given, addressSpace) };
  },
  solve: solveSegmentation,
};
