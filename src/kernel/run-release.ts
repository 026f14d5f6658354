/**
 * A run leaves a kernel: one that is over leaves nothing behind, one that is stopped goes on elsewhere or later from what is stored. A kernel that serves many runs stays bounded so. What such a
 * run holds in locks stays its own: it is kept for its processes until they are restored.
 */
import type { KernelState } from './kernel-state.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ModelCalls } from './model-calls.ts';
import type { Process } from './process.ts';
import { invalid, KernelError } from './errors.ts';
import type { ReleaseInput } from './inputs.ts';

/** Throws KernelError INVALID_ARGUMENT, or UNKNOWN_BUDGET, when it may not leave as it is, or a node may not. */
export function checkRelease(state: KernelState, { run, budgets = [] }: ReleaseInput): void {
  const family = state.runs.get(run);
  if (family === undefined) throw invalid('run', run, 'a run that is here');
  for (const process of family.members())
    if (process.suspension?.by !== 'signal' || hasWork(process))
      throw invalid('run', run, 'a run that is over, or is stopped with nothing under way');
  const leaving = new Set<number>();
  for (const name of budgets) {
    const index = state.budgetIndex(name);
    if (index < 0) throw new KernelError('UNKNOWN_BUDGET', state.noBudget(name));
    if (state.options.budgets.some((node) => node.name === name))
      throw invalid('budgets', name, 'a node that was added later');
    leaving.add(index);
  }
  if (leaving.size === 0) return;
  for (const index of state.budgets.indices())
    if (leaving.has(state.budgets.parentOf(index)) && !leaving.has(index))
      throw invalid(
        'budgets',
        state.budgets.nameOf(state.budgets.parentOf(index)),
        'a node that has none below it',
      );
  for (const other of state.runs.values())
    for (const { budget } of other === family ? [] : other.members())
      if (leaving.has(budget))
        throw invalid('budgets', state.budgets.nameOf(budget), 'a node that no other run uses');
}

export function releaseRun(
  state: KernelState,
  lifecycle: Lifecycle,
  calls: ModelCalls,
  { run, budgets = [] }: ReleaseInput,
): void {
  const family = state.runs.get(run)!;
  const members = [...family.members()];
  const isStopped = members.length > 0;
  for (const process of members) lifecycle.letGo(process);
  if (isStopped) state.runOver(run, family);
  state.forgetRun(run, family);
  // Children first, in whatever order they are named.
  const nodes = budgets.map((name) => state.budgetIndex(name));
  for (const node of nodes.toSorted((one, other) => depthOf(state, other) - depthOf(state, one)))
    calls.budgets.removeNode(node);
}

function hasWork({ core, tools }: Process): boolean {
  return (
    core !== -1 || tools?.runs.some(({ stage, abandoned }) => stage === 'running' && !abandoned) === true
  );
}

function depthOf({ budgets }: KernelState, node: number): number {
  let depth = 0;
  for (let at = budgets.parentOf(node); at >= 0; at = budgets.parentOf(at)) depth++;
  return depth;
}
