/** Jobs spread over worker threads; where this Node cannot start such, one after another in this thread. */
import { availableParallelism } from 'node:os';

import type { Command as CommanderCommand } from 'commander';

import type { Io } from './command.ts';
import type { Failure } from './failure.ts';
import { parseInteger } from './options.ts';
import { threadProblem, Threads, type RunJob, type ThreadOptions, type Told } from './threads.ts';

export function addThreadsFlag(command: CommanderCommand): void {
  command.option(
    '--threads <n>',
    'worker threads (default: one for each processor)',
    (text: string) => parseInteger('--threads', text, { min: 1, max: 1_024 }),
    availableParallelism(),
  );
}

interface Pool<Job, Shared, Message extends Told> extends ThreadOptions<Shared> {
  /** What the entry file serves. */
  readonly run: RunJob<Job, Shared, Message>;
  /** At most so many at once. */
  readonly threads: number;
  readonly receive: (message: Message | Failure) => void;
  readonly io: Pick<Io, 'err'>;
}

/** Resolves when all have ended, or one has failed: that stops the others. Messages of different jobs interleave. `problem`: why no thread can start. */
export async function runInThreads<Job, Shared, Message extends Told>(
  jobs: readonly Job[],
  pool: Pool<Job, Shared, Message>,
  problem = threadProblem(import.meta.url, process),
): Promise<void> {
  const waiting = [...jobs];
  if (problem !== undefined) pool.io.err(`note: all runs in one thread: ${problem}`);
  const threads = new Threads<Job, Shared, Message>(pool);
  const runNext =
    problem === undefined
      ? (job: Job) => threads.run(job, receive)
      : (job: Job) => pool.run(job, pool.shared, receive);
  let hasFailed = false;
  const receive = (message: Message | Failure): void => {
    if (hasFailed) return;
    pool.receive(message);
    if (message.kind !== 'failure') return;
    hasFailed = true;
    waiting.length = 0;
    void threads.stop();
  };
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await runNext(job);
  };
  const lanes = problem === undefined ? Math.min(pool.threads, jobs.length) : 1;
  await Promise.all(Array.from({ length: lanes }, lane));
  await threads.stop();
}
