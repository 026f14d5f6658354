/**
 * The textbook's jobs: bursts of computing with input and output between them. A burst is a model call of a fixed time, an
 * input or output is a call of the tool `disk`; each job's context is one page of its own.
 */
import { exponential } from '../../base/distributions.ts';
import { clampInteger } from '../../base/math.ts';
import { rngFor } from '../../base/rng.ts';
import type { Rng } from '../../base/rng.ts';
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { invalid } from '../../kernel/errors.ts';
import { withArrivals } from './arrivals.ts';
import type { Arrivals } from './arrivals.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';

export interface JobOptions {
  /** Jobs, 1 to 1,000,000. */
  readonly count: number;
  readonly seed: number | string;
  readonly arrivals?: Exclude<Arrivals, { kind: 'recorded' }>;
  /** Bursts of each job, 1 to 100,000; between two there is one input or output. */
  readonly bursts?: number;
  /** 0 to 1: the chance that a job is bound by computing (long bursts) rather than by input and output (short ones). */
  readonly computeBoundShare?: number;
  /** Mean of the exponential distribution, µs, from 1. */
  readonly longBurstUs?: number;
  readonly shortBurstUs?: number;
  readonly ioUs?: number;
  /** Tokens of the job's page, from 1, and of each burst's answer, from 0. */
  readonly pageTokens?: number;
  readonly answerTokens?: number;
  /** One is drawn for each job, evenly; each 0 to 100. */
  readonly priorities?: readonly number[];
}

/** One job in five computes for long. */
export const jobDefaults: Required<Omit<JobOptions, 'count' | 'seed'>> = {
  arrivals: { kind: 'all' },
  bursts: 10,
  computeBoundShare: 0.2,
  longBurstUs: 1_000_000,
  shortBurstUs: 50_000,
  ioUs: 500_000,
  pageTokens: 1000,
  answerTokens: 100,
  priorities: [50],
};

/** One agent per job, `compute-N` or `io-N`, each with a stream of its own. Throws KernelError INVALID_ARGUMENT. */
export function generateJobs(options: JobOptions): Workload {
  const complete = { ...jobDefaults, ...options };
  checkOptions(complete);
  const agents = Array.from({ length: complete.count }, (_, index) =>
    jobOf(index + 1, complete, rngFor(complete.seed, `jobs/${index + 1}`)),
  );
  const workload = workloadOf('jobs', 'generated', agents);
  return withArrivals(workload, complete.arrivals, complete.seed, 'arrivals');
}

function jobOf(number: number, options: Required<JobOptions>, rng: Rng): AgentSpec {
  const { bursts, computeBoundShare, longBurstUs, shortBurstUs, ioUs, priorities } = options;
  const { pageTokens, answerTokens } = options;
  const isComputeBound = rng.next() < computeBoundShare;
  const name = `${isComputeBound ? 'compute' : 'io'}-${number}`;
  const priority = priorities[rng.integer(priorities.length)]!;
  const burst = exponential({ mean: isComputeBound ? longBurstUs : shortBurstUs });
  const io = exponential({ mean: ioUs });
  const steps: AgentStep[] = [
    { op: 'context', space: name, blockTokens: pageTokens, keep: 0, runs: [[0, 1]] },
  ];
  for (let index = 0; index < bursts; index++) {
    if (index > 0) steps.push(disk(drawUs(io, rng)));
    steps.push({ op: 'think', tokensOut: answerTokens, durationUs: drawUs(burst, rng) });
  }
  return { name, priority, steps };
}

/** What it reads or writes is no part of the context. */
function disk(durationUs: number): AgentStep {
  return { op: 'tools', calls: [{ tool: 'disk', arguments: {}, result: '', durationUs }], keep: false };
}

function drawUs(sample: (rng: Rng) => number, rng: Rng): number {
  return clampInteger(sample(rng), 1, Number.MAX_SAFE_INTEGER);
}

function checkOptions(options: Required<JobOptions>): void {
  const { count, bursts, computeBoundShare, longBurstUs, shortBurstUs, ioUs, pageTokens, answerTokens } =
    options;
  checkInteger('count', count, 1, 1_000_000);
  checkInteger('bursts', bursts, 1, 100_000);
  checkInteger('pageTokens', pageTokens, 1, 1_000_000_000);
  checkInteger('answerTokens', answerTokens, 0, 1_000_000_000);
  for (const [field, us] of Object.entries({ longBurstUs, shortBurstUs, ioUs })) {
    checkInteger(field, us, 1, 1_000_000_000_000);
  }
  if (!(computeBoundShare >= 0 && computeBoundShare <= 1)) {
    throw invalid('computeBoundShare', computeBoundShare, 'a number from 0 to 1');
  }
  if (options.priorities.length === 0) throw invalid('priorities', '[]', 'at least one priority');
  for (const priority of options.priorities) {
    if (!(priority >= 0 && priority <= 100)) throw invalid('priorities', priority, 'numbers from 0 to 100');
  }
}

function checkInteger(field: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(field, value, `an integer from ${min} to ${max}`);
}
