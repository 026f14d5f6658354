/** Jobs spread over worker threads, a fresh one for each. */
import { Worker } from 'node:worker_threads';

import { messageOf } from '../../kernel/errors.ts';
import type { Failure } from './failure.ts';

interface Pool<Message> {
  /** The file, in this folder and without its ending, that runs `workerData.job` on `workerData.shared` and posts messages. */
  readonly entry: string;
  /** Cloned for each thread, but for shared memory. */
  readonly shared: unknown;
  /** At most so many at once. */
  readonly threads: number;
  readonly receive: (message: Message | Failure) => void;
}

/** Resolves when all have ended; messages of different jobs interleave. */
export async function runInThreads<Message>(jobs: readonly unknown[], pool: Pool<Message>): Promise<void> {
  const waiting = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await inThread(job, pool);
  };
  await Promise.all(Array.from({ length: Math.min(pool.threads, jobs.length) }, lane));
}

function inThread<Message>(job: unknown, { entry, shared, receive }: Pool<Message>): Promise<void> {
  return new Promise((resolve) => {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const { features } = process;
    // A Node that reads TypeScript itself starts a thread much faster than through a loader.
    const isNative = 'typescript' in features && features.typescript !== false;
    const worker = new Worker(new URL(`${entry}.${ending}`, import.meta.url), {
      workerData: { job, shared },
      ...(isNative ? { execArgv: [] } : {}),
    });
    worker.on('message', receive);
    worker.on('error', (error) => receive({ kind: 'failure', what: 'unknown', problem: messageOf(error) }));
    worker.on('exit', () => resolve());
  });
}
