/** Twins of the paging policies that anyone can check by reading: arrays, maps and whole scans. One file each; a policy without a twin stands in the differential test with the reason. */
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { arc } from './arc.ts';
import { car } from './car.ts';
import { clock } from './clock.ts';
import { clockPro } from './clock-pro.ts';
import { importanceLru } from './importance-lru.ts';
import { inOneArray } from './in-one-array.ts';
import { s3Fifo } from './s3-fifo.ts';
import { sieve } from './sieve.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  arc,
  car,
  clock,
  'clock-pro': clockPro,
  fifo: inOneArray('fifo', false),
  'importance-lru': importanceLru,
  lru: inOneArray('lru', true),
  's3-fifo': s3Fifo,
  sieve,
  slru,
  'two-q': twoQ,
};
