/** The entry of a worker thread: one policy or several, one after another, on a trace of references. */
import { serveJobs } from '../threads.ts';
import { runPageJobs } from './page-job.ts';

serveJobs(runPageJobs);
