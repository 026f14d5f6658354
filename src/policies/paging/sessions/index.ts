import type { CreatePagingPolicy } from '../../../kernel/contracts.ts';
import { clairvoyantLoading, clairvoyantSessions } from './clairvoyant-sessions.ts';
import { costAware, costAware1h } from './cost-aware.ts';
import { endTurnFirst } from './end-turn-first.ts';
import { hitDensity } from './hit-density.ts';
import { leastWaste } from './least-waste.ts';
import { lengthAware } from './length-aware.ts';
import { predictedNextUse } from './predicted-next-use.ts';
import { softPins } from './soft-pins.ts';
import { stepsToExecution } from './steps-to-execution.ts';
import { ttlPinning } from './ttl-pinning.ts';

/**
 * Every paging policy for sessions by name: adding one is a file and a row. They rank what leaves by the sessions that use it, in `prefix` residency with leaf victims,
 * and run wherever the others do; in the replay of plain page references, where nobody tells of sessions, most are lru. Their baseline, the least
 * recently used leaf of a radix tree, is `lru`.
 */
export const sessionPolicies = {
  'end-turn-first': endTurnFirst,
  'ttl-pinning': ttlPinning,
  'predicted-next-use': predictedNextUse,
  'steps-to-execution': stepsToExecution,
  'least-waste': leastWaste,
  'soft-pins': softPins,
  'length-aware': lengthAware,
  'cost-aware': costAware,
  'cost-aware-1h': costAware1h,
  'hit-density': hitDensity,
  'clairvoyant-loading': clairvoyantLoading,
  'clairvoyant-sessions': clairvoyantSessions,
} satisfies Record<string, CreatePagingPolicy>;

/** These run only where it is known when each call comes. */
export const needTimes: readonly string[] = [
  'clairvoyant-loading',
  'clairvoyant-sessions',
] satisfies SessionPolicyName[];

export type SessionPolicyName = keyof typeof sessionPolicies;
