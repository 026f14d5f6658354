/** malloc.py: a free list, with operations given. */
import { invalid, KernelError } from '../../../kernel/errors.ts';
import {
  fitPolicies,
  type FreespaceProblem,
  type FreespaceStep,
  listOrders,
  solveFreespace,
} from '../freespace.ts';
import { mostThings, mostTicks, parseNumber } from './flags.ts';
import { computeFlag, type HomeworkTool, noSeedFlag, refuseDrawing } from './tool.ts';

export const mallocTool: HomeworkTool<FreespaceProblem, { readonly steps: readonly FreespaceStep[] }> = {
  name: 'malloc',
  program: 'malloc.py',
  summary: 'A free list: best, worst, first fit; orders; coalescing (malloc.py).',
  flags: [
    { flag: '-A', value: 'list', help: 'operations: +SIZE allocates, -INDEX frees, such as +3,+5,-0' },
    { flag: '-S', value: 'size', help: 'size of the heap', default: '100' },
    { flag: '-b', value: 'address', help: 'where it begins', default: '1000' },
    { flag: '-H', value: 'size', help: 'header of a block', default: '0' },
    { flag: '-a', value: 'n', help: 'sizes are rounded up to multiples of it; -1: not', default: '-1' },
    { flag: '-p', value: 'policy', help: fitPolicies.join(', '), default: 'BEST' },
    { flag: '-l', value: 'order', help: listOrders.join(', '), default: 'ADDRSORT' },
    { flag: '-C', help: 'join entries that are neighbours in the list and in memory' },
    noSeedFlag,
    computeFlag,
  ],
  read(given) {
    refuseDrawing(given, ['-s'], 'give the operations with -A');
    const sizes = { min: 0, max: 2 ** 32 };
    const ops = given.list('-A', (item) => {
      if (!/^[+-]\d+$/.test(item)) throw invalid('-A', item, 'operations like +SIZE and -INDEX');
      parseNumber('-A', item.slice(1), { min: item.startsWith('+') ? 1 : 0, max: mostTicks });
      return item;
    });
    if (ops.length > mostThings)
      throw new KernelError(
        'INVALID_ARGUMENT',
        `-A: ${ops.length} operations; allowed: at most ${mostThings}`,
      );
    const align = given.integer('-a', { min: -1, max: mostTicks });
    if (align === 0) throw invalid('-a', '0', `-1, or an integer from 1 to ${mostTicks}`);
    return {
      policy: given.choice('-p', fitPolicies),
      listOrder: given.choice('-l', listOrders),
      coalesce: given.has('-C'),
      heapSize: given.integer('-S', { ...sizes, min: 1 }),
      baseAddr: given.integer('-b', sizes),
      headerSize: given.integer('-H', sizes),
      align,
      ops,
    };
  },
  solve: solveFreespace,
};
