import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { fifo } from './fifo.ts';
import { gdsf } from './gdsf.ts';
import { importanceLru } from './importance-lru.ts';
import { lfuDa } from './lfu-da.ts';
import { lfu } from './lfu.ts';
import { lru } from './lru.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  'importance-lru': importanceLru,
  lru,
  fifo,
  mru,
  random,
  lfu,
  'lfu-da': lfuDa,
  gdsf,
  opt,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>(pagingPolicies, 'paging', name);
}
