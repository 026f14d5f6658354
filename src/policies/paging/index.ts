import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { arc } from './arc.ts';
import { car } from './car.ts';
import { clock } from './clock.ts';
import { clockPro } from './clock-pro.ts';
import { fifo } from './fifo.ts';
import { importanceLru } from './importance-lru.ts';
import { lru } from './lru.ts';
import { s3Fifo } from './s3-fifo.ts';
import { sieve } from './sieve.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  'importance-lru': importanceLru,
  lru,
  fifo,
  clock,
  slru,
  'two-q': twoQ,
  arc,
  car,
  'clock-pro': clockPro,
  sieve,
  's3-fifo': s3Fifo,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>(pagingPolicies, 'paging', name);
}
