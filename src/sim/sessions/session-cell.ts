/**
 * A cell of the comparison on sessions: so many sessions, drawn by the seed without replacement, begin within the first of two hours, each at a uniform moment;
 * their calls keep their recorded offsets until the two hours end.
 */
import { rngFor } from '../../base/rng.ts';
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { costOf, engineDefaults, type EngineOptions } from '../../kernel/engine-options.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Admission } from '../../kernel/memory/memory-options.ts';
import type { SessionCounts } from './session-counts.ts';
import { SessionReplay, type PlacedChain } from './session-replay.ts';
import type { RecordedSession, SessionTrace } from './session-trace.ts';

export interface CellOptions {
  /** How many sessions. */
  readonly sessions: number;
  readonly memoryTokens: number;
  /** Draws the sessions and their beginnings, the same for every policy and every memory. */
  readonly seed: number;
  readonly victims: 'leaf' | 'any';
  readonly calls: 'recorded' | 'instant';
  readonly admission: Admission;
  readonly workflows: 'unknown' | 'known';
  /** Sessions with fewer calls of their own are not drawn. */
  readonly fewestCalls: number;
  /** Sessions begin before this, and calls take place before that, µs. */
  readonly arrivalsUs: number;
  readonly endUs: number;
  /** Pinned time of a call whose duration is not recorded, µs. */
  readonly unknownDurationUs: number;
  readonly engine: EngineOptions;
}

/** `unknownDurationUs`: the median of the recorded ones. */
export const cellDefaults = {
  victims: 'leaf',
  calls: 'recorded',
  admission: 'may',
  workflows: 'unknown',
  fewestCalls: 5,
  arrivalsUs: 3_600_000_000,
  endUs: 7_200_000_000,
  unknownDurationUs: 6_200_000,
  engine: engineDefaults,
} as const satisfies Partial<CellOptions>;

export type CellRequest = Pick<CellOptions, 'sessions' | 'memoryTokens' | 'seed'> & Partial<CellOptions>;

export interface CellResult {
  readonly counts: SessionCounts;
  /** Hit blocks / context blocks. */
  readonly tokenHitRate: number;
  /** Prompt tokens that are computed, unfinished blocks included; and of these, what the call before had in its context, too. */
  readonly prefillTokens: number;
  readonly repeatedTokens: number;
  /** Of all that, on a core alone, µs. */
  readonly prefillUs: number;
  readonly repeatedUs: number;
  /** Loaded from the slower tier before they were asked for, and of them found by a call: hits, which are not prefilled. */
  readonly prefetchedTokens: number;
  readonly usefulPrefetchedTokens: number;
  /** For all prompts (answers cost the same under every policy), by session, micro-dollars. */
  readonly promptMicroDollarsPerSession: number;
}

/** The sessions of a cell, chain by chain. Throws KernelError INVALID_ARGUMENT when there are too few. */
export function drawCell(trace: SessionTrace, request: CellRequest): PlacedChain[] {
  const { sessions: count, seed, fewestCalls, arrivalsUs } = { ...cellDefaults, ...request };
  const eligible = trace.sessions.filter((session) => session.chains[0]!.calls.length >= fewestCalls);
  if (eligible.length === 0)
    throw invalid('trace', trace.name, `one with a session of at least ${fewestCalls} calls`);
  if (!Number.isInteger(count) || count < 1 || count > eligible.length)
    throw invalid(
      'sessions',
      count,
      `an integer from 1 to ${eligible.length} (those of ${trace.name} with at least ${fewestCalls} calls)`,
    );
  const rng = rngFor(seed, 'sessions');
  const chains: PlacedChain[] = [];
  for (let drawn = 0; drawn < count; drawn++) {
    const at = drawn + rng.integer(eligible.length - drawn);
    const session: RecordedSession = eligible[at]!;
    eligible[at] = eligible[drawn]!;
    eligible[drawn] = session;
    const beginsUs = rng.integer(arrivalsUs);
    for (const chain of session.chains)
      // Space 1 is kept for contents that are like no other.
      chains.push({
        chain,
        startUs: beginsUs + chain.startUs,
        space: 2 + chains.length,
        workflow: drawn,
      });
  }
  return chains;
}

export function runCell(trace: SessionTrace, paging: CreatePagingPolicy, request: CellRequest): CellResult {
  const options: CellOptions = { ...cellDefaults, ...request };
  const { blockTokens } = trace;
  const replay = new SessionReplay(drawCell(trace, request), { ...options, paging, blockTokens });
  replay.run();
  return resultOf(replay.counts, blockTokens, options);
}

/** What counts come to at the engine's rates and prices. */
export function resultOf(
  counts: SessionCounts,
  blockTokens: number,
  { sessions, engine }: Pick<CellOptions, 'sessions' | 'engine'>,
): CellResult {
  const { contextBlocks, hitBlocks, repeatedBlocks, tokensIn } = counts;
  const prefillTokens = tokensIn - hitBlocks * blockTokens;
  const repeatedTokens = repeatedBlocks * blockTokens;
  const prefillUs = (tokens: number): number =>
    Math.round((tokens * 1_000_000) / engine.prefillTokensPerSecond);
  return {
    counts,
    tokenHitRate: contextBlocks === 0 ? 0 : hitBlocks / contextBlocks,
    prefillTokens,
    repeatedTokens,
    prefillUs: prefillUs(prefillTokens),
    repeatedUs: prefillUs(repeatedTokens),
    prefetchedTokens: counts.prefetchedBlocks * blockTokens,
    usefulPrefetchedTokens: counts.usefulPrefetchedBlocks * blockTokens,
    promptMicroDollarsPerSession: costOf(engine.prices, tokensIn, hitBlocks * blockTokens, 0) / sessions,
  };
}
