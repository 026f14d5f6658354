/** The results of `ringzero page --residency prefix`: as rows for `--json` and `--csv`, and as tables for people. */
import { Chalk } from 'chalk';

import { pairedInterval, tInterval } from '../../base/t-interval.ts';
import { csv } from '../../report/csv.ts';
import { formatCount, formatMoney, formatPercent } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import { printable } from '../../report/text-width.ts';
import { providerCaches } from '../../sim/sessions/provider-cache.ts';
import { baselineName, boundName } from '../../sim/sessions/session-contenders.ts';
import { type GridRow, valuesOf } from '../../sim/sessions/session-grid.ts';
import type { Io } from '../command.ts';

/** One policy in one cell: means over the seeds, with their 95 % intervals where there are several. */
export interface SessionResult {
  readonly policy: string;
  readonly sessions: number;
  /** Tokens of context memory. */
  readonly capacity: number;
  readonly seeds: number;
  /** Hit blocks / context blocks. */
  readonly tokenHitRate: number;
  readonly tokenHitRateInterval?: readonly [low: number, high: number];
  /** Paired by seed: above the least recently used leaf, where that ran, too. */
  readonly aboveLru?: number;
  readonly aboveLruInterval?: readonly [low: number, high: number];
  /** Of the gap from lru to the clairvoyant policy, how much is closed, where both ran. */
  readonly gapClosed?: number;
  readonly modelCalls: number;
  /** Prompt tokens that are computed; of them what the call before had in its context, too. */
  readonly prefillTokens: number;
  readonly repeatedTokens: number;
  readonly prefillSeconds: number;
  readonly evictedBlocks: number;
  /** Where any were: loaded before they were asked for, and of them found by a call. They are hits then. */
  readonly prefetchedTokens?: number;
  readonly usefulPrefetchedTokens?: number;
  /** Of contexts, what was used without being kept. */
  readonly bypassedBlocks: number;
  /** For all prompts of a session. */
  readonly microDollarsPerSession: number;
}

/** In the order of the rows: cell by cell, in it policy by policy. */
export function sessionResults(rows: readonly GridRow[]): SessionResult[] {
  const cells = groups(rows, ({ request }) => `${request.sessions} ${request.memoryTokens}`);
  return cells.flatMap((cell) => {
    const { sessions, memoryTokens } = cell[0]!.request;
    const rates = (name: string): number[] =>
      valuesOf(cell, { name, sessions, memoryTokens }, 'tokenHitRate');
    const [baseline, bound] = [rates(baselineName), rates(boundName)];
    const gap =
      baseline.length > 0 && bound.length > 0 ? tInterval(bound).mean - tInterval(baseline).mean : 0;
    return groups(cell, ({ contender }) => contender.name).map((own): SessionResult => {
      const { name } = own[0]!.contender;
      const rate = tInterval(rates(name));
      const above = baseline.length > 0 ? pairedInterval(rates(name), baseline) : undefined;
      const mean = (of: (row: GridRow) => number): number =>
        own.reduce((sum, row) => sum + of(row), 0) / own.length;
      const [prefetched, useful] = [
        mean(({ result }) => result.prefetchedTokens),
        mean(({ result }) => result.usefulPrefetchedTokens),
      ];
      return {
        policy: name,
        sessions,
        capacity: memoryTokens,
        seeds: own.length,
        tokenHitRate: rate.mean,
        ...(own.length > 1 ? { tokenHitRateInterval: [rate.low, rate.high] } : {}),
        ...(above === undefined ? {} : { aboveLru: above.mean }),
        ...(above === undefined || own.length === 1 ? {} : { aboveLruInterval: [above.low, above.high] }),
        ...(above === undefined || gap <= 0 || isProvider(name) ? {} : { gapClosed: above.mean / gap }),
        modelCalls: mean(({ result }) => result.counts.calls),
        prefillTokens: mean(({ result }) => result.prefillTokens),
        repeatedTokens: mean(({ result }) => result.repeatedTokens),
        prefillSeconds: mean(({ result }) => result.prefillUs) / 1_000_000,
        evictedBlocks: mean(({ result }) => result.counts.evictedBlocks),
        ...(prefetched === 0 ? {} : { prefetchedTokens: prefetched, usefulPrefetchedTokens: useful }),
        bypassedBlocks: mean(({ result }) => result.counts.bypassedBlocks),
        microDollarsPerSession: mean(({ result }) => result.promptMicroDollarsPerSession),
      };
    });
  });
}

/** Its cache is of another size. */
const isProvider = (name: string): boolean => providerCaches.some((cache) => cache.name === name);

function groups(rows: readonly GridRow[], keyOf: (row: GridRow) => string): GridRow[][] {
  const found = new Map<string, GridRow[]>();
  for (const row of rows) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row]);
  return [...found.values()];
}

export function sessionCsv(trace: string, seed: number, results: readonly SessionResult[]): string {
  const header = ['trace', 'seed', ...columns.map(([name]) => name)];
  return csv(
    header,
    results.map((result) => [trace, seed, ...columns.map(([, value]) => value(result) ?? null)]),
  );
}

