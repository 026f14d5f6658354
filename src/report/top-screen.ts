/** A machine as the screen of `ringzero top`: what it has and how much of it is used, and then its processes. */
import type { BudgetSnapshot, KernelSnapshot, ProcessSnapshot } from '../kernel/snapshot.ts';
import { bar } from './bars.ts';
import { formatCount, formatDuration, formatMoney } from './format.ts';
import { table, type Paint } from './table.ts';
import { fit, printable, truncate } from './text-width.ts';
import { stateWords, topCells, topColumns, topRows, type TopView } from './top-rows.ts';

export interface TopScreenOptions {
  readonly width: number;
  readonly height: number;
  /** What is looked at, and when. */
  readonly title: string;
  readonly view: TopView;
  /** The pid of the row that is marked; 0: none. */
  readonly marked: number;
  /** The last line: what can be typed, or what is asked. */
  readonly footer: string;
  readonly paints: TopPaints;
}

export interface TopPaints {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly marked: Paint;
  readonly state: Readonly<Record<ProcessSnapshot['state'], Paint>>;
  readonly alarm: Paint;
}

const widestBar = 20;
const labelWidth = 10;
/** Of engines, and of limits: more are counted. */
const mostMeters = 4;

/** As many lines as the screen has, none wider than it. */
export function topScreen(machine: KernelSnapshot, options: TopScreenOptions): string[] {
  const { width, height, footer, paints } = options;
  const head = [...headLines(machine, options), ...meterLines(machine, options)];
  const room = Math.max(1, height - head.length - 2);
  const lines = [...head, '', ...processLines(machine, options, room - 1)];
  const filled = [
    ...lines.slice(0, height - 1),
    ...Array<string>(Math.max(0, height - 1 - lines.length)).fill(''),
  ];
  return [...filled, paints.dim(truncate(footer, width))];
}

function headLines({ processes }: KernelSnapshot, { width, title, paints }: TopScreenOptions): string[] {
  const counts = new Map<string, number>();
  for (const { state } of processes) counts.set(state, (counts.get(state) ?? 0) + 1);
  const of = (state: string): string =>
    `${formatCount(counts.get(state) ?? 0)} ${state === 'terminated' ? 'ended' : state}`;
  const words = ['running', 'ready', 'waiting', 'suspended', 'terminated'].map(of).join(', ');
  return [
    `${paints.bold('ringzero top')}  ${truncate(printable(title), width - 14)}`,
    truncate(`${formatCount(processes.length)} processes: ${words}`, width),
  ];
}

function meterLines(machine: KernelSnapshot, { width, paints }: TopScreenOptions): string[] {
  const { engines, budgets } = machine;
  const barWidth = Math.max(2, Math.min(widestBar, Math.floor((width - labelWidth - 2) / 3)));
  const meter = (label: string, share: number, text: string): string => {
    const full = bar(share, barWidth);
    return `${paints.dim(fit(label, labelWidth))} ${share >= 0.9 ? paints.alarm(full) : full} ${truncate(printable(text), width - labelWidth - barWidth - 2)}`;
  };
  const shown = engines.slice(0, mostMeters);
  const more = (count: number, what: string): string[] =>
    count > 0
      ? [paints.dim(truncate(`${' '.repeat(labelWidth)} and ${formatCount(count)} more ${what}`, width))]
      : [];
  const limits = budgets
    .flatMap((budget) => budget.limits.map((limit) => ({ budget, limit })))
    .toSorted((a, b) => shareOf(b.limit) - shareOf(a.limit));
  return [
    ...shown.flatMap(
      ({
        options,
        running,
        ready,
        residentTokens,
        pinnedTokens,
        roomTokens,
        scheduler,
        paging,
        waitingForMemory,
      }) => {
        const busy = running.filter((pid) => pid !== 0).length;
        const { name, cores, memoryTokens } = options;
        // An endless one is none in JSON.
        const isEndless = !Number.isFinite(memoryTokens);
        const used = residentTokens + roomTokens;
        const waits = waitingForMemory === 0 ? '' : `, ${formatCount(waitingForMemory)} waiting for memory`;
        return [
          meter(
            'cores',
            busy / cores,
            `${busy} of ${cores} of ${name}, ${formatCount(ready)} ready (${scheduler})`,
          ),
          ...(isEndless
            ? []
            : [
                meter(
                  'memory',
                  used / memoryTokens,
                  `${formatCount(used)} of ${formatCount(memoryTokens)} tokens, ${formatCount(pinnedTokens)} pinned (${paging})${waits}`,
                ),
              ]),
        ];
      },
    ),
    ...more(engines.length - shown.length, 'engines'),
    ...limits
      .slice(0, mostMeters)
      .map(({ budget, limit }) => meter('budget', shareOf(limit), limitWords(budget, limit))),
    ...more(limits.length - mostMeters, 'limits'),
    waitLine(machine, width, paints),
  ];
}

type Limit = BudgetSnapshot['limits'][number];

const shareOf = ({ used, reserved, limit }: Limit): number =>
  limit === 0 ? 1 : Math.min(1, (used + reserved) / limit);

function limitWords({ name }: BudgetSnapshot, { resource, limit, used, reserved, window }: Limit): string {
  const amount = (value: number): string =>
    resource === 'microDollars'
      ? formatMoney(value)
      : resource === 'coreUs'
        ? formatDuration(value)
        : formatCount(value);
  const held = reserved === 0 ? '' : ` + ${amount(reserved)} reserved`;
  const unit = resource === 'microDollars' ? '' : resource === 'coreUs' ? ' core time' : ` ${resource}`;
  const each = window.kind === 'total' ? '' : ` in ${formatDuration(window.lengthUs)}`;
  return `${name}: ${amount(used)}${held} of ${amount(limit)}${unit}${each}`;
}

