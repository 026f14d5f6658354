import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { arc } from './arc.ts';
import { car } from './car.ts';
import { clock } from './clock.ts';
import { fifo } from './fifo.ts';
import { gdsf } from './gdsf.ts';
import { hyperbolic } from './hyperbolic.ts';
import { importanceLru } from './importance-lru.ts';
import { lfuDa } from './lfu-da.ts';
import { lfu } from './lfu.ts';
import { lhd } from './lhd.ts';
import { lirs } from './lirs.ts';
import { lru } from './lru.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';
import { s3Fifo } from './s3-fifo.ts';
import { sieve } from './sieve.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';
import { wTinyLfu } from './w-tinylfu.ts';
import { sessionPolicies } from './sessions/index.ts';

export { sessionPolicies, type SessionPolicyName } from './sessions/index.ts';

/** Every paging policy by name: adding one is a file and a row. */
export const pagingPolicies = {
  fifo,
  lru,
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
  'w-tinylfu': wTinyLfu,
  gdsf,
  hyperbolic,
  lhd,
  opt,
  'importance-lru': importanceLru,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** Of these or of those for sessions. Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>({ ...pagingPolicies, ...sessionPolicies }, 'paging', name);
}
