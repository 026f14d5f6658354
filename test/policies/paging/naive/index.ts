/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { lruKDefaults } from '../../../../src/policies/index.ts';
import { cacheus } from './cacheus.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { lecar } from './lecar.ts';
import { lirs } from './lirs.ts';
import { lruK } from './lru-k.ts';
import { wTinyLfu } from './w-tinylfu.ts';

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  cacheus,
  fifo: inOneArray('fifo', false),
  'importance-lru': importanceLru,
  lecar,
  lirs,
  lru: inOneArray('lru', true),
  'lru-k': lruK(lruKDefaults),
  'w-tinylfu': wTinyLfu(false),
};
