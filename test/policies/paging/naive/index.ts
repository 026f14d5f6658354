/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { clock } from './clock.ts';
import { lhdDefaults } from '../../../../src/policies/paging/lhd.ts';
import { hyperbolic } from './hyperbolic.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { sieve } from './sieve.ts';
import { arc } from './arc.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';
import { s3Fifo } from './s3-fifo.ts';
import { car } from './car.ts';
import { lhd } from './lhd.ts';
import { lirs } from './lirs.ts';
import { wTinyLfu } from './w-tinylfu.ts';
import { gdsf, lfu, lfuDa } from './least-key.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  fifo: inOneArray('fifo', false),
  lru: inOneArray('lru', true),
  mru,
  random,
  clock,
  lfu,
  'lfu-da': lfuDa,
  slru,
  'two-q': twoQ,
  lirs,
  arc,
  car,
  sieve,
  's3-fifo': s3Fifo,
  'w-tinylfu': wTinyLfu(false),
  gdsf,
  opt,
  hyperbolic,
  'importance-lru': importanceLru,
  lhd: lhd(lhdDefaults),
};
