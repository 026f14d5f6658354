/** The recordings of a run that a storage has: one for each kernel that drove it. */
import type { Json } from '../kernel/ids.ts';
import type { StorageManager } from '../kernel/storage.ts';

export interface StoredRecording {
  readonly session: string;
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
  return Array.from(sessions, ([session, lines]) => ({ session, lines: () => textsOf(lines) }));
}

async function* textsOf(lines: readonly Json[]): AsyncIterable<string> {
  for (const line of lines) yield JSON.stringify(line);
}
