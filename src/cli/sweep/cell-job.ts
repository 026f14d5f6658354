/** One cell of a sweep with the file of its workload: what a worker thread does. */
import { openInputFile } from '../../adapters/files/input-file.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Cell } from '../../sim/sweep/cells.ts';
import { failedOutcome, outcomeOf, type Outcome } from '../../sim/sweep/outcomes.ts';
import { runCell, type ReadWorkload } from '../../sim/sweep/run-cell.ts';
import { readSweepWorkload } from './read-workload.ts';

/** Plain data: it is handed to worker threads. */
export interface CellJob {
  readonly cell: Cell;
  readonly path: string;
  /** SHA-256 of the content. */
  readonly content: string;
}

export type CellMessage =
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  /** So much more of the cell is done, 0 to 1. */
  | { readonly kind: 'progress'; readonly share: number };

/** Cells of one workload stand beside each other; two, as one grid after another may take them in turns. */
const mostKept = 2;
/** The last ones that were read in this thread, by kind and content. */
const kept = new Map<string, ReadWorkload>();

/** Never throws: what goes wrong is the outcome of the cell. */
export async function runCellJob(
  { cell, path, content }: CellJob,
  _shared: undefined,
  post: (message: CellMessage) => void,
): Promise<void> {
  try {
    const name = `${cell.kind} ${content}`;
    const read = kept.get(name) ?? (await unchangedWorkload(cell, path, content));
    kept.delete(name);
    kept.set(name, read);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    let told = 0;
    const outcome = outcomeOf(
      await runCell(cell, read, (share) => {
        if (share < told + progressStep) return;
        post({ kind: 'progress', share: share - told });
        told = share;
      }),
    );
    post({ kind: 'outcome', outcome });
  } catch (error) {
    post({ kind: 'outcome', outcome: failedOutcome(error) });
  }
}

/** Results are kept under the content that it had when the sweep began. Throws KernelError INVALID_FILE: it has another now. */
async function unchangedWorkload(
  { kind, workload }: Cell,
  path: string,
  content: string,
): Promise<ReadWorkload> {
  const read = await readSweepWorkload(kind, path);
  if ((await (await openInputFile(path)).sha256()) === content) return read;
  throw new KernelError('INVALID_FILE', `${workload}: has changed since the sweep began`);
}

/** Of a cell, between two reports of progress. */
const progressStep = 0.05;
