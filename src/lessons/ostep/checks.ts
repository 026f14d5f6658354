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

/** An exercise of more ticks (of each CPU, each process; accesses × frames) is a mistake in its figures, and would fill memory with its answer. */
const mostSimulatedTicks = 2_000_000;

/** Throws KernelError INVALID_ARGUMENT when a simulation goes on for too long. */
export function checkTicks(ticks: number): void {
  if (ticks > mostSimulatedTicks)
    throw invalid('ticks in all', ticks, `a problem of at most ${mostSimulatedTicks} ticks`);
}
