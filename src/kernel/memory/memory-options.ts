import type { Rng } from '../../base/rng.ts';
import type { CreatePagingPolicy, EngineCosts, PlanView } from '../contracts.ts';
import type { FaultKind } from '../events.ts';
import type { Pid } from '../ids.ts';
import type { ContentUse } from './extent-store.ts';

export type Residency = 'independent' | 'prefix';
export type VictimRule = 'any' | 'leaf';

export type Admission = 'may' | 'must';

export interface ContextMemoryOptions {
  /** Tokens. */
  readonly capacity: number;
  readonly residency: Residency;
  /** Which resident pages may leave: any, or only those with nothing resident behind them (a leaf of the prefix tree). */
  readonly victims: VictimRule;
  readonly paging: CreatePagingPolicy;
  readonly rng: Rng;
  /** True: calls run on memory of their own, and begin with `beginCached`. */
  readonly isCache?: boolean;
  /** In a cache: `may` (the default) lets the policy keep others rather than what comes, `must` does not. */
  readonly admission?: Admission;
  /** Told which contents are known. */
  readonly contents?: ContentUse;
  /** For the policy. */
  readonly costs?: EngineCosts;
  readonly plan?: PlanView;
}

/** Told of everything that moves; the kernel makes events of it. */
export interface MemoryObserver {
  faulted(pid: Pid, kind: FaultKind, pages: number, tokens: number): void;
  /** By a call, a touch or an answer. */
  loaded(page: number, pages: number, tokens: number): void;
  /** By a transfer, before they were asked for. */
  prefetched(page: number, pages: number, tokens: number): void;
  evicted(page: number, pages: number, tokens: number): void;
  freed(page: number, pages: number, tokens: number): void;
}
