/** Every policy on every seed, over worker threads, with progress. */
import type { ComparedWorkload } from '../../sim/compare/compared-workload.ts';
import type { PolicyRuns } from '../../sim/compare/comparison.ts';
import type { RunFigures } from '../../sim/compare/run-figures.ts';
import type { Io } from '../command.ts';
import { errorOf, type Failure } from '../failure.ts';
import { runInThreads } from '../thread-pool.ts';
import {
  runCompareJob,
  type ComparedScheduler,
  type CompareJob,
  type CompareMessage,
} from './compare-job.ts';

export interface CompareRuns {
  readonly schedulers: readonly ComparedScheduler[];
  readonly seeds: readonly number[];
  readonly check: boolean;
  /** 1: in this thread. */
  readonly threads: number;
}

/** Shares of the work for each thread: so that none is idle for long while the last ones run. */
const sharesPerThread = 3;

/** In the order of the policies, each by seed. Throws what made a run fail, at once: the others are stopped. */
export async function runComparison(
  compared: ComparedWorkload,
  runs: CompareRuns,
  io: Pick<Io, 'err' | 'progress'>,
): Promise<PolicyRuns[]> {
  const { schedulers, seeds, threads } = runs;
  const found = new Map<string, RunFigures>();
  let failure: Failure | undefined;
  const all = schedulers.length * seeds.length;
  let done = 0;
  const receive = (message: CompareMessage | Failure): void => {
    if (message.kind === 'failure') failure ??= message;
    else if (message.kind === 'run') found.set(keyOf(message.scheduler, message.seed), message.figures);
    else {
      done += message.runs;
      io.progress(`${((100 * done) / all).toFixed(0)} % of ${all} runs`);
    }
  };
  const jobs = jobsOf(runs);
  if (threads === 1)
    for (const job of jobs) {
      await runCompareJob(job, compared, receive);
      if (failure !== undefined) break;
    }
  else
    await runInThreads(jobs, {
      entry: 'compare/compare-worker',
      run: runCompareJob,
      shared: compared,
      threads,
      receive,
      io,
    });
  io.progress('');
  if (failure !== undefined) throw errorOf(failure);
  return schedulers.map(({ name }) => ({
    scheduler: name,
    runs: seeds.map((seed) => found.get(keyOf(name, seed))!),
  }));
}

/** Policies on one seed share what it makes of the workload; where there are few seeds they are divided. */
function jobsOf({ schedulers, seeds, threads, check }: CompareRuns): CompareJob[] {
  const wanted = threads === 1 ? 1 : Math.ceil((threads * sharesPerThread) / seeds.length);
  const parts = Math.min(schedulers.length, wanted);
  return seeds.flatMap((seed) =>
    Array.from({ length: parts }, (_, part) => ({
      seed,
      schedulers: schedulers.filter((_, index) => index % parts === part),
      check,
    })),
  );
}

function keyOf(scheduler: string, seed: number): string {
  return `${seed} ${scheduler}`;
}
