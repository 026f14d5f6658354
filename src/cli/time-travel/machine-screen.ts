/** A machine at one moment as lines of a terminal: what just happened, who runs, who is ready, who waits for what, and how full memory and budgets are. */
import type { ChalkInstance } from 'chalk';

import { bar } from '../../report/bars.ts';
import { eventWords, type EventNames } from '../../report/event-words.ts';
import { formatClock, formatCount, formatDuration, formatMoney } from '../../report/format.ts';
import { fit, printable, textWidth, truncate, wrapped } from '../../report/text-width.ts';
import type { MachineView, ViewedProcess } from '../../sim/timeline/machine-view.ts';

export interface ScreenOptions {
  readonly width: number;
  readonly chalk: ChalkInstance;
  /** Events of the whole run. */
  readonly count: number;
  /** What the run is of. */
  readonly title: string;
  /** What clocks count from, µs. */
  readonly zeroUs: number;
}

/** Rows of one kind; of more only the number is told. */
const mostRows = 8;
const labelWidth = 11;
const barWidth = 10;

/** Plain lines, none wider than the screen. */
export function machineScreen(view: MachineView, options: ScreenOptions): string[] {
  const { width, chalk, count, title, zeroUs } = options;
  const clock = formatClock(Math.max(0, view.nowUs - zeroUs));
  const names = namesOf(view);
  const place = `event ${formatCount(view.index)} of ${formatCount(count)}`;
  const life = view.life === 1 ? '' : ` · kernel ${view.life}, after a crash`;
  const happened = view.event === null ? 'nothing has happened yet' : eventWords(view.event, names);
  const room = width - textWidth(place) - textWidth(clock) - 6;
  return [
    `${chalk.bold(place)}   ${chalk.bold(clock)}   ${chalk.dim(truncate(`${printable(title)}${life}`, room))}`,
    ...wrapped(printable(happened), width).map((line) => chalk.cyan(truncate(line, width))),
    '',
    ...coreRows(view, names),
    ...queueRows(view, names),
    ...waitRows(view, names),
    ...endedRow(view),
    ...memoryRows(view),
    ...budgetRows(view),
    ...lockRows(view, names),
  ].map((line) => (typeof line === 'string' ? line : row(line, options)));
}

/** `writer (3)`; of a process that is not there yet its number. */
export function namesOf({ processes, engines }: Pick<MachineView, 'processes' | 'engines'>): EventNames {
  const byPid = new Map(processes.map(({ pid, name }) => [pid, name]));
  return {
    process(pid) {
      const name = byPid.get(pid);
      return name === undefined ? `process ${pid}` : `${printable(name)} (${pid})`;
    },
    engine: (index) => (engines.length === 1 ? 'the engine' : `engine ${engines[index]?.name ?? index}`),
  };
}

interface Row {
  readonly label: string;
  readonly text: string;
}

function row({ label, text }: Row, { width, chalk }: ScreenOptions): string {
  return `${chalk.dim(fit(label, labelWidth))} ${truncate(text, width - labelWidth - 1)}`;
}

function coreRows({ engines, processes, nowUs }: MachineView, names: EventNames): Row[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const rows = engines.flatMap(({ name, cores }, engine) => {
    const busy = cores.filter(({ pid }) => pid !== 0);
    const idle = cores.length - busy.length;
    const where = engines.length === 1 || busy.length > 0 ? '' : ` of ${names.engine(engine)}`;
    return [
      ...busy.map(({ core, pid, sinceUs }) => {
        const { call } = byPid.get(pid)!;
        const of = engines.length === 1 ? '' : ` ${name}`;
        const prompt =
          call === null || call.promptTokens === 0
            ? ''
            : `, call ${call.n}: ${formatCount(call.cachedTokens)} tokens found, ${formatCount(call.missingTokens)} not`;
        return {
          label: `core ${core}${of}`,
          text: `${names.process(pid)} for ${formatDuration(nowUs - sinceUs)}${prompt}`,
        };
      }),
      ...(idle === 0
        ? []
        : [{ label: busy.length === 0 ? 'cores' : '', text: `${formatCount(idle)} idle${where}` }]),
    ];
  });
  return limited(rows, 'cores');
}

function queueRows({ engines, processes, nowUs }: MachineView, names: EventNames): Row[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  return engines.flatMap(({ name, ready, heldBy }) => {
    const label = engines.length === 1 ? 'ready' : `ready ${name}`;
    const held = heldBy === 0 ? '' : `behind ${names.process(heldBy)}, which waits for memory: `;
    if (ready.length === 0) return engines.length === 1 ? [{ label, text: 'nobody' }] : [];
    const some = ready.slice(0, mostRows).map((pid) => {
      const { sinceUs, effectivePriority } = byPid.get(pid)!;
      return `${names.process(pid)} ${formatDuration(nowUs - sinceUs)} at ${effectivePriority}`;
    });
    const more = ready.length > mostRows ? [`and ${formatCount(ready.length - mostRows)} more`] : [];
    return [{ label, text: `${held}${[...some, ...more].join(', ')}` }];
  });
}

