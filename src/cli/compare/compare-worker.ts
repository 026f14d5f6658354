/** The entry of a worker thread: policies on one seed of a workload. */
import { parentPort, workerData } from 'node:worker_threads';

import type { ComparedWorkload } from '../../sim/compare/compared-workload.ts';
import { type CompareJob, runCompareJob } from './compare-job.ts';

const { job, shared } = workerData as { job: CompareJob; shared: ComparedWorkload };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
await runCompareJob(job, shared, (message) => parentPort!.postMessage(message));
