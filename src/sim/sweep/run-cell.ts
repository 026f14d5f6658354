/** One cell on its workload: what every thread and every machine makes the same of. What a kind of cell needs is loaded with the first of them. */
import { assert } from '../../base/assert.ts';
import type { RunFigures } from '../compare/run-figures.ts';
import type { ReferenceTrace } from '../paging/reference-trace.ts';
import type { CellResult } from '../sessions/session-cell.ts';
import type { SessionTrace } from '../sessions/session-trace.ts';
import type { Cell } from './cells.ts';
import type { ComparedFile } from './compare-cell.ts';
import type { PageResult } from './page-cell.ts';

/** A workload, read as the kind of cell asks for it. */
export type ReadWorkload =
  | { readonly kind: 'page'; readonly trace: ReferenceTrace }
  | { readonly kind: 'compare'; readonly file: ComparedFile }
  | { readonly kind: 'sessions'; readonly trace: SessionTrace };

/** By the kind of the cell. Plain data. */
export type Result = PageResult | RunFigures | CellResult;

/** `onProgress` is called with the share that is done, where that is known. Rejects with KernelError for a policy that cannot run there, and with whatever a broken program throws. */
export async function runCell(
  cell: Cell,
  read: ReadWorkload,
  onProgress?: (share: number) => void,
): Promise<Result> {
  if (cell.kind === 'page' && read.kind === 'page')
    return (await import('./page-cell.ts')).runPageCell(cell, read.trace, onProgress);
  if (cell.kind === 'compare' && read.kind === 'compare')
    return (await import('./compare-cell.ts')).runCompareCell(cell, read.file, onProgress);
  assert(cell.kind === 'sessions' && read.kind === 'sessions', () => `${cell.kind} of ${read.kind}`);
  return (await import('./sessions-cell.ts')).runSessionsCell(cell, read.trace);
}

/** Whether the workload can be what the cell asks for, without running it. Rejects with KernelError. */
export async function checkCell(cell: Cell, read: ReadWorkload): Promise<void> {
  if (cell.kind === 'page' && read.kind === 'page')
    (await import('./page-cell.ts')).checkPageCell(cell, read.trace);
  else if (cell.kind === 'compare' && read.kind === 'compare')
    (await import('./compare-cell.ts')).checkCompareCell(cell, read.file);
  else if (cell.kind === 'sessions' && read.kind === 'sessions')
    (await import('./sessions-cell.ts')).checkSessionsCell(cell, read.trace);
}
