/** The entry of a worker thread: cells of a sweep, one after another. */
import { serveJobs } from '../threads.ts';
import { runCellJob } from './cell-job.ts';

serveJobs(runCellJob);
