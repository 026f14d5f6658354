/** The entry of a worker thread: one policy on recorded sessions. */
import { serveJobs } from '../threads.ts';
import { runSessionJob } from './session-job.ts';

serveJobs(runSessionJob);
