/**
 * The rule set of OSTEP's malloc: a free list under a sequence of allocations and frees.
 *
 * An allocation takes the low end of an entry, whose rest stays where it is in the list; an allocation that fails uses up an index all the same. A free
 * enters the block into the list by its order, and with `coalesce` one pass joins entries that are neighbours in the list and in memory: an unsorted
 * list misses some. A free goes by the address that the index was given: freed twice it fails, unless another block has the address by then. Another
 * oddity: an index is refused when it is not below the number of allocations that succeeded, so that after a failed one good indices are refused.
 *
 * Source of the rules: the behaviour of malloc.py of 2025-10-26, with operations given.
 */
import { invalid } from '../../kernel/errors.ts';
import { checkInteger } from './checks.ts';

export const fitPolicies = ['BEST', 'WORST', 'FIRST'] as const;
export const listOrders = ['ADDRSORT', 'SIZESORT+', 'SIZESORT-', 'INSERT-FRONT', 'INSERT-BACK'] as const;

export interface FreespaceProblem {
  readonly policy: (typeof fitPolicies)[number];
  readonly listOrder: (typeof listOrders)[number];
  readonly coalesce: boolean;
  readonly heapSize: number;
  readonly baseAddr: number;
  /** Added to each size. */
  readonly headerSize: number;
  /** Sizes are rounded up to a multiple of it, before the header is added; -1: not. */
  readonly align: number;
  /** `+SIZE` allocates, `-INDEX` frees what the allocation with this number, from 0, returned. */
  readonly ops: readonly string[];
}

type FreeList = readonly (readonly [address: number, size: number])[];

export type FreespaceStep =
  | {
      readonly op: 'alloc';
      readonly index: number;
      readonly size: number;
      /** The block's address; -1: nothing was large enough. */
      readonly returned: number;
      /** Entries of the list that were looked at. */
      readonly searched: number;
      readonly freeList: FreeList;
    }
  | {
      readonly op: 'free';
      readonly index: number;
      /** 0: freed; -1: not. */
      readonly returned: number;
      readonly freeList: FreeList;
    };

/** Throws KernelError for a malformed problem. */
export function solveFreespace(problem: FreespaceProblem): { readonly steps: readonly FreespaceStep[] } {
  checkInteger('heap size', problem.heapSize, 1);
  checkInteger('base address', problem.baseAddr, 0);
  checkInteger('header size', problem.headerSize, 0);
  if (problem.align !== -1) checkInteger('alignment', problem.align, 1);
  const heap = new Heap(problem);
  const addresses: number[] = [];
  const steps = problem.ops.map((op): FreespaceStep => {
    const [, kind, digits = ''] = /^([+-])(\d+)$/.exec(op) ?? [];
    const number = Number(digits);
    if (kind === '+') {
      checkInteger('size', number, 1);
      const { address, searched } = heap.allocate(number);
      const index = addresses.push(address) - 1;
      return { op: 'alloc', index, size: number, returned: address, searched, freeList: heap.freeList() };
    }
    if (kind !== '-') throw invalid('operation', op, '+SIZE or -INDEX');
    const succeeded = addresses.filter((address) => address >= 0).length;
    const isFreed = number < succeeded && heap.free(addresses[number]!);
    return { op: 'free', index: number, returned: isFreed ? 0 : -1, freeList: heap.freeList() };
  });
  return { steps };
}

interface Block {
  address: number;
  size: number;
}

class Heap {
  private readonly problem: FreespaceProblem;
  private list: Block[];
  /** [address] size, of what is allocated. */
  private readonly sizes = new Map<number, number>();

  constructor(problem: FreespaceProblem) {
    this.problem = problem;
    this.list = [{ address: problem.baseAddr, size: problem.heapSize }];
  }

  freeList(): FreeList {
    return this.list.map(({ address, size }) => [address, size]);
  }

  allocate(asked: number): { readonly address: number; readonly searched: number } {
    const { align, headerSize } = this.problem;
    const size = (align === -1 ? asked : Math.ceil(asked / align) * align) + headerSize;
    const { index, searched } = this.search(size);
    const block = this.list[index];
    if (block === undefined) return { address: -1, searched };
    const { address } = block;
    block.address += size;
    block.size -= size;
    if (block.size === 0) this.list.splice(index, 1);
    this.sizes.set(address, size);
    return { address, searched };
  }

  /** False when nothing is allocated at `address`. */
  free(address: number): boolean {
    const size = this.sizes.get(address);
    if (size === undefined) return false;
    this.sizes.delete(address);
    this.enter({ address, size });
    if (this.problem.coalesce) this.coalesce();
    return true;
  }

  /** Of equals the first in the list is taken. `index` -1: nothing is large enough. */
  private search(size: number): { readonly index: number; readonly searched: number } {
    const { list } = this;
    const { policy } = this.problem;
    const first = list.findIndex((block) => block.size >= size);
    if (policy === 'FIRST') return { index: first, searched: first < 0 ? list.length : first + 1 };
    let index = first;
    for (const [at, block] of list.entries()) {
      if (block.size < size) continue;
      const chosen = list[index]!;
      if (policy === 'BEST' ? block.size < chosen.size : block.size > chosen.size) index = at;
    }
    return { index, searched: list.length };
  }

  private enter(block: Block): void {
    const { list } = this;
    const { listOrder } = this.problem;
    if (listOrder === 'INSERT-FRONT') list.unshift(block);
    else list.push(block);
    if (listOrder === 'ADDRSORT') list.sort((a, b) => a.address - b.address);
    if (listOrder === 'SIZESORT+') list.sort((a, b) => a.size - b.size);
    if (listOrder === 'SIZESORT-') list.sort((a, b) => b.size - a.size);
  }

  private coalesce(): void {
    const joined: Block[] = [];
    for (const block of this.list) {
      const last = joined.at(-1);
      if (last !== undefined && last.address + last.size === block.address) last.size += block.size;
      else joined.push(block);
    }
    this.list = joined;
  }
}
