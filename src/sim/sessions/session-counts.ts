/** What is counted while recorded sessions are replayed, on whatever cache. */

/** Over all calls. A hit is the cached part of the prefix that a call shares with the call before it of its chain. */
export interface SessionCounts {
  readonly calls: number;
  readonly contextBlocks: number;
  readonly hitBlocks: number;
  /** Hits, and what other calls had left in memory of the prefix. */
  readonly cachedBlocks: number;
  /** Of the context shared with the call before: what was no hit, and so is prefilled again. */
  readonly repeatedBlocks: number;
  /** With unfinished blocks. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Blocks that left memory for others. */
  readonly evictedBlocks: number;
  /** Loaded from the slower tier before they were asked for; and how many of them a call found before they left again. */
  readonly prefetchedBlocks: number;
  readonly usefulPrefetchedBlocks: number;
  /** Calls of whose context something was not kept; and how much of it. */
  readonly bypassedCalls: number;
  readonly bypassedBlocks: number;
}

/** All zero, to be counted up. */
export function noCounts(): { -readonly [Count in keyof SessionCounts]: number } {
  return {
    calls: 0,
    contextBlocks: 0,
    hitBlocks: 0,
    cachedBlocks: 0,
    repeatedBlocks: 0,
    tokensIn: 0,
    tokensOut: 0,
    evictedBlocks: 0,
    prefetchedBlocks: 0,
    usefulPrefetchedBlocks: 0,
    bypassedCalls: 0,
    bypassedBlocks: 0,
  };
}
