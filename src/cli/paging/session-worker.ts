/** The entry of a worker thread: one policy on recorded sessions. */
import { parentPort, workerData } from 'node:worker_threads';

import type { SessionTrace } from '../../sim/sessions/session-trace.ts';
import { runSessionJob, type SessionJob } from './session-job.ts';

const { job, shared } = workerData as { job: SessionJob; shared: SessionTrace };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
await runSessionJob(job, shared, (message) => parentPort!.postMessage(message));
