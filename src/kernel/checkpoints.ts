import type { Json } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Process } from './process.ts';
import { historyVersion } from './records.ts';
import { ToldPrompt } from './told-prompt.ts';

/** Records the process's saved state with its prompt, told as what is new since its last checkpoint. */
export function saveCheckpoint(state: KernelState, process: Process, saved: Json): void {
  const told = (process.toldPrompt ??= new ToldPrompt());
  const delta = told.next(process.table, state.contents);
  const { run, branch, pid, runPid, n } = process;
  const random = state.streamOf(process).save() as unknown as Json;
  state.record({
    v: historyVersion,
    type: 'checkpoint',
    run,
    branch,
    pid: runPid,
    n,
    state: saved,
    ...delta,
    nextPage: process.table.nextNumber,
    random,
    atUs: state.nowUs,
  });
  state.out.emit({ type: 'checkpoint.saved', pid, n, tip: delta.tip });
}
