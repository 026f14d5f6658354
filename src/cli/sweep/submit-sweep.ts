/** The missing cells of a sweep, computed by workers on whatever machines: handed out through the database, and gathered from there. */
import { setTimeout as pause } from 'node:timers/promises';

import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import type { KeyedCell } from '../../sim/sweep/cells.ts';
import type { Outcome } from '../../sim/sweep/outcomes.ts';
import type { Io } from '../command.ts';
import { shareWorkload } from './shared-workloads.ts';
import type { SweepPlan } from './sweep-plan.ts';
import { buryDead, outcomeOfKept, queueName, workOf } from './sweep-queue.ts';

export interface SubmitOptions {
  /** Already known, by key. */
  readonly found: ReadonlyMap<string, Outcome>;
  /** As each ends. */
  readonly onOutcome: (cell: KeyedCell, outcome: Outcome) => void;
  readonly io: Pick<Io, 'err' | 'progress'>;
}

/** Between two looks for results, ms. */
const lookMs = 200;
/** Cells that are asked for in one look. */
const mostAsked = 2_000;
/** After so long without a worker that is told, ms. */
const lonelyMs = 5_000;
/** After so long, what is missing is handed out again: somebody may have emptied the queue. */
const againMs = 60_000;

/** Resolves when every cell has its outcome. */
export async function submitSweep(
  plan: SweepPlan,
  database: JobDatabase,
  { found, onOutcome, io }: SubmitOptions,
): Promise<void> {
  const missing = new Map(plan.cells.filter(({ key }) => !found.has(key)).map((one) => [one.key, one]));
  const gather = async (keys: readonly string[], areFailedTaken: boolean): Promise<void> => {
    for (const kept of await database.outcomes.get(keys)) {
      const one = missing.get(kept.key);
      if (one === undefined || (kept.hasFailed && !areFailedTaken)) continue;
      missing.delete(kept.key);
      onOutcome(one, outcomeOfKept(kept));
    }
  };
  // What others have computed is there already; what has failed is tried again.
  for (const keys of chunks([...missing.keys()])) await gather(keys, false);
  if (missing.size === 0) return;
  const queue = await database.queue(queueName(plan.version));
  // What was given up before is none of what is handed out now.
  while ((await buryDead(queue, database)) > 0);
  await database.outcomes.forgetFailed([...missing.keys()]);
  for (const name of new Set([...missing.values()].map(({ cell }) => cell.workload))) {
    const { path, content } = plan.workloads.get(name)!;
    io.progress(`handing out ${name}`);
    await shareWorkload(database.files, path, content);
  }
  const handOut = (): Promise<void> =>
    queue.put(
      [...missing.values()].map(({ key, cell }) =>
        workOf(key, cell, plan.workloads.get(cell.workload)!.content),
      ),
    );
  await handOut();
  const started = performance.now();
  let handedOut = started;
  let isLonelyTold = false;
  let isLost = false;
  while (missing.size > 0) {
    try {
      await gather([...missing.keys()].slice(0, mostAsked), true);
      await buryDead(queue, database);
      const { underWay, waiting } = await queue.counts();
      const done = plan.cells.length - missing.size;
      io.progress(`${done} of ${plan.cells.length} cells, ${underWay} under way, ${waiting} wait`);
      const now = performance.now();
      if (!isLonelyTold && underWay === 0 && waiting > 0 && now - started > lonelyMs) {
        isLonelyTold = true;
        io.err('note: nobody works on it yet; ringzero worker --database URL does, on any machine');
      }
      if (now - handedOut > againMs) {
        handedOut = now;
        await handOut();
      }
      isLost = false;
    } catch (thrown) {
      const error = database.error(thrown);
      if (error.code !== 'STORAGE_UNAVAILABLE') throw error;
      if (!isLost) io.err(`note: ${error.message}; it is tried again`);
      isLost = true;
      await pause(1_000);
    }
    if (missing.size > 0) await pause(lookMs);
  }
  io.progress('');
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += mostAsked) parts.push(items.slice(at, at + mostAsked));
  return parts;
}
