/** Policies at capacities on one trace, over worker threads, with progress and notes: what `page` and `curve` do. */
import { KernelError } from '../../kernel/errors.ts';
import type { PageReplayOptions } from '../../sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import type { Io } from '../command.ts';
import { errorOf, type Failure } from '../failure.ts';
import { type PageJob, type PageMessage, type PagePoint, runPageJobs } from './page-job.ts';
import type { PolicyChoice } from './policy-choice.ts';
import { runInThreads } from '../thread-pool.ts';

/** Of all policies at all capacities together. */
const fewReferences = 500_000;
/** References of one policy from which on it pays to have an isolate of its own, where its calls stay monomorphic. */
const longReplay = 1_000_000;

export interface PolicyRunOptions extends Omit<PageReplayOptions, 'capacity'> {
  /** Counts are taken after every so many references; 0: only at the end. */
  readonly interval: number;
  readonly threads: number;
  /** Run beside those that were asked for. */
  readonly beside?: readonly PolicyChoice[];
}

/** In the order in which they end. Throws KernelError INVALID_ARGUMENT when not one of those that were asked for can run. */
export async function runPolicies(
  trace: ReferenceTrace,
  policies: readonly PolicyChoice[],
  capacities: readonly number[],
  options: PolicyRunOptions,
  io: Pick<Io, 'err' | 'progress'>,
): Promise<PagePoint[]> {
  const jobs = jobsOf([...policies, ...(options.beside ?? [])], capacities, options);
  const { points, refusals } = await runAll(jobs, trace, options.threads, io);
  const [refusal] = refusals;
  if (refusal !== undefined && !points.some(({ policy }) => policies.some(({ name }) => name === policy)))
    throw new KernelError('INVALID_ARGUMENT', refusal.problem);
  for (const { policy, capacity, problem } of refusals)
    io.err(`note: ${policy} at capacity ${capacity} is left out: ${problem}`);
  return points;
}

/** One for each policy; where there are fewer than threads, its capacities are divided. The longest-running ones begin. */
function jobsOf(
  policies: readonly PolicyChoice[],
  capacities: readonly number[],
  options: PolicyRunOptions,
): PageJob[] {
  const { unit, seed, tickUs, interval, threads } = options;
  const parts = Math.min(capacities.length, Math.max(1, Math.floor(threads / policies.length)));
  return policies.flatMap((policy) =>
    Array.from({ length: parts }, (_, part) => ({
      policy,
      capacities: capacities.filter((_, index) => index % parts === part),
      unit,
      seed,
      tickUs,
      interval,
    })),
  );
}

type Refusal = Extract<PageMessage, { kind: 'refusal' }>;

/** Throws what made a job fail. */
async function runAll(
  jobs: readonly PageJob[],
  trace: ReferenceTrace,
  threads: number,
  io: Pick<Io, 'err' | 'progress'>,
): Promise<{ points: PagePoint[]; refusals: Refusal[] }> {
  const points: PagePoint[] = [];
  const failures: Failure[] = [];
  const refusals: Refusal[] = [];
  const all = jobs.reduce((sum, { capacities }) => sum + capacities.length, 0) * trace.ids.length;
  let done = 0;
  const receive = (message: PageMessage | Failure): void => {
    switch (message.kind) {
      case 'point':
        points.push(message.point);
        break;
      case 'refusal':
        refusals.push(message);
        break;
      case 'progress':
        done += message.references;
        io.progress(`${((100 * done) / all).toFixed(0)} % of ${jobs.length} policies`);
        break;
      case 'failure':
        failures.push(message);
    }
  };
  // A few references are replayed before a thread has started.
  if (jobs.length === 1 || all <= fewReferences) await runPageJobs(jobs, trace, receive);
  else {
    const shares = all / jobs.length >= longReplay ? jobs.map((job) => [job]) : dealt(jobs, threads);
    await runInThreads(shares, {
      entry: 'paging/page-worker',
      run: runPageJobs,
      shared: trace,
      threads,
      receive,
      io,
    });
  }
  io.progress('');
  const [failure] = failures;
  if (failure !== undefined) throw errorOf(failure);
  return { points, refusals };
}

/** One share for each thread. */
function dealt<Item>(items: readonly Item[], threads: number): Item[][] {
  const shares = Array.from({ length: Math.min(threads, items.length) }, (): Item[] => []);
  for (const [index, item] of items.entries()) shares[index % shares.length]!.push(item);
  return shares;
}

/** As asked for: by policy, then by capacity. What ran only for the gap is left out. */
export function inOrder(
  policies: readonly PolicyChoice[],
  capacities: readonly number[],
  points: readonly PagePoint[],
): PagePoint[] {
  const at = new Map(points.map((point) => [`${point.policy} ${point.capacity}`, point]));
  return policies.flatMap(({ name }) =>
    capacities.flatMap((capacity) => at.get(`${name} ${capacity}`) ?? []),
  );
}
