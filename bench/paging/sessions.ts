/**
 * Paging policies on the recorded coding sessions: token hit rate, gap closed, prefill and money in each cell, as markdown.
 * Alone: `node bench/paging/sessions.ts [--seeds N] [--half even|odd] [--calls recorded|instant] [--only NAME,NAME]`.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { Interval } from '../../src/base/t-interval.ts';
import { openInputFile } from '../../src/adapters/files/input-file.ts';
import { formatMoney, formatPercent } from '../../src/report/format.ts';
import {
  baselineName,
  boundName,
  ownName,
  sessionContenders,
} from '../../src/sim/sessions/session-contenders.ts';
import {
  compare,
  gapClosed,
  gridDefaults,
  gridTasks,
  type CellComparison,
  type GridRequest,
  type GridRow,
  type GridTask,
  type Measure,
} from '../../src/sim/sessions/session-grid.ts';
import { halfOf, type SessionTrace } from '../../src/sim/sessions/session-trace.ts';
import { readWekaTrace } from '../../src/sim/sessions/weka-trace.ts';

const path = fileURLToPath(new URL('../../../shared/traces/weka-claude-code.jsonl.gz', import.meta.url));
const absent = 'The recorded sessions are absent: callanjfox/kv-cache-tester (WEKA) in ../shared/traces.';
const THREADS = 2;

type Half = 'even' | 'odd' | undefined;

/** What a thread is given; it posts the rows. */
export interface SessionShare {
  readonly half: Half;
  readonly tasks: readonly GridTask[];
}

/** The section of the paging benchmarks: all sessions, and the half that no policy was fitted to. */
export async function* sessionLines(isQuick: boolean): AsyncGenerator<string> {
  if (!existsSync(path)) {
    yield absent;
    return;
  }
  yield* tablesOf({ seeds: isQuick ? 2 : 5, half: undefined, only: isQuick ? quickNames : undefined });
  if (isQuick) return;
  yield '';
  yield `On more seeds, without ${slowNames.join(' and ')}, which look at every page singly and take as long as all the others together:`;
  yield '';
  yield* tablesOf({
    seeds: 20,
    half: 'odd',
    only: sessionContenders.map(({ name }) => name).filter((name) => !slowNames.includes(name)),
  });
}

const slowNames = ['length-aware', 'importance-lru (any)'];
/** Those that need little time. */
const quickNames = [baselineName, 'predicted-next-use', ownName, boundName, 'provider-5m'];

interface Request {
  readonly seeds: number;
  readonly half: Half;
  readonly calls?: 'recorded' | 'instant';
  readonly only: readonly string[] | undefined;
}

async function* tablesOf({ seeds: count, half, calls = 'recorded', only }: Request): AsyncGenerator<string> {
  const contenders = sessionContenders.filter(({ name }) => only === undefined || only.includes(name));
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  const rows = await measure({ ...gridDefaults, contenders, seeds, cell: { calls } }, half);
  const which = half === undefined ? 'All sessions' : `Sessions of the ${half} half`;
  yield `${which}; ${count} seeds; calls ${calls}; ± is the half of a 95 % interval. Gap closed: from ${baselineName} to ${boundName}, over the cells.`;
  yield* sessionTables(rows);
}

/** The trace that the sessions come from. */
export async function recordedSessions(half: Half): Promise<SessionTrace> {
  const file = await openInputFile(path);
  const trace = await readWekaTrace(file.name, file.lines());
  return half === undefined ? trace : halfOf(trace, half);
}

/** All runs of the grid, on several threads; the rows are in the order of `gridTasks`. */
async function measure(request: GridRequest, half: Half): Promise<GridRow[]> {
  const tasks = gridTasks(request);
  const rows: GridRow[] = [];
  const thread = async (number: number): Promise<void> => {
    const places = tasks.map((_, index) => index).filter((index) => index % THREADS === number);
    const done = await onThread({ half, tasks: places.map((place) => tasks[place]!) });
    for (const [at, row] of done.entries()) rows[places[at]!] = row;
  };
  await Promise.all(Array.from({ length: THREADS }, (_, number) => thread(number)));
  return rows;
}