const columns: readonly (readonly [
  name: string,
  value: (result: SessionResult) => string | number | undefined,
])[] = [
  ['policy', ({ policy }) => policy],
  ['sessions', ({ sessions }) => sessions],
  ['capacity', ({ capacity }) => capacity],
  ['seeds', ({ seeds }) => seeds],
  ['tokenHitRate', ({ tokenHitRate }) => tokenHitRate],
  ['tokenHitRateLow', ({ tokenHitRateInterval }) => tokenHitRateInterval?.[0]],
  ['tokenHitRateHigh', ({ tokenHitRateInterval }) => tokenHitRateInterval?.[1]],
  ['aboveLru', ({ aboveLru }) => aboveLru],
  ['aboveLruLow', ({ aboveLruInterval }) => aboveLruInterval?.[0]],
  ['aboveLruHigh', ({ aboveLruInterval }) => aboveLruInterval?.[1]],
  ['gapClosed', ({ gapClosed }) => gapClosed],
  ['modelCalls', ({ modelCalls }) => modelCalls],
  ['prefillTokens', ({ prefillTokens }) => prefillTokens],
  ['repeatedTokens', ({ repeatedTokens }) => repeatedTokens],
  ['prefillSeconds', ({ prefillSeconds }) => prefillSeconds],
  ['evictedBlocks', ({ evictedBlocks }) => evictedBlocks],
  ['prefetchedTokens', ({ prefetchedTokens }) => prefetchedTokens],
  ['usefulPrefetchedTokens', ({ usefulPrefetchedTokens }) => usefulPrefetchedTokens],
  ['bypassedBlocks', ({ bypassedBlocks }) => bypassedBlocks],
  ['microDollarsPerSession', ({ microDollarsPerSession }) => microDollarsPerSession],
];

export interface SessionHeading {
  readonly trace: string;
  /** Recorded sessions in the file. */
  readonly recorded: number;
  readonly seed: number;
  readonly repeat: string;
  readonly notes: readonly string[];
}

export function sessionLines(heading: SessionHeading, results: readonly SessionResult[], io: Io): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const { trace, recorded, seed, repeat, notes } = heading;
  const seeds = results[0]!.seeds;
  const lines = [
    `${chalk.bold(printable(trace))}  ${chalk.dim(`${formatCount(recorded)} recorded sessions, prefix residency`)}`,
    `means over ${seeds} draw${seeds === 1 ? '' : 's'} of sessions, seed ${seed}${seeds === 1 ? '' : ` to ${seed + seeds - 1}`}`,
  ];
  for (const cell of new Set(results.map(({ sessions, capacity }) => `${sessions} ${capacity}`))) {
    const own = results.filter(({ sessions, capacity }) => `${sessions} ${capacity}` === cell);
    const { sessions, capacity } = own[0]!;
    lines.push(
      '',
      chalk.bold(`${formatCount(sessions)} sessions, ${formatCount(capacity)} tokens of context memory`),
      ...cellLines(own, Math.min(io.columns, 120), chalk.dim),
    );
  }
  if (notes.length > 0) lines.push('', ...notes.map((note) => `note: ${note}`));
  return [...lines, '', chalk.dim(`repeat: ${repeat}`)];
}

/** The highest hit rate first. All columns fit into 80; from the last on they give way to a narrower terminal. */
function cellLines(
  results: readonly SessionResult[],
  width: number,
  dim: (text: string) => string,
): string[] {
  const sorted = results.toSorted((a, b) => b.tokenHitRate - a.tokenHitRate);
  const hasGap = sorted.some(({ gapClosed }) => gapClosed !== undefined);
  const right = (header: string): { header: string; align: 'right' } => ({ header, align: 'right' });
  const lines = table({
    columns: [
      { header: 'policy', shrinkTo: 20 },
      right('hit rate %'),
      right('above lru'),
      ...(hasGap ? [right('gap closed')] : []),
      right('a session'),
      right('repeated'),
    ],
    rows: sorted.map((result) => [
      result.policy,
      percent(result.tokenHitRate, result.tokenHitRateInterval),
      result.aboveLru === undefined ? '–' : percent(result.aboveLru, result.aboveLruInterval),
      ...(hasGap ? [result.gapClosed === undefined ? '–' : formatPercent(result.gapClosed)] : []),
      formatMoney(Math.round(result.microDollarsPerSession)),
      millions(result.repeatedTokens),
    ]),
    width,
    paintHeader: dim,
  });
  for (const { policy, prefetchedTokens: prefetched, usefulPrefetchedTokens: useful } of sorted)
    if (prefetched !== undefined && useful !== undefined)
      lines.push(
        `${policy} prefetched ${millions(prefetched)} tokens, of which calls found ${millions(useful)}`,
      );
  return lines;
}

/** `84.6 ± 7.3`: the mean and half of its interval. */
function percent(value: number, interval: readonly [low: number, high: number] | undefined): string {
  const mean = (100 * value).toFixed(1);
  return interval === undefined ? mean : `${mean} ± ${(100 * halfWidth(interval)).toFixed(1)}`;
}

export function halfWidth([low, high]: readonly [low: number, high: number]): number {
  return (high - low) / 2;
}

function millions(tokens: number): string {
  return `${(tokens / 1e6).toFixed(1)} M`;
}
