/** Processes of a machine as the rows of `ringzero top`: which, in what order, and what is told of each. */
import type { KernelSnapshot, ProcessSnapshot } from '../kernel/snapshot.ts';
import { formatCount, formatDuration, formatMoney } from './format.ts';

export const topColumns = [
  'pid',
  'name',
  'state',
  'time',
  'priority',
  'calls',
  'tokens',
  'cached',
  'cost',
  'core',
  'prompt',
  'faults',
] as const;
export type TopColumn = (typeof topColumns)[number];

export interface TopView {
  readonly sort: TopColumn;
  /** The other way round. */
  readonly isReversed: boolean;
  /** A part of the name, run, program, state or reason of a wait; '': all. */
  readonly filter: string;
  /** Those that have ended, too. */
  readonly showsEnded: boolean;
}

/** Those of the view in its order, ties by pid. */
export function topRows(
  { processes, nowUs }: Pick<KernelSnapshot, 'processes' | 'nowUs'>,
  view: TopView,
): readonly ProcessSnapshot[] {
  const wanted = view.filter.toLowerCase();
  const direction = view.isReversed ? -1 : 1;
  return processes
    .filter((process) => (view.showsEnded || process.state !== 'terminated') && isMeant(process, wanted))
    .toSorted((a, b) => direction * compare(a, b, view.sort, nowUs) || a.pid - b.pid);
}

function isMeant({ pid, name, run, program, state, waitingOn }: ProcessSnapshot, wanted: string): boolean {
  return (
    wanted === '' ||
    [String(pid), name, run, program, state, waitingOn].some((text) => text.toLowerCase().includes(wanted))
  );
}

/** What there is much of comes first; names, pids and priorities begin with the smallest. */
function compare(a: ProcessSnapshot, b: ProcessSnapshot, by: TopColumn, nowUs: number): number {
  switch (by) {
    case 'pid':
      return a.pid - b.pid;
    case 'name':
      return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
    case 'state':
      return (
        stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state) ||
        (a.waitingOn < b.waitingOn ? -1 : a.waitingOn > b.waitingOn ? 1 : 0)
      );
    case 'priority':
      return a.effectivePriority - b.effectivePriority;
    default:
      return figureOf(b, by, nowUs) - figureOf(a, by, nowUs);
  }
}

const stateOrder: readonly ProcessSnapshot['state'][] = [
  'running',
  'ready',
  'waiting',
  'suspended',
  'terminated',
];

function figureOf({ usage, sinceUs, promptTokens }: ProcessSnapshot, of: TopColumn, nowUs: number): number {
  switch (of) {
    case 'time':
      return nowUs - sinceUs;
    case 'calls':
      return usage.calls;
    case 'tokens':
      return usage.tokensIn + usage.tokensOut;
    case 'cached':
      return usage.tokensIn === 0 ? 0 : usage.tokensCached / usage.tokensIn;
    case 'cost':
      return usage.microDollars;
    case 'core':
      return usage.coreUs;
    case 'prompt':
      return promptTokens;
    case 'faults':
      return usage.faults;
    default:
      return 0;
  }
}

/** One text for each of `topColumns`. */
export function topCells(process: ProcessSnapshot, nowUs: number): readonly string[] {
  const { pid, name, priority, effectivePriority, sinceUs, usage, promptTokens, residentTokens } = process;
  const { calls, tokensIn, tokensCached, tokensOut, microDollars, coreUs, faults } = usage;
  const resident = promptTokens === 0 ? '' : ` ${percent(residentTokens, promptTokens)}`;
  return [
    String(pid),
    name,
    stateWords(process),
    formatDuration(Math.max(0, nowUs - sinceUs)),
    priority === effectivePriority ? String(priority) : `${priority}→${effectivePriority}`,
    formatCount(calls),
    formatCount(tokensIn + tokensOut),
    tokensIn === 0 ? '' : percent(tokensCached, tokensIn),
    formatMoney(microDollars),
    formatDuration(coreUs),
    `${formatCount(promptTokens)}${resident}`,
    formatCount(faults),
  ];
}

/** `waiting: tool`, `suspended`, `deadlock: lock`, or how it ended. */
export function stateWords({ state, waitingOn, isDeadlocked, outcome, core }: ProcessSnapshot): string {
  if (state === 'terminated') return outcome;
  if (isDeadlocked) return `deadlock: ${waitingOn}`;
  if (state === 'running') return `running on ${core}`;
  return state === 'waiting' && waitingOn !== '' ? `waiting: ${waitingOn}` : state;
}

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)}%`;
