/** relocation.py: base and limit, with addresses given. */
import { type RelocationProblem, solveRelocation } from '../relocation.ts';
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

interface Spaces {
  readonly addressSpace: number;
  readonly physMem: number;
}

export const relocationTool: HomeworkTool<RelocationProblem & Spaces, readonly (number | null)[]> = {
  name: 'relocation',
  program: 'relocation.py',
  summary: 'Addresses through base and limit registers (relocation.py).',
  flags: [
    addressesFlag,
    { flag: '-b', value: 'address', help: 'the base register' },
    { flag: '-l', value: 'size', help: 'the limit register' },
    spaceFlag,
    memoryFlag,
    drawingFlag('-n', 'number of drawn addresses'),
    noSeedFlag,
    computeFlag,
  ],
  read(given) {
    refuseDrawing(given, ['-s', '-n'], 'give base, limit and addresses with -b, -l, -A');
    const addressSpace = readSize(given, '-a');
    const physMem = readSize(given, '-p');
    const base = given.integer('-b', { min: 0, max: largestSpace });
    const limit = given.integer('-l', { min: 0, max: addressSpace });
    checkFits('-b', base, [base, base + limit], physMem);
    return { addressSpace, physMem, base, limit, addresses: readAddresses(given, addressSpace) };
  },
  solve: solveRelocation,
};
