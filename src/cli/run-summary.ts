/** What a run looks like to a person: the run, its time, its memory, its processes. */
import { Chalk, type ChalkInstance } from 'chalk';

import { engineDefaults } from '../kernel/engine-options.ts';
import { bar, labelledBar, splitBar, type BarPart } from '../report/bars.ts';
import { formatCount, formatDuration, formatMoney, formatPercent } from '../report/format.ts';
import { table } from '../report/table.ts';
import { printable, textWidth, wrapped } from '../report/text-width.ts';
import type { PageCount, ProcessMetrics, RunMetrics, Split } from '../sim/metrics/run-metrics.ts';
import { sumOfSplits } from '../sim/metrics/split.ts';
import type { WorkloadResult } from '../sim/run-workload.ts';
import type { RunRequest } from './run-and-report.ts';
import { pressureLines } from './pressure-lines.ts';
import { repeatWords } from './run-flags.ts';
import { standingLines, troubleLines } from './run-verdict.ts';

/** Rows of the table of processes before the rest is counted in one line. */
const shownProcesses = 15;

export function summaryLines(request: RunRequest, result: WorkloadResult, seconds: number): string[] {
  const { io } = request;
  const { metrics } = result;
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const width = Math.min(io.columns, 120);
  const lines = [
    ...titleLines(request, width, chalk),
    '',
    ...countsOf(request, result, width),
    '',
    chalk.bold('where the time went') + chalk.dim('  (all processes together)'),
    ...splitLines(metrics.split, width, chalk.dim),
    '',
    chalk.bold('pressure') + chalk.dim('  (time in which some, or all that were not idle, were stalled)'),
    ...pressureLines(metrics.pressure, width, chalk.dim),
    '',
    chalk.bold('cores and memory'),
    ...engineLines(metrics, width, chalk.cyan),
    ...memoryLines(metrics),
    '',
    chalk.bold('processes') +
      chalk.dim(
        metrics.processes > shownProcesses
          ? `  (the ${shownProcesses} that took longest)`
          : '  (longest first)',
      ),
    ...processTable(metrics.perProcess, width, chalk.dim),
  ];
  const trouble = troubleLines(result);
  if (trouble.length > 0)
    lines.push(
      '',
      chalk.red.bold('what went wrong'),
      ...trouble.flatMap((line) => wrapped(line, width, '  ')),
    );
  if (result.isCut && metrics.unfinished > 0)
    lines.push('', chalk.yellow.bold('not finished'), ...standingLines(metrics));
  const rate = formatCount(Math.round(result.events / seconds));
  lines.push(
    '',
    chalk.dim(
      `${formatCount(result.events)} events, hash ${result.eventHash.slice(0, 16)}…, in ${seconds.toFixed(2)} s (${rate} events/s)`,
    ),
    ...repeatLines(request, width).map((line) => chalk.dim(line)),
  );
  return lines;
}

/** In one line where it fits. */
function titleLines(request: RunRequest, width: number, chalk: ChalkInstance): string[] {
  const { scheduler, schedulerFile } = request.spec;
  const lines = nameLines(request, width, chalk);
  if (schedulerFile === undefined) return lines;
  return [
    ...lines,
    ...wrapped(`${scheduler} is the file with SHA-256 ${schedulerFile.sha256}`, width).map((line) =>
      chalk.dim(line),
    ),
  ];
}

function nameLines({ workload, spec }: RunRequest, width: number, chalk: ChalkInstance): string[] {
  const title = wrapped(printable(workload.name), width);
  const machine = `${workload.format}, ${spec.scheduler} / ${spec.paging} / ${spec.residency}, seed ${spec.seed}`;
  const [only = ''] = title;
  return title.length === 1 && textWidth(only) + 2 + machine.length <= width
    ? [`${chalk.bold(only)}  ${chalk.dim(machine)}`]
    : [...title.map((line) => chalk.bold(line)), chalk.dim(machine)];
}

