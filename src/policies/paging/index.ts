import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { cacheus } from './cacheus.ts';
import { fifo } from './fifo.ts';
import { importanceLru } from './importance-lru.ts';
import { lecar } from './lecar.ts';
import { lirs } from './lirs.ts';
import { lruK } from './lru-k.ts';
import { lru } from './lru.ts';
import { wTinyLfu } from './w-tinylfu.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  'importance-lru': importanceLru,
  lru,
  fifo,
  'lru-k': lruK,
  lirs,
  'w-tinylfu': wTinyLfu,
  lecar,
  cacheus,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>(pagingPolicies, 'paging', name);
}
