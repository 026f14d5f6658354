import type { FreespaceProblem, FreespaceStep } from '../../lessons/ostep/freespace.ts';
import { figures, listed, type ToolView } from './tool-view.ts';

export const mallocView: ToolView<FreespaceProblem, { readonly steps: readonly FreespaceStep[] }> = {
  title: ({ policy, heapSize, baseAddr }) =>
    `A heap of ${heapSize} from address ${baseAddr}, by ${policy} fit`,
  problem: ({ listOrder, coalesce, headerSize, align, ops }, options) => [
    `free list  ${listOrder}, ${coalesce ? 'neighbours are joined' : 'neighbours stay apart'}`,
    `blocks     ${align === -1 ? 'sizes as asked' : `sizes up to a multiple of ${align}`}, ${headerSize === 0 ? 'no header' : `and a header of ${headerSize}`}`,
    '',
    ...listed('Operations (+SIZE allocates, -INDEX frees):', ops, options),
  ],
  question: 'what each operation returns, and the free list after it.',
  answer: ({ steps }) =>
    figures(
      [{ left: 'operation' }, 'index', 'returns', 'looked at', { left: 'free list (address: size)' }],
      steps.map((step) => [
        step.op === 'alloc' ? `allocate ${step.size}` : 'free',
        String(step.index),
        String(step.returned),
        step.op === 'alloc' ? String(step.searched) : '',
        step.freeList.map(([address, size]) => `${address}: ${size}`).join(', ') || 'empty',
      ]),
    ),
};
