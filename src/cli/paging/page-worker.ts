/** The entry of a worker thread: one job, then the end. An isolate for each policy, so that its calls stay monomorphic. */
import { parentPort, workerData } from 'node:worker_threads';

import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import { type PageJob, type PageMessage, runPageJob } from './page-job.ts';

const { job, trace } = workerData as { job: PageJob; trace: ReferenceTrace };
await runPageJob(job, trace, (message: PageMessage) => parentPort!.postMessage(message));