/** Broken as a shell takes it back. */
function repeatLines({ command, call, spec }: RunRequest, width: number): string[] {
  const words = repeatWords(command, call.operands, { given: call.options.given, seed: spec.seed });
  const lines = ['repeat:'];
  for (const word of words) {
    const last = lines.at(-1)!;
    if (textWidth(last) + 1 + textWidth(word) + 2 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

function countsOf({ spec }: RunRequest, result: WorkloadResult, width: number): string[] {
  const { metrics } = result;
  const { processes, completed, failed, cancelled, killed, unfinished, turnaround } = metrics;
  const withoutAnswer = metrics.completedWithRefusedCalls;
  const endings = [
    [
      completed,
      withoutAnswer === 0
        ? 'completed'
        : `completed, ${formatCount(withoutAnswer)} of them with refused calls`,
    ],
    [failed, 'failed'],
    [cancelled, 'cancelled'],
    [killed, 'killed'],
    [unfinished, 'not finished'],
  ] as const;
  const failedCalls =
    metrics.modelCallsFailed === 0 ? [] : [`${formatCount(metrics.modelCallsFailed)} failed`];
  const bypassed =
    metrics.modelCallsBypassed === 0
      ? []
      : [`${formatCount(metrics.modelCallsBypassed)} larger than memory, kept out of it`];
  const degraded =
    metrics.modelCallsDegraded === 0 ? [] : [`${formatCount(metrics.modelCallsDegraded)} on a cheaper model`];
  const { throttled, suspended, stopped } = metrics.budgetActions;
  const actions = [
    ...(throttled === 0 ? [] : [`${counted(throttled, 'call')} paced`]),
    ...(suspended === 0 ? [] : [`${counted(suspended, 'time', 'times')} suspended`]),
    ...(stopped === 0 ? [] : [`${counted(stopped, 'process', 'processes')} stopped`]),
  ];
  const failedTools = metrics.toolFailures === 0 ? [] : [`${formatCount(metrics.toolFailures)} failed`];
  const { slice, priority } = metrics.preemptions;
  const preempted = [
    ...(slice === 0 ? [] : [`${formatCount(slice)} at the slice's end`]),
    ...(priority === 0 ? [] : [`${formatCount(priority)} by priority`]),
  ];
  const pairs: [string, string][] = [
    [
      'processes',
      `${formatCount(processes)} (${endings
        .filter(([count]) => count > 0)
        .map(([count, word]) => `${formatCount(count)} ${word}`)
        .join(', ')})`,
    ],
    [
      'model calls',
      withNotes(metrics.modelCalls, [
        ...refusedNotes(metrics.modelCallsRefused),
        ...failedCalls,
        ...bypassed,
        ...degraded,
      ]),
    ],
    ['tool calls', withNotes(metrics.toolCalls, [...refusedNotes(metrics.toolsRefused), ...failedTools])],
    [
      'tokens',
      `${formatCount(metrics.tokensIn)} in (${formatCount(metrics.tokensCached)} cached), ${formatCount(metrics.tokensOut)} out`,
    ],
    ['cost', `${formatMoney(metrics.microDollars)} at ${priceNote(spec)}`],
    ...(actions.length === 0 ? [] : [['budgets', actions.join(', ')] satisfies [string, string]]),
    ['virtual time', `${formatDuration(result.virtualUs)}${result.isCut ? ' (stopped there)' : ''}`],
    [
      'turnaround',
      `mean ${formatDuration(turnaround.mean)}, p50 ${formatDuration(turnaround.p50)}, p95 ${formatDuration(turnaround.p95)}, p99 ${formatDuration(turnaround.p99)}`,
    ],
    [
      'switches',
      `${counted(metrics.dispatches, 'dispatch', 'dispatches')}${preempted.length === 0 ? ', none preempted' : `; preempted: ${preempted.join(', ')}`}`,
    ],
    ...lockPairs(metrics.locks),
    [
      'fairness',
      `${metrics.fairness.slowdown.toFixed(3)} (Jain's index of the slowdown by the kernel; 1: all alike)`,
    ],
  ];
  return pairs.flatMap(([label, text]) => wrapped(`${label.padEnd(13)} ${text}`, width, ' '.repeat(14)));
}

function lockPairs({ acquired, taken, waits, boosts, deadlocks }: RunMetrics['locks']): [string, string][] {
  if (acquired + taken === 0) return [];
  const notes = [
    counted(acquired, 'acquire'),
    ...(taken === 0 ? [] : [`${formatCount(taken)} taken from semaphores`]),
    counted(waits, 'wait'),
    ...(boosts === 0 ? [] : [counted(boosts, 'priority inherited', 'priorities inherited')]),
    ...(deadlocks === 0 ? [] : [counted(deadlocks, 'deadlock')]),
  ];
  return [['locks', notes.join(', ')]];
}

/** Money is counted for every run, also where the recording knows no prices. */
function priceNote({ engines }: RunRequest['spec']): string {
  if (engines.some(({ prices }) => prices !== undefined)) return 'the prices of the scenario';
  const { input, cachedInput, output } = engineDefaults.prices;
  const dollars = (microDollars: number): string => `$${microDollars / 1_000_000}`;
  return `default prices: in ${dollars(input)}, cached ${dollars(cachedInput)}, out ${dollars(output)} a million`;
}

function refusedNotes(byCode: Readonly<Record<string, number>>): string[] {
  return Object.entries(byCode).map(([code, count]) => `${formatCount(count)} refused: ${code}`);
}

function withNotes(count: number, notes: readonly string[]): string {
  return notes.length === 0 ? formatCount(count) : `${formatCount(count)} (${notes.join('; ')})`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** One sign for each part of a process's time, so that a split can be read without colours. */
const glyphs: Readonly<Record<string, string>> = {
  decode: '█',
  prefill: '▓',
  'repeated prefill': '▒',
  load: '≡',
  switch: 'x',
  'ready queue': '░',
  tool: 't',
  person: 'p',
  message: 'm',
  child: 'c',
  budget: '$',
  memory: 'M',
  storage: 's',
  lock: 'l',
  timer: 'z',
  suspended: '-',
  unfinished: '?',
};

function partsOf({ running, readyUs, waiting, suspendedUs }: Split): BarPart[] {
  const values: Record<string, number> = {
    decode: running.decodeUs,
    prefill: running.newPrefillUs,
    'repeated prefill': running.repeatedPrefillUs,
    load: running.loadUs,
    switch: running.switchUs,
    unfinished: running.unfinishedUs,
    'ready queue': readyUs,
    ...waiting,
    suspended: suspendedUs,
  };
  return Object.entries(values)
    .filter(([, value]) => value > 0)
    .map(([label, value]) => ({ label, value, glyph: glyphs[label] ?? '+' }));
}

function splitLines(split: Split, width: number, dim: (text: string) => string): string[] {
  const parts = partsOf(split).toSorted((a, b) => b.value - a.value);
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  if (total === 0) return ['no time passed'];
  const labelWidth = Math.max(...parts.map(({ label }) => label.length));
  const barWidth = Math.max(10, width - labelWidth - 30);
  return parts.map(
    ({ label, value }) =>
      `${label.padEnd(labelWidth)}  ${bar(value / total, barWidth)}  ${shareOf(value / total).padStart(7)}  ${dim(formatDuration(value))}`,
  );
}

/** No share above 0 is shown as nothing. */
function shareOf(fraction: number): string {
  return fraction > 0 && fraction < 0.0005 ? '<0.1 %' : formatPercent(fraction);
}

function engineLines({ engines }: RunMetrics, width: number, paint: (text: string) => string): string[] {
  const bars = engines.flatMap((engine) => [
    {
      label: `${engine.name}: ${counted(engine.cores, 'core')} busy`,
      fraction: engine.utilisation,
      note: '',
    },
    {
      label: `${engine.name}: memory, mean`,
      fraction: engine.meanResidentTokens / engine.memoryTokens,
      note: `peak ${shareOf(engine.peakResidentTokens / engine.memoryTokens)} of ${counted(engine.memoryTokens, 'token')}`,
    },
  ]);
  const labelWidth = Math.max(...bars.map(({ label }) => label.length));
  return bars.map((one) =>
    labelledBar(one, { width: Math.max(10, Math.min(40, width - labelWidth - 48)), labelWidth, paint }),
  );
}

function memoryLines({
  faults,
  evicted,
  prefillTokensSaved,
  loaded,
  prefetched,
  migrations,
}: RunMetrics): string[] {
  const of = ({ pages, tokens }: PageCount): string =>
    pages === 0 ? 'none' : `${counted(pages, 'page')}, ${counted(tokens, 'token')}`;
  const rows: [string, string][] = [
    ['compulsory faults', of(faults.compulsory)],
    ['capacity faults', of(faults.capacity)],
    ...(faults.hole.pages > 0 ? [['behind a hole', of(faults.hole)] satisfies [string, string]] : []),
    ['loaded', of(loaded)],
    ...(prefetched.transfers > 0
      ? [
          ['prefetched', `${of(prefetched)}, ${formatCount(prefetched.usedTokens)} of them used`] satisfies [
            string,
            string,
          ],
        ]
      : []),
    ['evicted', of(evicted)],
    ['prefill saved', counted(prefillTokensSaved, 'token')],
    ...(migrations.count > 0
      ? [
          [
            'changed engines',
            `${counted(migrations.count, 'time')}, ${counted(migrations.lostTokens, 'token')} lost`,
          ] satisfies [string, string],
        ]
      : []),
  ];
  return rows.map(([label, text]) => `${label.padEnd(18)} ${text}`);
}

function processTable(
  perProcess: readonly ProcessMetrics[],
  width: number,
  dim: (text: string) => string,
): string[] {
  const longest = perProcess
    .toSorted((a, b) => b.turnaroundUs - a.turnaroundUs || a.pid - b.pid)
    .slice(0, shownProcesses);
  // As wide as it can be while the counts beside it are still shown.
  const barWidth = Math.min(24, Math.max(10, width - 70));
  const rows = longest.map((process) => [
    String(process.pid),
    process.name,
    process.outcome,
    formatDuration(process.turnaroundUs),
    splitBar(partsOf(process.split), barWidth),
    String(process.usage.modelCalls),
    String(process.usage.toolCalls),
    formatCount(process.usage.tokensIn + process.usage.tokensOut),
    formatDuration(process.waitingUs),
  ]);
  const lines = table({
    columns: [
      { header: 'pid', align: 'right' },
      { header: 'name', shrinkTo: 12 },
      { header: 'end' },
      { header: 'turnaround', align: 'right' },
      { header: 'its time' },
      { header: 'calls', align: 'right' },
      { header: 'tools', align: 'right' },
      { header: 'tokens', align: 'right' },
      { header: 'in queue', align: 'right' },
    ],
    rows,
    width,
    paintHeader: dim,
  });
  // Any split names the same parts; the legend needs only their names.
  const splits = longest.map(({ split }) => split);
  const all = partsOf(sumOfSplits(splits, Object.keys(splits[0]?.waiting ?? {})));
  if (all.length > 0)
    lines.push(
      ...inLines(
        all.map(({ glyph, label }) => `${glyph} ${label}`),
        width,
      ).map((line) => dim(line)),
    );
  if (perProcess.length > longest.length)
    lines.push(dim(`and ${formatCount(perProcess.length - longest.length)} more; --json has them all`));
  return lines;
}

/** As many items on a line as fit. */
function inLines(items: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + textWidth(item) + 2 <= width)
      lines[lines.length - 1] = `${last}  ${item}`;
    else lines.push(item);
  }
  return lines;
}
