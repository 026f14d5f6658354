/** The miss-ratio curve of any policy, at chosen capacities: each one a replay. */
import type { CreatePagingPolicy } from '../../src/kernel/contracts.ts';
import { PageReplay, type PageCounts, type PageReplayOptions } from '../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

export interface PolicyPoint {
  /** In the options' unit. */
  readonly capacity: number;
  readonly counts: PageCounts;
}

/** In the order of the capacities. Throws what the policy throws when it cannot run at one of them. */
export function policyPoints(
  trace: ReferenceTrace,
  create: CreatePagingPolicy,
  capacities: readonly number[],
  options: Omit<PageReplayOptions, 'capacity'>,
): PolicyPoint[] {
  return capacities.map((capacity) => {
    const replay = new PageReplay(trace, create, { ...options, capacity });
    replay.run();
    return { capacity, counts: replay.counts };
  });
}
