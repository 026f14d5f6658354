/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { clock } from './clock.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { sieve } from './sieve.ts';

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  clock,
  fifo: inOneArray('fifo', false),
  'importance-lru': importanceLru,
  lru: inOneArray('lru', true),
  sieve,
};