function onThread(share: SessionShare): Promise<GridRow[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('sessions-worker.ts', import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Markdown: hit rate, difference to the baseline, and money, a row for each contender and a column for each cell. */
function sessionTables(rows: readonly GridRow[]): string[] {
  const names = [...new Set(rows.map(({ contender }) => contender.name))];
  const lines: string[] = [];
  const section = (
    title: string,
    measure: Measure,
    shown: (cell: CellComparison) => string,
    own?: (name: string) => string,
  ): void => {
    lines.push('', `### ${title}`, '');
    for (const [index, name] of names.entries()) {
      const cells = compare(rows, { name, baseline: baselineName, measure });
      if (index === 0) {
        const heads = cells.map(
          ({ sessions, memoryTokens }) => `${sessions} / ${memoryTokens / 1_000_000} M`,
        );
        lines.push(`| policy | ${heads.join(' | ')} |${own === undefined ? '' : ' gap closed |'}`);
        lines.push(`| --- |${' ---: |'.repeat(cells.length + (own === undefined ? 0 : 1))}`);
      }
      lines.push(
        `| ${name} | ${cells.map(shown).join(' | ')} |${own === undefined ? '' : ` ${own(name)} |`}`,
      );
    }
  };
  const isBounded = names.includes(boundName);
  section(
    'Token hit rate',
    'tokenHitRate',
    ({ value }) => `${value.mean.toFixed(4)}${plusMinus(value, 3)}`,
    isBounded
      ? (name) => {
          // A provider's cache is of another size.
          if (name.startsWith('provider')) return '–';
          const { mean, low, high } = gapClosed(rows, { name, baseline: baselineName, bound: boundName });
          return high === Infinity
            ? formatPercent(mean)
            : `${formatPercent(mean)} [${formatPercent(low)}, ${formatPercent(high)}]`;
        }
      : undefined,
  );
  section(
    `Token hit rate, paired difference to ${baselineName}`,
    'tokenHitRate',
    ({ difference }) => `${signed(difference.mean)}${plusMinus(difference, 4)}`,
  );
  section(
    'Prompt money per session',
    'promptMicroDollarsPerSession',
    ({ value }) => `${formatMoney(Math.round(value.mean))}${halfMoney(value)}`,
  );
  section('Prefill repeated, million tokens in the cell', 'repeatedTokens', ({ value }) =>
    (value.mean / 1_000_000).toFixed(1),
  );
  if (names.includes(ownName)) lines.push('', ...againstOthers(rows, names));
  return lines;
}

/** In each cell the policy of our own beside the best other that does not see the future. */
function againstOthers(rows: readonly GridRow[], names: readonly string[]): string[] {
  const others = names.filter(
    (name) => !name.startsWith(ownName) && !name.startsWith('clairvoyant') && !name.startsWith('provider'),
  );
  const ofOthers = others.map((name) => ({
    name,
    cells: compare(rows, { name, baseline: ownName, measure: 'tokenHitRate' }),
  }));
  const lines = [
    `### ${ownName} beside the best other in each cell`,
    '',
    `| cell | best other | ${ownName} minus it, paired |`,
    '| --- | --- | ---: |',
  ];
  for (const [at, { sessions, memoryTokens }] of ofOthers[0]!.cells.entries()) {
    const best = ofOthers.reduce((a, b) => (b.cells[at]!.value.mean > a.cells[at]!.value.mean ? b : a));
    const { difference } = best.cells[at]!;
    lines.push(
      `| ${sessions} / ${memoryTokens / 1_000_000} M | ${best.name} ${best.cells[at]!.value.mean.toFixed(4)} | ${signed(-difference.mean)}${plusMinus(difference, 4)} |`,
    );
  }
  return lines;
}

const halfWidth = ({ low, high }: Interval): number => (high - low) / 2;
/** Of one seed alone nothing is known. */
const halfMoney = (value: Interval): string =>
  value.high === Infinity ? '' : ` ± ${formatMoney(Math.round(halfWidth(value)))}`;
const plusMinus = (value: Interval, digits: number): string =>
  value.high === Infinity ? '' : ` ± ${halfWidth(value).toFixed(digits)}`;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!existsSync(path)) console.log(absent);
  else
    for await (const line of tablesOf({
      seeds: Number(option('seeds') ?? gridDefaults.seeds.length),
      half: option('half') as Half,
      calls: option('calls') === 'instant' ? 'instant' : 'recorded',
      only: option('only')?.split(','),
    }))
      console.log(line);
}
