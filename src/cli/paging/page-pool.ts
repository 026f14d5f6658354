/** Jobs spread over worker threads, a fresh one for each. */
import { Worker } from 'node:worker_threads';

import { messageOf } from '../../kernel/errors.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import { type PageJob, type PageMessage, runPageJob } from './page-job.ts';

/** Runs all jobs, at most `threads` at once; one job alone runs here. Resolves when all have ended; messages of different jobs interleave. */
export async function runPageJobs(
  jobs: readonly PageJob[],
  trace: ReferenceTrace,
  threads: number,
  receive: (message: PageMessage) => void,
): Promise<void> {
  const [only] = jobs;
  if (jobs.length === 1 && only !== undefined) return runPageJob(only, trace, receive);
  const waiting = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
      await inWorker(job, trace, receive);
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, lane));
}

function inWorker(
  job: PageJob,
  trace: ReferenceTrace,
  receive: (message: PageMessage) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const entry = new URL(import.meta.url.replace(/page-pool(\.[jt]s)$/, 'page-worker$1'));
    // A Node that reads TypeScript itself starts a thread much faster than through a loader.
    const isNative = process.features.typescript !== undefined && process.features.typescript !== false;
    const worker = new Worker(entry, {
      workerData: { job, trace },
      ...(isNative ? { execArgv: [] } : {}),
    });
    worker.on('message', receive);
    worker.on('error', (error) =>
      receive({ kind: 'failure', what: 'unknown', problem: `${job.policy.name}: ${messageOf(error)}` }),
    );
    worker.on('exit', () => resolve());
  });
}
