/** A workload of a sweep from its file, as a kind of cell takes it. */
import type { CellKind } from '../../sim/sweep/cells.ts';
import type { ReadWorkload } from '../../sim/sweep/run-cell.ts';
import { openInputFile } from '../../adapters/files/input-file.ts';

/** Rejects with KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function readSweepWorkload(kind: CellKind, path: string): Promise<ReadWorkload> {
  // Each thread loads what it needs, and no more: it is to begin at once.
  if (kind === 'page') {
    const { readReferences } = await import('../read-references.ts');
    return { kind, trace: (await readReferences(path)).trace };
  }
  if (kind === 'sessions') {
    const { readSessions } = await import('../paging/read-sessions.ts');
    return { kind, trace: await readSessions(path) };
  }
  const file = await openInputFile(path);
  const { isScenario } = await import('../../sim/workloads/detect.ts');
  if (isScenario(await file.head()))
    return { kind, file: { kind: 'scenario', name: file.name, text: await file.text() } };
  const { readWorkload } = await import('../../sim/workloads/read-workload.ts');
  const workload = await readWorkload(file, '; or a scenario (JSON object with agents)');
  return { kind, file: { kind: 'recorded', workload } };
}
