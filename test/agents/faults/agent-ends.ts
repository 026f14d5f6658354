/** What must be true of how an agent ended, by its task and by what was counted of it. */
import type { AgentResult } from '../../../src/agents/loop/agent-run.ts';
import { agentDefaults, type AgentTask } from '../../../src/agents/loop/agent-task.ts';
import { isRecord } from '../../../src/kernel/budget-limits.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import type { Outcome } from '../../../src/kernel/process-state.ts';

export interface CountedEnd {
  readonly outcome: Outcome;
  readonly value: Json;
  /** Its tool calls. */
  readonly calls: number;
  /** Prompt and longest answer of its largest call, tokens. */
  readonly largest: number;
  /** A checkpoint of it failed. */
  readonly isUnsaved: boolean;
}

export function reasonOf({ value, outcome }: Pick<CountedEnd, 'value' | 'outcome'>): string {
  return (isRecord(value) ? (value as Partial<AgentResult>).reason : undefined) ?? outcome;
}

/** undefined: it may end so. */
export function agentProblem(
  task: Json,
  { outcome, value, calls, largest, isUnsaved }: CountedEnd,
): string | undefined {
  const { windowTokens, toolCalls, iterations } = { ...agentDefaults, ...(task as unknown as AgentTask) };
  const { reason, ...result } = (isRecord(value) ? value : {}) as Partial<AgentResult>;
  if (calls > toolCalls) return `${calls} tool calls, allowed: ${toolCalls}`;
  if ((result.toolCalls ?? 0) > toolCalls || (result.iterations ?? 0) > iterations)
    return JSON.stringify(result);
  if (largest > windowTokens) return `a call of ${largest} tokens, its window: ${windowTokens}`;
  if ((outcome === 'completed') !== (reason === 'answered' || reason === 'stopped-by-reflection'))
    return `${outcome}, because ${reason}`;
  if (isUnsaved && outcome !== 'cancelled' && outcome !== 'killed' && reason !== 'STORAGE_FAILED')
    return `${outcome}, because ${reason}, though a checkpoint failed`;
  return undefined;
}
