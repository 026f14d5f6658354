/**
 * `node bench/paging-sessions.ts [--seeds N] [--half even|odd] [--calls recorded|instant] [--only NAME,NAME]`: paging policies on the recorded coding sessions,
 * as markdown on stdout. Runs on two threads. Without ../shared/traces it says which public data set is missing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { openInputFile } from '../src/adapters/files/input-file.ts';
import { formatMoney, formatPercent } from '../src/report/format.ts';
import {
  baselineName,
  boundName,
  ownName,
  sessionContenders,
} from '../src/sim/sessions/session-contenders.ts';
import {
  compare,
  gapClosed,
  gridDefaults,
  gridTasks,
  runTask,
  type CellComparison,
  type GridRequest,
  type GridRow,
  type GridTask,
} from '../src/sim/sessions/session-grid.ts';
import { halfOf, type SessionTrace } from '../src/sim/sessions/session-trace.ts';
import { readWekaTrace } from '../src/sim/sessions/weka-trace.ts';

const path = join(import.meta.dirname, '../../shared/traces/weka-claude-code.jsonl.gz');
const THREADS = 2;

type Half = 'even' | 'odd' | undefined;

interface Share {
  readonly half: Half;
  readonly tasks: readonly GridTask[];
}

/** The trace that the sessions come from; undefined where it is absent. */
export async function recordedSessions(half: Half): Promise<SessionTrace | undefined> {
  if (!existsSync(path)) return undefined;
  const file = await openInputFile(path);
  const trace = await readWekaTrace(file.name, file.lines());
  return half === undefined ? trace : halfOf(trace, half);
}

/** All runs of the grid, on several threads; the rows are in the order of `gridTasks`. */
export async function measureSessions(request: GridRequest, half: Half): Promise<GridRow[]> {
  const tasks = gridTasks(request);
  const rows: GridRow[] = [];
  await Promise.all(
    Array.from({ length: THREADS }, async (_, thread) => {
      const own = tasks.flatMap((task, index) => (index % THREADS === thread ? [{ task, index }] : []));
      const done = await onThread({ half, tasks: own.map(({ task }) => task) });
      for (const [at, row] of done.entries()) rows[own[at]!.index] = row;
    }),
  );
  return rows;
}

function onThread(share: Share): Promise<GridRow[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Markdown: hit rate, difference to the baseline, and money, a row for each contender and a column for each cell. */
export function sessionTables(rows: readonly GridRow[]): string[] {
  const names = [...new Set(rows.map(({ contender }) => contender.name))];
  const lines: string[] = [];
  const section = (
    title: string,
    measure: Parameters<typeof compare>[1]['measure'],
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
    ({ value }) => `${value.mean.toFixed(4)} ± ${half(value).toFixed(3)}`,
    isBounded
      ? (name) => {
          // A provider's cache is of another size.
          if (name.startsWith('provider')) return '–';
          const { mean, low, high } = gapClosed(rows, { name, baseline: baselineName, bound: boundName });
          return `${formatPercent(mean)} [${formatPercent(low)}, ${formatPercent(high)}]`;
        }
      : undefined,
  );
  section(
    `Token hit rate, paired difference to ${baselineName}`,
    'tokenHitRate',
    ({ difference }) => `${signed(difference.mean)} ± ${half(difference).toFixed(4)}`,
  );
  section(
    'Prompt money per session',
    'promptMicroDollarsPerSession',
    ({ value }) => `${formatMoney(Math.round(value.mean))} ± ${formatMoney(Math.round(half(value)))}`,
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
      `| ${sessions} / ${memoryTokens / 1_000_000} M | ${best.name} ${best.cells[at]!.value.mean.toFixed(4)} | ${signed(-difference.mean)} ± ${half(difference).toFixed(4)} |`,
    );
  }
  return lines;
}

const half = ({ low, high }: { low: number; high: number }): number => (high - low) / 2;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

async function main(): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const chosen = option('half') as Half;
  const trace = await recordedSessions(chosen);
  if (trace === undefined) {
    console.log('The recorded sessions are absent: callanjfox/kv-cache-tester (WEKA) in ../shared/traces.');
    return;
  }
  const seeds = Array.from(
    { length: Number(option('seeds') ?? gridDefaults.seeds.length) },
    (_, at) => at + 1,
  );
  const only = option('only')?.split(',');
  const calls = option('calls') === 'instant' ? 'instant' : 'recorded';
  const contenders = sessionContenders.filter(({ name }) => only === undefined || only.includes(name));
  console.log(`${trace.name}: ${trace.sessions.length} sessions, calls ${calls}, ${seeds.length} seeds`);
  const rows = await measureSessions({ ...gridDefaults, contenders, seeds, cell: { calls } }, chosen);
  for (const line of sessionTables(rows)) console.log(line);
}

if (isMainThread) {
  if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
} else {
  const { half: chosen, tasks } = workerData as Share;
  const trace = await recordedSessions(chosen);
  parentPort!.postMessage(tasks.map((task) => runTask(trace!, task)));
}
