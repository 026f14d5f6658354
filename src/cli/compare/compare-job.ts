/** Policies on one seed of a workload: what a worker thread does, or the main one where there is little to do. */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { compareRun } from '../../sim/compare/compare-run.ts';
import { seededWorkload, type ComparedWorkload } from '../../sim/compare/compared-workload.ts';
import type { RunFigures } from '../../sim/compare/run-figures.ts';
import { type Failure, failureOf } from '../failure.ts';
import { importPolicy, type OwnPolicyFile } from '../own-policy.ts';

/** Plain data: it is handed to worker threads. */
export interface ComparedScheduler {
  /** As given: what rows of results say. */
  readonly name: string;
  /** A user's own. */
  readonly file?: OwnPolicyFile;
}

export interface CompareJob {
  readonly seed: number;
  readonly schedulers: readonly ComparedScheduler[];
  /** Every promise of the design is watched. */
  readonly check: boolean;
}

export type CompareMessage =
  | { readonly kind: 'run'; readonly scheduler: string; readonly seed: number; readonly figures: RunFigures }
  /** So much more of a run is done, 0 to 1. */
  | { readonly kind: 'progress'; readonly runs: number };

/** Of a run, between two reports of progress. */
const progressStep = 0.05;

/** One after another. Never throws: a failure names policy and seed, and ends the job. */
export async function runCompareJob(
  { seed, schedulers, check }: CompareJob,
  compared: ComparedWorkload,
  post: (message: CompareMessage | Failure) => void,
): Promise<void> {
  let name = '';
  try {
    const seeded = seededWorkload(compared, seed);
    for (const scheduler of schedulers) {
      ({ name } = scheduler);
      const own =
        scheduler.file === undefined
          ? undefined
          : await importPolicy<CreateSchedulingPolicy>('--scheduler', name, scheduler.file.path);
      let told = 0;
      const figures = compareRun(seeded, name, {
        ...(own === undefined ? {} : { own }),
        check,
        onProgress(share) {
          if (share < told + progressStep) return;
          post({ kind: 'progress', runs: share - told });
          told = share;
        },
      });
      post({ kind: 'run', scheduler: name, seed, figures });
      post({ kind: 'progress', runs: 1 - told });
    }
  } catch (error) {
    post(failureOf(error, name === '' ? `seed ${seed}` : `${name}, seed ${seed}`));
  }
}
