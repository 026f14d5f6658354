/** What stands in the comparison on sessions: the policies that can run on recorded sessions, what they would be without refusal, and what others use. */
import type { Contender } from './session-grid.ts';

/** The baseline of the comparison: the least recently used leaf. */
export const baselineName = 'lru';
/** The heuristic bound, and the same without refusal. */
export const boundName = 'clairvoyant-sessions';
/** The policy of our own. */
export const ownName = 'hit-density';

/** Needs `workflows: 'known'`, and prefetches where there is a slower tier. Not in the comparison: recorded sessions have no workflow that is known beforehand. */
export const workflowContender: Contender = { name: 'steps-to-execution' };

export const sessionContenders: readonly Contender[] = [
  { name: baselineName },
  { name: 'importance-lru' },
  { name: 'importance-lru (any)', policy: 'importance-lru', victims: 'any' },
  { name: 'end-turn-first' },
  { name: 'ttl-pinning' },
  { name: 'predicted-next-use' },
  { name: 'predicted-next-use (loading)', policy: 'predicted-next-use', admission: 'must' },
  { name: 'least-waste' },
  { name: 'soft-pins' },
  { name: 'length-aware' },
  { name: 'cost-aware' },
  { name: 'cost-aware-1h' },
  { name: `${ownName} (loading)`, policy: ownName, admission: 'must' },
  { name: ownName },
  { name: 'clairvoyant-loading' },
  { name: boundName },
  { name: 'provider-5m' },
  { name: 'provider-1h' },
];
