/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { arc } from './arc.ts';
import { cacheus } from './cacheus.ts';
import { car } from './car.ts';
import { clockPro } from './clock-pro.ts';
import { clock } from './clock.ts';
import { hyperbolic } from './hyperbolic.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { gdsf, lfu, lfuDa } from './least-key.ts';
import { lecar } from './lecar.ts';
import { lhd } from './lhd.ts';
import { lirs } from './lirs.ts';
import { lruK } from './lru-k.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';
import { s3Fifo } from './s3-fifo.ts';
import { sieve } from './sieve.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';
import { wTinyLfu } from './w-tinylfu.ts';
import { lhdDefaults } from '../../../../src/policies/paging/lhd.ts';
import { lruKDefaults } from '../../../../src/policies/index.ts';

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
  'lru-k': lruK(lruKDefaults),
  lirs,
  arc,
  car,
  'clock-pro': clockPro,
  sieve,
  's3-fifo': s3Fifo,
  'w-tinylfu': wTinyLfu(false),
  gdsf,
  hyperbolic,
  lecar,
  cacheus,
  lhd: lhd(lhdDefaults),
  opt,
  'importance-lru': importanceLru,
};
