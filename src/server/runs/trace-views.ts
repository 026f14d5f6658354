/** Runs and steps as the API shows them. */
import type { Step, StepUsage } from '../../agents/traces/trace.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { LedgerRecord } from '../../kernel/records.ts';
import type { RunSummary, StoredProcess } from '../../kernel/storage.ts';
import type { RunStanding } from '../served-world.ts';
import type { RunFacts } from './run-facts.ts';
import type { StepView, TraceStatus, TraceSummary, TraceView } from './trace-schemas.ts';

/** What is known of a run, from storage and from what is going on here. */
export interface KnownRun {
  readonly summary: RunSummary;
  readonly facts: RunFacts;
  readonly standing: RunStanding;
  readonly status: TraceStatus;
}

/** Characters of a task in a list. */
const mostShown = 200;

export function summaryView({ summary, facts, standing, status }: KnownRun): TraceSummary {
  const [root] = standing.processes;
  const { name = '' } = root ?? {};
  return {
    trace_id: summary.run,
    name: facts.name === '' ? name : facts.name,
    uid: facts.uid,
    status,
    ...(standing.by === undefined ? {} : { driven_by: standing.by }),
    task: excerpt(textIn(root, 'task')),
    model: modelOf(root),
    created_at: isoOf(summary.startedUs),
    branch: standing.branch,
  };
}

export function fullView(known: KnownRun, ledger: readonly LedgerRecord[]): TraceView {
  const { summary, standing } = known;
  const [root] = standing.processes;
  const end = standing.processes.every((process) => process.end !== undefined) ? root?.end : undefined;
  const value = end?.value ?? null;
  const { answer = '', reason = '', message = '' } = (isRecord(value) ? value : {}) as Result;
  const args = argumentsOf(root);
  const system = textIn(root, 'system');
  const { temperature, iterations, tools } = args as {
    readonly temperature?: number;
    readonly iterations?: number;
    readonly tools?: readonly string[];
  };
  return {
    ...summaryView(known),
    ended_at: end === undefined ? null : isoOf(end.atUs),
    answer: typeof value === 'string' && end?.outcome === 'completed' ? value : answer,
    value,
    error:
      end?.outcome === 'failed'
        ? { code: reason, message: message === '' && typeof value === 'string' ? value : message }
        : null,
    usage: usageOf(ledger),
    branches: [...summary.branches],
    temperature: temperature ?? null,
    max_iterations: iterations ?? null,
    tools: [...(tools ?? [])],
    system_prompt: system === '' ? null : system,
  };
}

/** What agents and teams end with. */
interface Result {
  readonly answer?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The same in every branch that has the step, and in what is told of it while it happens. */
export const stepId = ({ pid, n, index }: Pick<Step, 'pid' | 'n' | 'index'>): string =>
  `${pid}.${n}.${index}`;

export function stepView(step: Step): StepView {
  const { sequence, type, pid, name, parents, status, data, startedUs, endedUs } = step;
  return {
    id: stepId(step),
    sequence: status === 'open' ? null : sequence,
    type,
    pid,
    name,
    parents: [...parents],
    status,
    data,
    started_at: isoOf(startedUs),
    ended_at: endedUs < 0 ? null : isoOf(endedUs),
    usage: usageView(step.usage),
  };
}

function usageView({ tokensIn, tokensCached, tokensOut, microDollars }: StepUsage): StepView['usage'] {
  return {
    tokens_in: tokensIn,
    tokens_cached: tokensCached,
    tokens_out: tokensOut,
    micro_dollars: microDollars,
  };
}

function usageOf(ledger: readonly LedgerRecord[]): TraceView['usage'] {
  const calls = new Set<string>();
  const sum = { model_calls: 0, tokens_in: 0, tokens_cached: 0, tokens_out: 0, micro_dollars: 0 };
  for (const { what, pid, n, seq, tokens, tokensCached, tokensOut, microDollars } of ledger) {
    if (what !== 'settled') continue;
    calls.add(`${pid} ${n} ${seq}`);
    sum.tokens_in += tokens - tokensOut;
    sum.tokens_cached += tokensCached;
    sum.tokens_out += tokensOut;
    sum.micro_dollars += microDollars;
  }
  return { ...sum, model_calls: calls.size };
}

function modelOf(root: StoredProcess | undefined): string {
  const { models } = argumentsOf(root) as { readonly models?: readonly string[] };
  return models?.[0] ?? root?.engine ?? '';
}

function argumentsOf(root: StoredProcess | undefined): Readonly<Record<string, Json>> {
  const args = root?.arguments;
  return isRecord(args) ? args : {};
}

function textIn(root: StoredProcess | undefined, field: string): string {
  const text = argumentsOf(root)[field];
  return typeof text === 'string' ? text : '';
}

const excerpt = (text: string): string =>
  text.length <= mostShown ? text : `${text.slice(0, mostShown - 1)}…`;

/** Of µs since 1970. */
export const isoOf = (us: number): string => new Date(us / 1_000).toISOString();
