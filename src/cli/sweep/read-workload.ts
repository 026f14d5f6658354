/** A workload of a sweep from its file, as a kind of cell takes it. */
import { openInputFile } from '../../adapters/files/input-file.ts';
import type { CellKind } from '../../sim/sweep/cells.ts';
import type { ReadWorkload } from '../../sim/sweep/run-cell.ts';
import { isScenario } from '../../sim/workloads/detect.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import { readSessions } from '../paging/read-sessions.ts';
import { readReferences } from '../read-references.ts';

/** Throws KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function readSweepWorkload(kind: CellKind, path: string): Promise<ReadWorkload> {
  if (kind === 'page') return { kind, trace: (await readReferences(path)).trace };
  if (kind === 'sessions') return { kind, trace: await readSessions(path) };
  const file = await openInputFile(path);
  return isScenario(await file.head())
    ? { kind, name: file.name, scenario: await file.text() }
    : { kind, workload: await readWorkload(file, '; or a scenario (JSON object with agents)') };
}
