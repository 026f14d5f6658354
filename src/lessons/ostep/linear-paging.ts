/** OSTEP's linear page table: an entry of 32 bits for each virtual page, whose highest bit says that it is valid; the rest is the frame. */
import { checkInteger } from './checks.ts';

export interface LinearPagingProblem {
  readonly pageSize: number;
  /** [virtual page] */
  readonly pageTable: readonly number[];
  readonly addresses: readonly number[];
}

export interface LinearAddress {
  readonly vpn: number;
  /** Null: the page is not valid. */
  readonly physical: number | null;
}

/** The highest bit of an entry. */
export const validEntry = 2 ** 31;

/** Throws KernelError for a page size below 1. */
export function solveLinearPaging({ pageSize, pageTable, addresses }: LinearPagingProblem): LinearAddress[] {
  checkInteger('page size', pageSize, 1);
  return addresses.map((address) => {
    const vpn = Math.floor(address / pageSize);
    const entry = pageTable[vpn] ?? 0;
    const physical = entry < validEntry ? null : (entry - validEntry) * pageSize + (address % pageSize);
    return { vpn, physical };
  });
}
