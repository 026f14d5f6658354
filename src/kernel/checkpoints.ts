import type { Json } from './ids.ts';
import { PromptChain } from './checkpoint-chain.ts';
import type { KernelState } from './kernel-state.ts';
import type { PageTable } from './memory/page-table.ts';
import type { Process } from './process.ts';
import { historyVersion, type PromptNode } from './records.ts';

/** Records the process's saved state with its prompt, told as what is new since its last checkpoint. */
export function saveCheckpoint(state: KernelState, process: Process, saved: Json): void {
  const chain = (process.chain ??= new PromptChain());
  const delta = chain.next(promptOf(state, process.table));
  const { run, branch, pid, n } = process;
  const random = state.streamOf(process).save() as unknown as Json;
  state.record({
    v: historyVersion,
    type: 'checkpoint',
    run,
    branch,
    pid,
    n,
    state: saved,
    ...delta,
    nextPage: process.table.nextNumber,
    random,
    atUs: state.nowUs,
  });
  state.out.emit({ type: 'checkpoint.saved', pid, n, tip: delta.tip });
}

/** The page table as a checkpoint tells it. */
function promptOf(state: KernelState, table: PageTable): PromptNode[] {
  return table.entries.flatMap(({ extent, importance, pinned, number }) =>
    state.contents.describe(extent, importance, pinned, number),
  );
}
