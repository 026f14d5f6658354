/** A run as people read it: its processes as a tree, the steps of each, and what they took. */
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { StoredBranch } from '../../host/stored-branch.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { ProcessEnded, ProcessStarted } from '../../kernel/records.ts';
import { formatCount, formatDuration, formatMoney } from '../../report/format.ts';
import { truncate } from '../../report/text-width.ts';
import { shown } from '../live/run-view.ts';
import { visible } from '../live/visible-text.ts';

export interface ShownProcess {
  readonly started: ProcessStarted;
  readonly end: ProcessEnded | undefined;
  readonly steps: readonly StoredStep[];
  readonly children: readonly ShownProcess[];
}

/** Of what nobody else has started. */
export function processTree({
  records,
  steps,
}: Pick<StoredBranch, 'records' | 'steps'>): readonly ShownProcess[] {
  const all = new Map<
    Pid,
    { started: ProcessStarted; end: ProcessEnded | undefined; children: ShownProcess[] }
  >();
  const roots: ShownProcess[] = [];
  const stepsOf = (pid: Pid): readonly StoredStep[] => steps.filter((step) => step.pid === pid);
  for (const record of records) {
    if (record.type === 'process.ended') {
      const ended = all.get(record.pid);
      if (ended !== undefined) ended.end = record;
    }
    if (record.type !== 'process.started') continue;
    const made = { started: record, end: undefined, steps: stepsOf(record.pid), children: [] };
    all.set(record.pid, made);
    const parent = record.parent === 0 ? undefined : all.get(record.parent);
    (parent?.children ?? roots).push(made);
  }
  return roots;
}

/** What steps took together. */
export interface Totals {
  readonly steps: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly microDollars: number;
}

export function totalsOf(steps: readonly StoredStep[]): Totals {
  const sum = (of: (step: StoredStep) => number): number => steps.reduce((all, step) => all + of(step), 0);
  return {
    steps: steps.length,
    modelCalls: sum(({ type }) => (type === 'llm_call' || type === 'reflection' ? 1 : 0)),
    toolCalls: sum(({ type }) => (type === 'tool_call' ? 1 : 0)),
    tokensIn: sum(({ usage }) => usage.tokensIn),
    tokensCached: sum(({ usage }) => usage.tokensCached),
    tokensOut: sum(({ usage }) => usage.tokensOut),
    microDollars: sum(({ usage }) => usage.microDollars),
  };
}

export function totalsLine({ steps, modelCalls, toolCalls, microDollars, ...tokens }: Totals): string {
  return `${counted(steps, 'step')}: ${counted(modelCalls, 'model call')}, ${counted(toolCalls, 'tool call')}; ${tokensOf(tokens)}; ${formatMoney(microDollars)}`;
}

/** A line for each process and each of its steps, no wider than `width`. */
export function treeLines(roots: readonly ShownProcess[], digits: number, width: number): readonly string[] {
  const lines: string[] = [];
  const add = ({ started, end, steps, children }: ShownProcess, depth: number): void => {
    const indent = '  '.repeat(depth);
    const took = end === undefined ? '' : ` in ${formatDuration(end.atUs - started.atUs)}`;
    lines.push(`${indent}${started.name} (process ${started.pid}) ${end?.outcome ?? 'not over'}${took}`);
    for (const step of steps) lines.push(truncate(`${indent}${stepLine(step, digits)}`, width));
    for (const child of children) add(child, depth + 1);
  };
  for (const root of roots) add(root, 0);
  return lines;
}

/** `  3  llm_call     12 ms  60 in, 32 cached, 52 out  $0.0001  The answer …`. */
function stepLine(step: StoredStep, digits: number): string {
  const { sequence, type, status, startedUs, endedUs, usage } = step;
  const isCall = type === 'llm_call' || type === 'reflection';
  const parts = [
    `  ${String(sequence).padStart(digits)}`,
    type.padEnd(12),
    (endedUs === -1 ? 'open' : formatDuration(Math.max(0, endedUs - startedUs))).padStart(8),
    ...(isCall ? [tokensOf(usage), formatMoney(usage.microDollars)] : []),
    ...(status === 'done' ? [] : [`${status}:`]),
    wordsOf(step),
  ];
  return parts.join('  ');
}

/** What it is about, on one line. */
function wordsOf({ type, data }: Pick<StoredStep, 'type' | 'data'>): string {
  const words = (): string => {
    switch (type) {
      case 'tool_call':
        return `${text(data['tool'])} ${text(data['arguments'])} → ${text(data['value'] ?? data['message'] ?? null)}`;
      case 'conclusion':
        return text(isRecord(data['value']) ? (data['value'] as { answer?: Json }).answer : data['value']);
      case 'llm_call':
      case 'reflection':
        return calls(data) || text(data['text'] ?? data['message']);
      default:
        return text(data['text'] ?? data['value'] ?? data['query']);
    }
  };
  return visible(words().replaceAll(/\s+/g, ' ').trim());
}

/** The words of an answer, and the tools that it asks for. */
function calls(data: StoredStep['data']): string {
  const asked = Array.isArray(data['toolCalls']) ? (data['toolCalls'] as { tool?: Json }[]) : [];
  if (asked.length === 0) return '';
  return `${text(data['text'])} [${asked.map(({ tool }) => text(tool)).join(', ')}]`;
}

const text = (value: Json | undefined): string => (value === undefined || value === null ? '' : shown(value));

const tokensOf = (used: Pick<Totals, 'tokensIn' | 'tokensCached' | 'tokensOut'>): string =>
  `${formatCount(used.tokensIn)} in (${formatCount(used.tokensCached)} cached), ${formatCount(used.tokensOut)} out`;

const counted = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
