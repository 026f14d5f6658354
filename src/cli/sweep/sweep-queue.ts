/** How cells of sweeps go through the database: the queue of a version, what waits in it, and outcomes as they are kept. */
import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import type { KeptOutcome } from '../../adapters/jobs/outcome-table.ts';
import { mostTries, type Work, type WorkQueue } from '../../adapters/jobs/work-queue.ts';
import type { Cell } from '../../sim/sweep/cells.ts';
import { hasFailed, type Outcome } from '../../sim/sweep/outcomes.ts';

const queueStart = 'sweep-';

/** Another version might come to other results: its workers take from another queue. */
export const queueName = (version: string): string => `${queueStart}${version}`;

/** What a worker needs beside the database. A type, as it is JSON. */
export type CellWork = {
  /** JSON: the database would put its members into another order. */
  readonly cell: string;
  /** SHA-256 of its workload. */
  readonly content: string;
};

export function workOf(key: string, cell: Cell, content: string): Work {
  const data: CellWork = { cell: JSON.stringify(cell), content };
  return { key, data };
}

export function keptOutcome(key: string, outcome: Outcome): KeptOutcome {
  return hasFailed(outcome)
    ? { key, text: JSON.stringify(outcome.error), hasFailed: true }
    : { key, text: outcome.result, hasFailed: false };
}

export function outcomeOfKept({ text, hasFailed: isError }: KeptOutcome): Outcome {
  return isError ? { error: JSON.parse(text) as string } : { result: text };
}

/** Cells that no worker has survived are told as failed, by whoever notices first. Returns how many. */
export async function buryDead(queue: WorkQueue, { outcomes }: JobDatabase): Promise<number> {
  const dead = await queue.takeDead();
  await outcomes.put(
    dead.map(({ key }) =>
      keptOutcome(key, {
        error: `given up: ${mostTries} workers, one after another, have died in it or lost the thread that ran it`,
      }),
    ),
  );
  await queue.toldDead(dead);
  return dead.length;
}

/** By version: cells that wait for workers of other versions. */
export async function waitingElsewhere(
  database: JobDatabase,
  version: string,
): Promise<ReadonlyMap<string, number>> {
  const all = await database.waiting(queueStart);
  return new Map(
    [...all]
      .filter(([name, count]) => count > 0 && !name.endsWith('-dead') && name !== queueName(version))
      .map(([name, count]) => [name.slice(queueStart.length), count]),
  );
}
