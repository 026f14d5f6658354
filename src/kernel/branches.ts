/** The branches of a run: each a life of its own, with processes, histories and settings; they share the run's ledger, its audit log and its lease. */
import { invalid } from './errors.ts';
import type { RunStarted } from './records.ts';

/** The branch in which a run begins. */
export const firstBranch = 'main';

/** The one that the run goes on with: its first, or what has taken over from that. `branches`: how they were started, in order. */
export function currentBranch(branches: readonly RunStarted[]): string {
  let current = branches[0]?.branch ?? firstBranch;
  for (const { branch, origin } of branches)
    if (origin?.kind === 'rewind' && origin.branch === current) current = branch;
  return current;
}

/** Throws KernelError INVALID_ARGUMENT. */
export function checkBranchName(field: string, name: unknown): void {
  if (typeof name !== 'string' || !/^[a-zA-Z0-9_.-]{1,64}$/.test(name))
    throw invalid(field, name, '1 to 64 letters, digits, "_", "." and "-"');
}
