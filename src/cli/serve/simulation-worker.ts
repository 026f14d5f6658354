/** The entry of a worker thread: a simulation for the server. */
import { serveJobs } from '../threads.ts';
import { runSimulationJob } from './simulation-job.ts';

serveJobs(runSimulationJob);
