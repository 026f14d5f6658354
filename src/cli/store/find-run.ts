/** A run by what somebody has typed of its name. */
import { currentBranch } from '../../kernel/branches.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { RunSummary, StorageManager } from '../../kernel/storage.ts';

/** A beginning does where no other run has it. Throws KernelError INVALID_ARGUMENT that names what is near. */
export async function findRun(storage: StorageManager, name: string): Promise<RunSummary> {
  const runs = await storage.runs();
  const exact = runs.find(({ run }) => run === name);
  if (exact !== undefined) return exact;
  const begun = runs.filter(
    ({ run }) => name !== '' && (run.startsWith(name) || run.startsWith(`run-${name}`)),
  );
  if (begun.length === 1) return begun[0]!;
  const near = begun.length > 0 ? begun : nearest(runs, name);
  const told =
    near.length === 0
      ? ''
      : `; near it: ${near
          .slice(-3)
          .map(({ run }) => run)
          .join(', ')}`;
  const what = begun.length > 1 ? `${begun.length} runs begin so` : 'there is no such run';
  throw new KernelError(
    'INVALID_ARGUMENT',
    `run ${JSON.stringify(name)}: ${what}${told}; ringzero runs lists them`,
  );
}

/** `RUN`, or `RUN@BRANCH`: one of its branches, where none is named the one with which it goes on. Throws KernelError INVALID_ARGUMENT. */
export async function findBranch(
  storage: StorageManager,
  name: string,
): Promise<{ readonly run: string; readonly branch: string; readonly isCurrent: boolean }> {
  const at = name.lastIndexOf('@');
  const { run } = await findRun(storage, at < 0 ? name : name.slice(0, at));
  const branches = await storage.branches(run);
  if (branches.length === 0)
    throw new KernelError('INVALID_ARGUMENT', `run ${run}: nothing is left of what it did`);
  const current = currentBranch(branches);
  const branch = at < 0 ? current : name.slice(at + 1);
  if (branches.every((one) => one.branch !== branch))
    throw invalid(`run ${run}: branch`, branch, branches.map((one) => one.branch).join(', '));
  return { run, branch, isCurrent: branch === current };
}

/** As findBranch reads it. */
export function branchWords({
  run,
  branch,
  isCurrent,
}: {
  readonly run: string;
  readonly branch: string;
  readonly isCurrent: boolean;
}): string {
  return isCurrent ? run : `${run}@${branch}`;
}

/** Those that differ least, in a third of the letters at most. */
function nearest(runs: readonly RunSummary[], name: string): readonly RunSummary[] {
  const most = Math.floor(name.length / 3);
  const distances = runs.map((run) => ({ run, distance: distanceOf(run.run, name) }));
  const least = Math.min(most, ...distances.map(({ distance }) => distance));
  return distances.filter(({ distance }) => distance === least).map(({ run }) => run);
}

/** Of Levenshtein: letters that are other ones, missing or too many. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let at = 1; at <= a.length; at++) {
    const next = [at];
    for (let index = 1; index <= b.length; index++) {
      const other = a[at - 1] === b[index - 1] ? 0 : 1;
      next.push(Math.min(row[index]! + 1, next[index - 1]! + 1, row[index - 1]! + other));
    }
    row = next;
  }
  return row[b.length]!;
}
