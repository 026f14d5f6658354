/** Policies at capacities, on one trace: what a worker thread does, or the main one where there is nothing else to do. */
import { KernelError } from '../../kernel/errors.ts';
import { type PageCounts, PageReplay, type PageReplayOptions } from '../../sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import type { Failure } from '../failure.ts';
import { createOf, type PolicyChoice } from './policy-choice.ts';
import { policyFailure } from './policy-failure.ts';

export interface PageJob extends Omit<PageReplayOptions, 'capacity'> {
  readonly policy: PolicyChoice;
  readonly capacities: readonly number[];
  /** Counts are taken after every so many references; 0: only at the end. */
  readonly interval: number;
}

/** What became of one policy at one capacity. */
export interface PagePoint {
  readonly policy: string;
  readonly capacity: number;
  readonly counts: PageCounts;
  /** Policy work alone: the trace is in memory as dense ids. */
  readonly seconds: number;
  /** Counts up to the end of each interval, the last one included. */
  readonly series: readonly PageCounts[];
}

/** Plain data, so that it comes through from a worker. */
export type PageMessage =
  | { readonly kind: 'point'; readonly point: PagePoint }
  /** The policy cannot run at this capacity, or on this trace. */
  | { readonly kind: 'refusal'; readonly policy: string; readonly capacity: number; readonly problem: string }
  /** So many references more have been replayed. */
  | { readonly kind: 'progress'; readonly references: number };

/** References replayed between two reports of progress. */
const stride = 1_000_000;

/** One after another. Never throws. */
export async function runPageJobs(
  jobs: readonly PageJob[],
  trace: ReferenceTrace,
  post: (message: PageMessage | Failure) => void,
): Promise<void> {
  for (const job of jobs) await runPageJob(job, trace, post);
}

async function runPageJob(
  job: PageJob,
  trace: ReferenceTrace,
  post: (message: PageMessage | Failure) => void,
): Promise<void> {
  const { policy, capacities } = job;
  try {
    const create = await createOf(policy);
    for (const capacity of capacities) {
      const replay = created(() => new PageReplay(trace, create, { ...job, capacity }));
      if (replay instanceof KernelError)
        post({ kind: 'refusal', policy: policy.name, capacity, problem: replay.message });
      else post({ kind: 'point', point: pointOf(replay, job, capacity, post) });
    }
  } catch (error) {
    post(policyFailure(error, policy));
  }
}

/** A policy says at its creation that it cannot run. */
function created(create: () => PageReplay): PageReplay | KernelError {
  try {
    return create();
  } catch (error) {
    if (error instanceof KernelError && error.code === 'INVALID_ARGUMENT') return error;
    throw error;
  }
}

function pointOf(
  replay: PageReplay,
  { policy, interval }: PageJob,
  capacity: number,
  post: (message: PageMessage) => void,
): PagePoint {
  const { length } = replay.trace.ids;
  const step = interval === 0 ? length : interval;
  const series: PageCounts[] = [];
  let seconds = 0;
  for (let at = 0; at < length;) {
    const end = Math.min(length, at + stride, (Math.floor(at / step) + 1) * step);
    const start = performance.now();
    replay.run(end);
    seconds += (performance.now() - start) / 1_000;
    post({ kind: 'progress', references: end - at });
    at = end;
    if (interval !== 0 && (at % step === 0 || at === length)) series.push(replay.counts);
  }
  return { policy: policy.name, capacity, counts: replay.counts, seconds, series };
}
