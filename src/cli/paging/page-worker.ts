/** The entry of a worker thread: one policy or several, one after another, on a trace of references. */
import { parentPort, workerData } from 'node:worker_threads';

import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import { type PageJob, runPageJobs } from './page-job.ts';

const { job: jobs, shared } = workerData as { job: readonly PageJob[]; shared: ReferenceTrace };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
await runPageJobs(jobs, shared, (message) => parentPort!.postMessage(message));
