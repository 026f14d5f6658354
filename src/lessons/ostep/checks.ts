/** What every problem must be, whoever wrote it: what the homework programs crash on or never end with is refused in one line. */
import { invalid } from '../../kernel/errors.ts';

/** Throws KernelError INVALID_ARGUMENT unless `value` is an integer of at least `min`. */
export function checkInteger(field: string, value: number, min: number): void {
  if (!Number.isInteger(value) || value < min) throw invalid(field, value, `an integer from ${min} up`);
}

/** Throws KernelError INVALID_ARGUMENT for a list without entries. */
export function checkNotEmpty(field: string, list: readonly unknown[]): void {
  if (list.length === 0) throw invalid(field, 'nothing', 'one or several');
}

/** An exercise of more ticks is a mistake in its figures: nobody reads its answer. */
const mostTicks = 200_000;
/** What an answer that shows several things at each instant may have of them: more would fill memory. */
const mostCells = 2_000_000;

/** Throws KernelError INVALID_ARGUMENT when a simulation goes on for too long. */
export function checkTicks(ticks: number): void {
  if (ticks > mostTicks)
    throw invalid('ticks in all', ticks, `at most ${mostTicks}, with fewer or shorter jobs`);
}

/** Throws KernelError INVALID_ARGUMENT when an answer grows too large. `what`: what is multiplied, such as `ticks × CPUs`. */
export function checkCells(what: string, cells: number): void {
  if (cells > mostCells) throw invalid(what, cells, `at most ${mostCells}`);
}
