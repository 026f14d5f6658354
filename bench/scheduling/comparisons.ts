/**
 * How often the queues of the scheduling policies compare keys, counted from outside: from `countComparisons` on, the methods that compare are called through a function that counts, in
 * all queues of this process. The policies run what they always run, and know nothing of it; nothing is timed meanwhile.
 *
 * One comparison is that of two entries, by key and, where keys are equal, by tie. Sifts of a heap compare in place: where one ends says how often it did.
 */
import { KeyedHeap } from '../../src/base/heap.ts';
import { KeyedHeaps } from '../../src/base/keyed-heaps.ts';
import { MostlySortedQueue } from '../../src/base/mostly-sorted-queue.ts';
import { EligibleTree } from '../../src/policies/scheduling/eligible-tree.ts';
import { ResponseRatios } from '../../src/policies/scheduling/response-ratios.ts';
import { TicketTree } from '../../src/policies/scheduling/ticket-tree.ts';

let comparisons = 0;

/** All since `countComparisons`. */
export function comparisonsSoFar(): number {
  return comparisons;
}

/** Once in a process; there is no way back. */
export function countComparisons(): void {
  // One with each parent that makes way, and one with the parent that does not.
  counted(KeyedHeap, 'siftUp', 'after', ({ places }: Rows, hole: number, id: number) => {
    const end = places[id]!;
    let looked = end > 0 ? 1 : 0;
    for (let row = hole; row !== end; row = parentOf(row)) looked++;
    return looked;
  });
  // At each place that it comes by: which child is the smallest, and whether that one is smaller.
  counted(KeyedHeap, 'siftDown', 'after', ({ places, count }: Rows, hole: number, id: number) => {
    let looked = 0;
    for (let row = places[id]!; ; row = parentOf(row)) {
      looked += Math.max(0, Math.min(4, count - (4 * row + 1)));
      if (row === hole) return looked;
    }
  });
  counted(KeyedHeap, 'place', 'before', (_: Rows, row: number) => (row > 0 ? 1 : 0));
  counted(MostlySortedQueue, 'isBefore', 'before', () => 1);
  // What it compares by key alone; equal keys it leaves to `isBefore`.
  counted(MostlySortedQueue, 'isLineFirst', 'before', ({ length, heap, keys, first }: Line) =>
    length > 0 && heap.size > 0 && heap.peekKey() !== keys[first] ? 1 : 0,
  );
  counted(EligibleTree, 'isBefore', 'before', () => 1);
  counted(EligibleTree, 'earlier', 'before', (_: Nodes, one: number, other: number) =>
    one > 0 && other > 0 ? 1 : 0,
  );
  // One at each node that the search comes by.
  counted(EligibleTree, 'firstUpTo', 'before', ({ root, time, left, right }: Nodes, upTo: number) => {
    let looked = 0;
    for (let node = root; node > 0; looked++) node = (time[node]! > upTo ? left : right)[node]!;
    return looked;
  });
  counted(ResponseRatios, 'isAhead', 'before', () => 1);
  // One at each level of the tree.
  counted(
    TicketTree,
    'holder',
    'before',
    ({ tickets }: Holders) => 1 + Math.floor(Math.log2(tickets.length)),
  );
  counted(KeyedHeaps, 'isBefore', 'before', () => 1);
}

/** What is looked at of the queues' own columns. */
interface Rows {
  readonly places: Int32Array;
  readonly count: number;
}
interface Line {
  readonly length: number;
  readonly heap: KeyedHeap;
  readonly keys: Float64Array;
  readonly first: number;
}
interface Nodes {
  readonly root: number;
  readonly time: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}
interface Holders {
  readonly tickets: Float64Array;
}

const parentOf = (row: number): number => (row - 1) >> 2;

/** `count` says how many comparisons a call of the method makes, or has made. */
function counted(
  { prototype }: { readonly prototype: object },
  method: string,
  when: 'before' | 'after',
  count: (self: never, ...args: never[]) => number,
): void {
  const methods = prototype as Record<string, (this: unknown, ...args: unknown[]) => unknown>;
  const original = methods[method];
  if (original === undefined) throw new Error(`there is no method ${method} to count in`);
  const countIn = count as (self: unknown, ...args: unknown[]) => number;
  methods[method] = function (...args) {
    if (when === 'before') comparisons += countIn(this, ...args);
    const result = original.apply(this, args);
    if (when === 'after') comparisons += countIn(this, ...args);
    return result;
  };
}