function waitRows({ processes, nowUs }: MachineView, names: EventNames): Row[] {
  const waiting = processes.filter(({ state }) => state === 'waiting' || state === 'suspended');
  const rows = waiting
    .toSorted((a, b) => a.sinceUs - b.sinceUs)
    .map((process, index) => ({
      label: index === 0 ? 'waiting' : '',
      text: `${names.process(process.pid)} for ${formatDuration(nowUs - process.sinceUs)}: ${reason(process)}`,
    }));
  return rows.length === 0 ? [{ label: 'waiting', text: 'nobody' }] : limited(rows, 'waiting');
}

function reason({ state, waitingOn, waitingFor, suspendedBy, isDeadlocked }: ViewedProcess): string {
  if (state === 'suspended') return `suspended by ${suspendedBy}`;
  const what = waitingFor === '' ? waitingOn : `${waitingOn} ${printable(waitingFor)}`;
  return isDeadlocked ? `${what}, in a deadlock` : what;
}

function endedRow({ processes }: MachineView): Row[] {
  const counts = new Map<string, number>();
  for (const { outcome } of processes)
    if (outcome !== '') counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  if (counts.size === 0) return [];
  const ended = [...counts].map(([outcome, count]) => `${formatCount(count)} ${outcome}`);
  return [{ label: 'ended', text: `${ended.join(', ')}, of ${formatCount(processes.length)} so far` }];
}

function memoryRows({ engines }: MachineView): Row[] {
  return limited(
    engines.map(({ name, memory, waitingForMemory }) => {
      const { capacityTokens, residentTokens, residentPages, roomTokens, transferTokens } = memory;
      const of = capacityTokens === null ? '' : ` of ${formatCount(capacityTokens)}`;
      const drawn =
        capacityTokens === null ? '' : `${bar((residentTokens + roomTokens) / capacityTokens, barWidth)} `;
      const parts = [
        `${formatCount(residentTokens)}${roomTokens === 0 ? '' : ` + ${formatCount(roomTokens)}`}${of} tokens in ${formatCount(residentPages)} page${residentPages === 1 ? '' : 's'}`,
        ...(transferTokens === 0 ? [] : [`${formatCount(transferTokens)} coming`]),
        ...(waitingForMemory.length === 0 ? [] : [`${formatCount(waitingForMemory.length)} waiting`]),
      ];
      return { label: engines.length === 1 ? 'memory' : `mem ${name}`, text: drawn + parts.join(', ') };
    }),
    'memories',
  );
}

function budgetRows({ budgets }: MachineView): Row[] {
  const rows = budgets.flatMap(({ name, limits, waiters }) =>
    limits.map(({ resource, limit, used, reserved, window }, index) => {
      const amount = (value: number): string => amountOf(resource, value);
      const held = reserved === 0 ? amount(used) : `${amount(used)} + ${amount(reserved)}`;
      const each =
        window.kind === 'total' ? 'in all' : `in ${formatDuration(window.lengthUs).replace(/ 00 \w+$/, '')}`;
      const of = [amount(limit), resourceWords[resource], each].filter((word) => word !== '').join(' ');
      const behind = index > 0 || waiters.length === 0 ? '' : `; waiting: ${waiters.join(', ')}`;
      const full = bar(limit === 0 ? 1 : (used + reserved) / limit, barWidth);
      return {
        label: index === 0 ? 'budget' : '',
        text: `${full} ${printable(name)}: ${held} of ${of}${behind}`,
      };
    }),
  );
  return limited(rows, 'limits');
}

const resourceWords = { tokens: 'tokens', calls: 'calls', microDollars: '', coreUs: 'core time' } as const;

function amountOf(resource: keyof typeof resourceWords, value: number): string {
  if (resource === 'microDollars') return formatMoney(value);
  return resource === 'coreUs' ? formatDuration(value) : formatCount(value);
}

function lockRows({ locks, semaphores, questions, nowUs }: MachineView, names: EventNames): Row[] {
  const waiting = (waiters: readonly number[]): string =>
    waiters.length === 0 ? '' : `, ${waiters.map((pid) => names.process(pid)).join(', ')} waiting`;
  return [
    ...limited(
      locks.map(({ lock, owner, waiters }) => ({
        label: 'lock',
        text: `${printable(lock)}: ${owner === 0 ? 'free' : `held by ${names.process(owner)}`}${waiting(waiters)}`,
      })),
      'locks',
    ),
    ...limited(
      semaphores.map(({ semaphore, count, waiters }) => ({
        label: 'semaphore',
        text: `${printable(semaphore)}: ${formatCount(count)}${waiting(waiters)}`,
      })),
      'semaphores',
    ),
    ...limited(
      questions.map(({ pid, purpose, sinceUs }) => ({
        label: 'question',
        text: `of ${names.process(pid)} for ${formatDuration(nowUs - sinceUs)}: ${purpose}`,
      })),
      'questions',
    ),
  ];
}

function limited(rows: readonly Row[], what: string): Row[] {
  if (rows.length <= mostRows) return [...rows];
  const rest = rows.length - mostRows + 1;
  return [...rows.slice(0, mostRows - 1), { label: '', text: `and ${formatCount(rest)} more ${what}` }];
}
