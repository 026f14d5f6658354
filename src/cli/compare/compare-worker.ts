/** The entry of a worker thread: policies on one seed of a workload. */
import { serveJobs } from '../threads.ts';
import { runCompareJob } from './compare-job.ts';

serveJobs(runCompareJob);
