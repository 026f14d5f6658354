/** What a comparison of paging policies found, as plain data: what the tables, charts, CSV files and HTML pages of the paging laboratory are made from. */

export interface PagingResults {
  /** The trace's name. */
  readonly trace: string;
  readonly format: string;
  readonly requests: number;
  /** Different pages. */
  readonly unique: number;
  /** What capacities count: pages, or the trace's sizes. */
  readonly unit: 'pages' | 'size';
  readonly seed: number;
  readonly results: readonly PagingResult[];
}

/** One policy at one capacity. */
export interface PagingResult {
  readonly policy: string;
  readonly capacity: number;
  readonly requests: number;
  readonly misses: number;
  /** misses / requests; hitRatio is the rest. */
  readonly missRatio: number;
  readonly hitRatio: number;
  /** Share of the requested size that hit; where the trace has sizes. */
  readonly sizeHitRatio?: number;
  readonly evictions: number;
  /** Misses that were not loaded. */
  readonly bypasses: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** missRatio minus that of opt at the same capacity, as a share of all references; where opt ran, too. */
  readonly gapToOpt?: number;
  readonly intervals?: readonly PagingInterval[];
  readonly cost?: PagingCost;
}

/** A part of the trace: from where the one before ends to reference `until`, not included. */
export interface PagingInterval {
  readonly until: number;
  readonly requests: number;
  readonly misses: number;
}

/** Under a cost model. */
interface PagingCost {
  /** Tokens of the misses, and the time that they take. */
  readonly prefillTokens: number;
  readonly prefillSeconds: number;
  /** Of all references, hits at the price of cached input. */
  readonly microDollars: number;
}

/** References from which on the speed of one replay says something: a short one is over before its code is compiled. */
export const fewestTimed = 1_000_000;
