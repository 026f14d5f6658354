/** The free list and the ways from a virtual address to a physical one. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  fitPolicies,
  type FreespaceProblem,
  listOrders,
  solveFreespace,
} from '../../../src/lessons/ostep/freespace.ts';
import { solveLinearPaging } from '../../../src/lessons/ostep/linear-paging.ts';
import { solveMultilevelPaging } from '../../../src/lessons/ostep/multilevel-paging.ts';
import { solveRelocation } from '../../../src/lessons/ostep/relocation.ts';
import { solveSegmentation } from '../../../src/lessons/ostep/segmentation.ts';
import { seedCount } from '../../support/seeds.ts';

const heap: FreespaceProblem = {
  policy: 'FIRST',
  listOrder: 'ADDRSORT',
  coalesce: false,
  heapSize: 50,
  baseAddr: 100,
  headerSize: 0,
  align: -1,
  ops: [],
};

const stepsOf = (given: Partial<FreespaceProblem>) => solveFreespace({ ...heap, ...given }).steps;

test('fits: the first, the smallest, the largest; of equals the first in the list', () => {
  // Free: 100–110, 115–120, 125–150.
  const ops = '+10,+5,+5,+5,-0,-2,+5'.split(',');
  const last = (policy: FreespaceProblem['policy']) => stepsOf({ policy, ops }).at(-1);
  expect(last('FIRST')).toMatchObject({ returned: 100, searched: 1 });
  expect(last('BEST')).toMatchObject({ returned: 115, searched: 3 });
  expect(last('WORST')).toMatchObject({ returned: 125, searched: 3 });
});

test('of equals every fit takes the first in the list', () => {
  // Free: 100–105 and 110–115, which fill the heap with what is in use.
  const ops = '+5,+5,+5,-2,-0,+5'.split(',');
  for (const policy of fitPolicies)
    expect(stepsOf({ policy, ops, heapSize: 15 }).at(-1), policy).toMatchObject({ returned: 100 });
});

test('orders of the list, and what joining misses in an unsorted one', () => {
  const ops = '+10,+5,+35,-1,-0'.split(',');
  const list = (given: Partial<FreespaceProblem>) => stepsOf({ ops, ...given }).at(-1)!.freeList;
  expect(list({ listOrder: 'ADDRSORT' })).toEqual([
    [100, 10],
    [110, 5],
  ]);
  expect(list({ listOrder: 'SIZESORT+' })).toEqual([
    [110, 5],
    [100, 10],
  ]);
  expect(list({ listOrder: 'SIZESORT-' })).toEqual([
    [100, 10],
    [110, 5],
  ]);
  expect(list({ listOrder: 'INSERT-BACK', coalesce: true })).toEqual([
    [110, 5],
    [100, 10],
  ]);
  expect(list({ listOrder: 'INSERT-FRONT', coalesce: true })).toEqual([[100, 15]]);
});

test('a failed allocation uses up an index and makes good indices invalid; a second free fails', () => {
  const steps = stepsOf({ ops: '+60,+10,-1,-0'.split(',') });
  expect(steps.map(({ index, returned }) => [index, returned])).toEqual([
    [0, -1],
    [1, 100],
    [1, -1],
    [0, -1],
  ]);
  expect(stepsOf({ ops: ['+10', '-0', '-0'] }).at(-1)).toMatchObject({ returned: -1 });
});

test('free and allocated blocks are the whole heap at every step', () => {
  const op = fc.oneof(
    fc.integer({ min: 1, max: 20 }).map((size) => `+${size}`),
    fc.nat(8).map((index) => `-${index}`),
  );
  fc.assert(
    fc.property(
      fc.record({
        policy: fc.constantFrom(...fitPolicies),
        listOrder: fc.constantFrom(...listOrders),
        coalesce: fc.boolean(),
        headerSize: fc.nat(4),
        align: fc.constantFrom(-1, 4),
        ops: fc.array(op, { maxLength: 25 }),
      }),
      (given) => {
        const sizes = new Map<number, number>();
        const addresses: number[] = [];
        for (const step of stepsOf(given)) {
          if (step.op === 'alloc') {
            addresses.push(step.returned);
            const size = given.align === -1 ? step.size : 4 * Math.ceil(step.size / 4);
            if (step.returned >= 0) sizes.set(step.returned, size + given.headerSize);
          } else if (step.returned === 0) sizes.delete(addresses[step.index]!);
          let at = heap.baseAddr;
          for (const [address, size] of [...step.freeList, ...sizes].toSorted((a, b) => a[0] - b[0])) {
            expect(address).toBe(at);
            at += size;
          }
          expect(at).toBe(heap.baseAddr + heap.heapSize);
        }
      },
    ),
    { seed: 2, numRuns: seedCount(150, 5_000) },
  );
});

test('what cannot be a heap is refused', () => {
  expect(() => stepsOf({ ops: ['10'] })).toThrow('operation: "10"');
  expect(() => stepsOf({ ops: ['+0'] })).toThrow('size: 0');
  expect(() => stepsOf({ heapSize: 0 })).toThrow('heap size: 0');
  expect(() => stepsOf({ align: 0 })).toThrow('alignment: 0');
});

test('base and limit', () => {
  expect(solveRelocation({ base: 1000, limit: 10, addresses: [0, 9, 10] })).toEqual([1000, 1009, null]);
});

test('two segments, one growing down', () => {
  const problem = { addressSpace: 64, seg0: { base: 100, limit: 8 }, seg1: { base: 300, limit: 4 } };
  expect(solveSegmentation({ ...problem, addresses: [0, 7, 8, 31, 32, 59, 60, 63] })).toEqual([
    { segment: 0, physical: 100 },
    { segment: 0, physical: 107 },
    { segment: 0, physical: null },
    { segment: 0, physical: null },
    { segment: 1, physical: null },
    { segment: 1, physical: null },
    { segment: 1, physical: 296 },
    { segment: 1, physical: 299 },
  ]);
});

test('a linear page table', () => {
  const pageTable = [0x8000_0003, 0];
  expect(solveLinearPaging({ pageSize: 16, pageTable, addresses: [5, 16] })).toEqual([
    { vpn: 0, physical: 53 },
    { vpn: 1, physical: null },
  ]);
  expect(() => solveLinearPaging({ pageSize: 0, pageTable, addresses: [5] })).toThrow('page size: 0');
});

test('a page table of two levels: faults of the directory and of the table, and a byte', () => {
  const memory = Array.from({ length: 128 }, () => '00'.repeat(32));
  const put = (frame: number, offset: number, byte: number): void => {
    const text = memory[frame]!;
    const digits = byte.toString(16).padStart(2, '0');
    memory[frame] = text.slice(0, 2 * offset) + digits + text.slice(2 * offset + 2);
  };
  put(5, 3, 128 + 7); // directory entry 3: the table is in frame 7
  put(7, 2, 128 + 9); // its entry 2: the page is in frame 9
  put(9, 1, 0x2a);
  const address = (directory: number, table: number, offset: number): number =>
    (directory * 32 + table) * 32 + offset;
  const addresses = [address(3, 2, 1), address(3, 4, 1), address(1, 2, 1)];
  expect(solveMultilevelPaging({ pdbr: 5, memory, addresses })).toEqual([
    { pdeIndex: 3, pde: 135, pteIndex: 2, pte: 137, physical: 289, value: 42, fault: null },
    { pdeIndex: 3, pde: 135, pteIndex: 4, pte: 0, physical: null, value: null, fault: 'PTE' },
    { pdeIndex: 1, pde: 0, pteIndex: null, pte: null, physical: null, value: null, fault: 'PDE' },
  ]);
});
