/** Jobs spread over worker threads, a fresh one for each; where this Node cannot start such, one after another in this thread. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import type { Command as CommanderCommand } from 'commander';

import { messageOf } from '../kernel/errors.ts';
import type { Io } from './command.ts';
import type { Failure } from './failure.ts';
import { parseInteger } from './options.ts';

export function addThreadsFlag(command: CommanderCommand): void {
  command.option(
    '--threads <n>',
    'worker threads (default: one for each processor)',
    (text: string) => parseInteger('--threads', text, { min: 1, max: 1_024 }),
    availableParallelism(),
  );
}

interface Pool<Job, Shared, Message extends Told> {
  /** The file, from this folder and without its ending, that does `run` with `workerData.job` and `workerData.shared` and posts messages. */
  readonly entry: string;
  /** Does one job. Never throws. */
  readonly run: (job: Job, shared: Shared, post: (message: Message | Failure) => void) => Promise<void>;
  /** Cloned for each thread, but for shared memory. */
  readonly shared: Shared;
  /** At most so many at once. */
  readonly threads: number;
  readonly receive: (message: Message | Failure) => void;
  readonly io: Pick<Io, 'err'>;
}

interface Told {
  readonly kind: string;
}

/** Resolves when all have ended, or one has failed: that stops the others. Messages of different jobs interleave. `problem`: why no thread can start. */
export async function runInThreads<Job, Shared, Message extends Told>(
  jobs: readonly Job[],
  pool: Pool<Job, Shared, Message>,
  problem = threadProblem(import.meta.url, process),
): Promise<void> {
  const waiting = [...jobs];
  if (problem !== undefined) pool.io.err(`note: all runs in one thread: ${problem}`);
  const runNext = problem === undefined ? inThread : inThisThread;
  const workers = new Set<Worker>();
  let hasFailed = false;
  const receive = (message: Message | Failure): void => {
    if (hasFailed) return;
    pool.receive(message);
    if (message.kind !== 'failure') return;
    hasFailed = true;
    waiting.length = 0;
    for (const worker of workers) void worker.terminate();
  };
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
      await runNext(job, { ...pool, receive }, workers);
  };
  const lanes = problem === undefined ? Math.min(pool.threads, jobs.length) : 1;
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * Why a module at `url` cannot start a thread of its like; undefined when it can. What a loader teaches an older Node about TypeScript does not reach the threads that it
 * starts; compiled modules need none.
 */
export function threadProblem(
  url: string,
  { features, version }: { readonly features: object; readonly version: string },
): string | undefined {
  if (!url.endsWith('.ts') || readsTypeScript(features)) return undefined;
  return `worker threads from source need a Node that reads TypeScript, 22.18 or later; this one is ${version}`;
}

function readsTypeScript(features: object): boolean {
  return 'typescript' in features && features.typescript !== false;
}

/** `workers`: those that run. */
function inThread<Job, Shared, Message extends Told>(
  job: Job,
  { entry, shared, receive }: Pool<Job, Shared, Message>,
  workers: Set<Worker>,
): Promise<void> {
  return new Promise((resolve) => {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    // A Node that reads TypeScript itself starts a thread much faster than through a loader.
    const worker = new Worker(new URL(`${entry}.${ending}`, import.meta.url), {
      workerData: { job, shared },
      ...(readsTypeScript(process.features) ? { execArgv: [] } : {}),
    });
    workers.add(worker);
    worker.on('message', receive);
    worker.on('error', (error) => receive({ kind: 'failure', what: 'unknown', problem: messageOf(error) }));
    worker.on('exit', () => {
      workers.delete(worker);
      resolve();
    });
  });
}

function inThisThread<Job, Shared, Message extends Told>(
  job: Job,
  { run, shared, receive }: Pool<Job, Shared, Message>,
): Promise<void> {
  return run(job, shared, receive);
}
