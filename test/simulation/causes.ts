/** Why a process may end as it did: nothing fails without something in its scenario that makes it fail. */
import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import type { ProcessEnded } from '../../src/kernel/records.ts';
import type { StoredProcess } from '../../src/kernel/storage.ts';
import { reasonOf } from '../agents/faults/agent-ends.ts';
import type { RunPlan, Scenario, Turn } from './scenario.ts';

/** undefined: there is a cause. */
export function causeless(scenario: Scenario, run: RunPlan, process: StoredProcess): string | undefined {
  const end = process.end!;
  const { outcome } = end;
  const isSignalled = run.signals.some(({ signal }) => signal === 'terminate' || signal === 'kill');
  const isLimited = scenario.budgets.some(({ limits = [] }) => limits.length > 0);
  if (outcome === 'cancelled' || outcome === 'killed')
    return isSignalled || isLimited ? undefined : `${outcome}, nobody asked for it`;
  if (outcome === 'completed') return undefined;
  switch (process.program) {
    case 'crew':
    case 'diary':
      return 'failed, and cannot';
    case 'agent':
      return agentCause(scenario, run, process, end) ? undefined : `failed with ${reasonOf(end)}`;
    default:
      return undefined;
  }
}

function agentCause(
  { kernel, budgets, storms }: Scenario,
  { scripts, workers }: RunPlan,
  { name, arguments: args }: StoredProcess,
  end: ProcessEnded,
): boolean {
  const turns = scripts[name] ?? [];
  const { windowTokens = Infinity } = args as unknown as AgentTask;
  const has = (...faults: readonly Turn['fault'][]): boolean =>
    turns.some(({ fault }) => faults.includes(fault));
  switch (reasonOf(end)) {
    case 'ITERATION_LIMIT':
      return true;
    case 'EMPTY_ANSWER':
      return turns.some(({ text }) => text === '');
    case 'WINDOW_EXCEEDED':
      return windowTokens < 5_000;
    case 'CONTEXT_TOO_LARGE':
      return kernel.oversize === 'fail' && kernel.engines.some(({ memoryTokens }) => memoryTokens < 5_000);
    case 'BUDGET_EXCEEDED':
    case 'BUDGET_EXHAUSTED':
    // Its budget has stopped it.
    case 'failed':
      return budgets.some(({ limits = [] }) => limits.length > 0);
    case 'MODEL_FAILED':
      return storms.length > 0 || has('refused', 'rejected', 'thrown');
    case 'MODEL_TIMEOUT':
      return has('stalled') || workers.some(({ jumps, pauses }) => jumps.length + pauses.length > 0);
    case 'EMPTY_STREAM':
      return has('empty', 'stalled');
    case 'STREAM_INCOMPLETE':
      return has('broken-off');
    default:
      return false;
  }
}
