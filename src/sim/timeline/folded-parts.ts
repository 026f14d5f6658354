/** The parts of a folded state that an event names, to be changed. */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { FoldedProcess, FoldedRun, FoldedState } from './folded-state.ts';

export type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

export const none: readonly never[] = [];

export function processOf(state: FoldedState, pid: number): FoldedProcess {
  if (state.processes.get(pid) === undefined)
    assert(false, `an event of process ${pid}, which was never spawned`);
  return state.processes.edit(pid);
}

/** Made when it is named first. */
export function runOf(state: FoldedState, name: string): FoldedRun {
  const number = state.numberOf(`run ${name}`);
  if (state.runs.get(number) === undefined) state.runs.set(number, { alive: 0, semaphores: none });
  return state.runs.edit(number);
}