/** Pressure: the share of living processes that can't go on for lack of something of the machine's own. */
function waitLine({ processes }: KernelSnapshot, width: number, paints: TopPaints): string {
  const living = processes.filter(({ state }) => state !== 'terminated');
  const counts = new Map<string, number>();
  for (const { state, waitingOn } of living) {
    const what = state === 'ready' ? 'core' : state === 'waiting' ? waitingOn : '';
    if (what !== '') counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const words = [...counts]
    .toSorted(([a, many], [b, few]) => few - many || (a < b ? -1 : 1))
    .map(
      ([what, count]) =>
        `${what} ${formatCount(count)}${pressing.has(what) ? ` (${Math.round((100 * count) / living.length)}%)` : ''}`,
    );
  return `${paints.dim(fit('waits for', labelWidth))} ${truncate(words.join(', ') || 'nothing', width - labelWidth - 1)}`;
}

const pressing: ReadonlySet<string> = new Set(['core', 'memory', 'budget', 'storage']);

function processLines(
  machine: KernelSnapshot,
  { width, view, marked, paints }: TopScreenOptions,
  most: number,
): string[] {
  const rows = topRows(machine, view);
  const index = rows.findIndex(({ pid }) => pid === marked);
  // The marked row is always on the screen.
  const first = Math.max(0, Math.min(index - Math.floor(most / 2), rows.length - most));
  const shown = rows.slice(first, first + Math.max(1, most));
  const lines = table({
    columns: topColumns.map((header) => ({
      header: header === view.sort ? `${header}${view.isReversed ? '▴' : '▾'}` : header,
      align: header === 'name' || header === 'state' ? 'left' : 'right',
      ...(header === 'name' ? { isName: true, shrinkTo: 8 } : {}),
      ...(header === 'state' ? { shrinkTo: 16 } : {}),
      paint: (cell, row) => {
        const { pid, state } = shown[row]!;
        if (pid === marked) return paints.marked(cell);
        return header === 'state' ? paints.state[state](cell) : cell;
      },
    })),
    rows: shown.map((process) => topCells(process, machine.nowUs)),
    width,
    paintHeader: paints.bold,
    rule: '',
  });
  return rows.length === 0
    ? [
        ...lines,
        paints.dim(view.filter === '' ? 'no process' : `no process with "${printable(view.filter)}"`),
      ]
    : lines;
}

/** One process alone, and its family: as many lines as the screen has. */
export function topProcess(
  machine: KernelSnapshot,
  pid: number,
  { width, height, footer, paints }: Pick<TopScreenOptions, 'width' | 'height' | 'footer' | 'paints'>,
): string[] {
  const process = machine.processes.find((one) => one.pid === pid);
  const lines =
    process === undefined
      ? [`process ${pid}: is not there any more`]
      : processFacts(machine, process).map(
          ([label, text]) => `${paints.dim(fit(label, 14))} ${truncate(printable(text), width - 15)}`,
        );
  const shown = lines.slice(0, height - 1);
  return [
    ...shown,
    ...Array<string>(Math.max(0, height - 1 - shown.length)).fill(''),
    paints.dim(truncate(footer, width)),
  ];
}

function processFacts(
  { processes, nowUs, engines, locks }: KernelSnapshot,
  process: ProcessSnapshot,
): readonly (readonly [string, string])[] {
  const { usage } = process;
  const children = processes.filter(({ parent }) => parent === process.pid);
  const held = locks.filter(({ owner }) => owner === process.pid);
  return [
    ['process', `${process.pid}  ${process.name} (${process.program})`],
    ['run', process.run],
    ['parent', process.parent === 0 ? 'none' : String(process.parent)],
    ['state', `${stateWords(process)} for ${formatDuration(Math.max(0, nowUs - process.sinceUs))}`],
    [
      'priority',
      process.priority === process.effectivePriority
        ? String(process.priority)
        : `${process.priority}, scheduled by ${process.effectivePriority}`,
    ],
    ['engine', engines[process.engine]?.options.name ?? String(process.engine)],
    ['budget', process.budget],
    ['model calls', `${formatCount(usage.calls)}, ${formatDuration(usage.coreUs)} of core time`],
    [
      'tokens',
      `${formatCount(usage.tokensIn)} in (${formatCount(usage.tokensCached)} cached), ${formatCount(usage.tokensOut)} out`,
    ],
    ['cost', formatMoney(usage.microDollars)],
    [
      'prompt',
      `${formatCount(process.promptTokens)} tokens in ${formatCount(process.pages)} pages, ${formatCount(process.residentTokens)} resident, ${formatCount(usage.faults)} faults`,
    ],
    ['syscalls', formatCount(process.syscalls)],
    ['mail', formatCount(process.mail)],
    ...(process.explanation === '' ? [] : [['queue', process.explanation] as const]),
    ...(held.length === 0 ? [] : [['locks', held.map(({ lock }) => lock).join(', ')] as const]),
    ...children.map(
      (child, index) =>
        [index === 0 ? 'children' : '', `${child.pid}  ${child.name}: ${stateWords(child)}`] as const,
    ),
  ];
}
