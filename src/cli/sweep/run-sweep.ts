/** The missing cells of a sweep over the worker threads of this machine. */
import type { KeyedCell } from '../../sim/sweep/cells.ts';
import type { Outcome } from '../../sim/sweep/outcomes.ts';
import type { Io } from '../command.ts';
import type { CellThreads } from './cell-threads.ts';
import type { SweepPlan } from './sweep-plan.ts';

export interface SweepRunOptions {
  /** Already known, by key. */
  readonly found: ReadonlyMap<string, Outcome>;
  /** The caller stops them. */
  readonly pool: CellThreads;
  /** As each ends. */
  readonly onOutcome: (cell: KeyedCell, outcome: Outcome) => void;
  readonly io: Pick<Io, 'err' | 'progress'>;
}

/** Resolves when every cell has its outcome. */
export async function runSweep(
  { cells, workloads }: SweepPlan,
  { found, pool, onOutcome, io }: SweepRunOptions,
): Promise<void> {
  const missing = cells.filter(({ key }) => !found.has(key));
  if (pool.problem !== undefined && missing.length > 0)
    io.err(`note: all cells in one thread: ${pool.problem}`);
  let done = cells.length - missing.length;
  let part = 0;
  const tell = (): void => {
    const percent = (100 * (done + part)) / cells.length;
    io.progress(`${percent.toFixed(0)} %: ${done} of ${cells.length} cells`);
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < missing.length) {
      const one = missing[next++]!;
      let own = 0;
      const end = await pool.run({ cell: one.cell, ...workloads.get(one.cell.workload)! }, (share) => {
        own += share;
        part += share;
        tell();
      });
      onOutcome(one, 'outcome' in end ? end.outcome : { error: end.lost });
      done++;
      part -= own;
      tell();
    }
  };
  tell();
  try {
    await Promise.all(Array.from({ length: Math.min(pool.count, missing.length) }, lane));
  } finally {
    io.progress('');
  }
}
