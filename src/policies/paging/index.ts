import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { fifo } from './fifo.ts';
import { importanceLru } from './importance-lru.ts';
import { lru } from './lru.ts';
import { needPlan, sessionPolicies } from './sessions/index.ts';

export { sessionPolicies, type SessionPolicyName } from './sessions/index.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  'importance-lru': importanceLru,
  lru,
  fifo,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** The names of those that a kernel can run: there the calls to come are not known. */
export const kernelPagingNames: readonly string[] = [
  ...Object.keys(pagingPolicies),
  ...Object.keys(sessionPolicies).filter((name) => !needPlan.includes(name)),
];

/** Of these or of those for sessions. Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>({ ...pagingPolicies, ...sessionPolicies }, 'paging', name);
}
