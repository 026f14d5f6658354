import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { arc } from './arc.ts';
import { cacheus } from './cacheus.ts';
import { car } from './car.ts';
import { clockPro } from './clock-pro.ts';
import { clock } from './clock.ts';
import { fifo } from './fifo.ts';
import { gdsf } from './gdsf.ts';
import { hyperbolic } from './hyperbolic.ts';
import { importanceLru } from './importance-lru.ts';
import { lecar } from './lecar.ts';
import { lfuDa } from './lfu-da.ts';
import { lfu } from './lfu.ts';
import { lhd } from './lhd.ts';
import { lirs } from './lirs.ts';
import { lruK } from './lru-k.ts';
import { lru } from './lru.ts';
import { mru } from './mru.ts';
import { opt } from './opt.ts';
import { random } from './random.ts';
import { s3Fifo } from './s3-fifo.ts';
import { sieve } from './sieve.ts';
import { slru } from './slru.ts';
import { twoQ } from './two-q.ts';
import { wTinyLfu } from './w-tinylfu.ts';
import { needTimes, sessionPolicies } from './sessions/index.ts';

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
  'lru-k': lruK,
  lirs,
  arc,
  car,
  'clock-pro': clockPro,
  sieve,
  's3-fifo': s3Fifo,
  'w-tinylfu': wTinyLfu,
  gdsf,
  hyperbolic,
  lecar,
  cacheus,
  lhd,
  opt,
  'importance-lru': importanceLru,
} satisfies Record<string, CreatePagingPolicy>;

export type PagingPolicyName = keyof typeof pagingPolicies;

/** The names of those that a kernel can run: there neither references nor the times of calls to come are known, and the steps to them only of agents that are data. */
export const kernelPagingNames: readonly string[] = Object.keys({
  ...pagingPolicies,
  ...sessionPolicies,
}).filter((name) => name !== 'opt' && !needTimes.includes(name));

/** Of these or of those for sessions. Throws KernelError INVALID_ARGUMENT (field `paging`) when there is no policy of this name. */
export function pagingPolicy(name: string): CreatePagingPolicy {
  return named<CreatePagingPolicy>({ ...pagingPolicies, ...sessionPolicies }, 'paging', name);
}
