/**
 * OSTEP's two-level page table: pages of 32 bytes, addresses of 15 bits (5 for the directory, 5 for the table, 5 for the byte), entries of one byte whose
 * highest bit says that it is valid; the rest is the frame.
 */

export interface MultilevelPagingProblem {
  /** Frame of the page directory. */
  readonly pdbr: number;
  /** [frame] its 32 bytes as 64 hexadecimal digits. */
  readonly memory: readonly string[];
  readonly addresses: readonly number[];
}

export interface MultilevelAddress {
  readonly pdeIndex: number;
  readonly pde: number;
  /** Null where the walk ended before. */
  readonly pteIndex: number | null;
  readonly pte: number | null;
  readonly physical: number | null;
  readonly value: number | null;
  /** The entry that is not valid. */
  readonly fault: 'PDE' | 'PTE' | null;
}

/** Bytes of a page, and entries of a table. */
export const multilevelPageSize = 32;
const VALID = 128;

export function solveMultilevelPaging(problem: MultilevelPagingProblem): MultilevelAddress[] {
  const { pdbr, memory, addresses } = problem;
  const byteAt = (frame: number, offset: number): number =>
    Number.parseInt((memory[frame] ?? '').slice(2 * offset, 2 * offset + 2), 16) || 0;
  return addresses.map((address) => {
    const pdeIndex = Math.floor(address / multilevelPageSize / multilevelPageSize);
    const pde = byteAt(pdbr, pdeIndex);
    const nowhere = { pteIndex: null, pte: null, physical: null, value: null };
    if (pde < VALID) return { pdeIndex, pde, ...nowhere, fault: 'PDE' };
    const pteIndex = Math.floor(address / multilevelPageSize) % multilevelPageSize;
    const pte = byteAt(pde - VALID, pteIndex);
    if (pte < VALID) return { ...nowhere, pdeIndex, pde, pteIndex, pte, fault: 'PTE' };
    const offset = address % multilevelPageSize;
    const physical = (pte - VALID) * multilevelPageSize + offset;
    return { pdeIndex, pde, pteIndex, pte, physical, value: byteAt(pte - VALID, offset), fault: null };
  });
}
