/** What the programs that translate addresses have in common. */
import { invalid } from '../../../kernel/errors.ts';
import { type GivenFlags, type HomeworkFlag, parseNumber } from './flags.ts';

/** Largest size of an address space or a memory. */
export const largestSpace = 2 ** 32;

export const addressesFlag: HomeworkFlag = {
  flag: '-A',
  value: 'list',
  help: 'virtual addresses with commas between, decimal or 0x…',
};

export const spaceFlag: HomeworkFlag = {
  flag: '-a',
  value: 'size',
  help: 'size of the address space',
  default: '1k',
};

export const memoryFlag: HomeworkFlag = {
  flag: '-p',
  value: 'size',
  help: 'size of the physical memory',
  default: '16k',
};

export function readSize(given: GivenFlags, flag: string): number {
  return given.integer(flag, { min: 1, max: largestSpace });
}

export function readAddresses(given: GivenFlags, addressSpace: number): number[] {
  return given.list('-A', (item) => parseNumber('-A', item, { min: 0, max: addressSpace - 1 }));
}

/** `from` up to `to`, not included, must lie in the physical memory. */
export function checkFits(flag: string, value: number, [from, to]: [number, number], memory: number): void {
  if (from < 0 || to > memory)
    throw invalid(flag, value, `a place in a physical memory of ${memory}, not ${from} to ${to}`);
}
