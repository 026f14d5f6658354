/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { gdsf, lfu, lfuDa } from './least-key.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  fifo: inOneArray('fifo', false),
  gdsf,
  'importance-lru': importanceLru,
  lfu,
  'lfu-da': lfuDa,
  lru: inOneArray('lru', true),
  mru,
  opt,
  random,
};
