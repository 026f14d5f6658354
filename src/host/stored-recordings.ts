/** The recordings of a run that a storage has: one for each kernel that drove it. */
import { isRecord } from '../kernel/budget-limits.ts';
import { firstBranch } from '../kernel/branches.ts';
import type { Json } from '../kernel/ids.ts';
import type { StorageManager } from '../kernel/storage.ts';

export interface StoredRecording {
  readonly session: string;
  /** That the kernel went on with, or began. */
  readonly branch: string;
  /** Line by line, as a file of it would have them. */
  readonly lines: () => AsyncIterable<string>;
}

/** In the order in which the kernels began. */
export async function storedRecordings(
  storage: Pick<StorageManager, 'recordings'>,
  run: string,
): Promise<readonly StoredRecording[]> {
  const sessions = new Map<string, Json[]>();
  for (const { session, lines } of await storage.recordings(run)) {
    const known = sessions.get(session);
    if (known === undefined) sessions.set(session, [...lines]);
    else for (const line of lines) known.push(line);
  }
  return Array.from(sessions, ([session, lines]) => ({
    session,
    branch: branchOf(lines),
    lines: () => textsOf(lines),
  }));
}

async function* textsOf(lines: readonly Json[]): AsyncIterable<string> {
  for (const line of lines) yield JSON.stringify(line);
}

/** A kernel that goes on is told with what; any other begins the run. */
function branchOf(lines: readonly Json[]): string {
  const restored = lines.find((line) => isRecord(line) && line['type'] === 'run.restored') as
    | { readonly processes: readonly { readonly started: { readonly branch: string } }[] }
    | undefined;
  return restored?.processes[0]?.started.branch ?? firstBranch;
}
