/** One thread of the benchmark on sessions. */
import { parentPort, workerData } from 'node:worker_threads';

import { runTask } from '../../src/sim/sessions/session-grid.ts';
import { recordedSessions, type SessionShare } from './sessions.ts';

const { half, tasks } = workerData as SessionShare;
const trace = await recordedSessions(half);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
parentPort!.postMessage(tasks.map((task) => runTask(trace, task)));
