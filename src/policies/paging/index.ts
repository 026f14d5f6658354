import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { clock } from './clock.ts';
import { fifo } from './fifo.ts';
import { importanceLru } from './importance-lru.ts';
import { lru } from './lru.ts';
import { sieve } from './sieve.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  'importance-lru': importanceLru,
  lru,
  fifo,
  clock,
  sieve,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>(pagingPolicies, 'paging', name);
}
