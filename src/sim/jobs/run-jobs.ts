/**
 * Runs textbook jobs on the kernel, in virtual time: the same scheduler, dispatcher and preemption as for agents, decided once an instant, on jobs
 * without context. What comes out is what textbooks ask for.
 */
import { assert } from '../../base/assert.ts';
import { hourUs } from '../../kernel/budget-limits.ts';
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import type { ToolSpec } from '../../kernel/tools.ts';
import { scripted } from '../../agents/programs.ts';
import { lru } from '../../policies/paging/lru.ts';
import { Simulation, type SimulationOptions } from '../simulation.ts';
import { watched, type Decision } from './decisions.ts';
import { agentOf, coreTimeUs, ioTool, type Job } from './job.ts';

export interface JobsRun {
  /** In the order of the list they arrive where they arrive at one instant. */
  readonly jobs: readonly Job[];
  readonly policy: CreateSchedulingPolicy;
  /** Default 1. */
  readonly cores?: number;
  /** Every stream of chance derives from it; default 1. */
  readonly seed?: number;
  /** Every choice of the policy, as it happens. */
  readonly onDecision?: (decision: Decision) => void;
  readonly onEvent?: (event: KernelEvent) => void;
  /** Default: any number. */
  readonly sliceLimit?: SliceLimit;
}

/** More slices than `most` end the run with the error that `exceeded` makes; `atUs`: how far it had come. */
interface SliceLimit {
  readonly most: number;
  readonly exceeded: (atUs: number) => Error;
}

/** Times are µs. Jobs and slices are numbered as in the list, from 0. */
export interface JobsResult {
  readonly perJob: readonly JobResult[];
  /** In order of time, then core; adjacent slices of a job on one core are separate. */
  readonly slices: readonly Slice[];
  readonly makespanUs: number;
}
interface JobResult {
  readonly job: number;
  readonly finishUs: number;
  /** From its arrival to its first moment on a core. */
  readonly responseUs: number;
  /** From its arrival to its end. */
  readonly turnaroundUs: number;
  /** Ready, but not on a core. With the core time and the I/O of its bursts exactly its turnaround. */
  readonly waitingUs: number;
}
interface Slice {
  readonly core: number;
  readonly job: number;
  readonly fromUs: number;
  readonly toUs: number;
  /** The job ended with it; else it was preempted or began I/O. */
  readonly end: 'done' | 'preempted' | 'io';
}

/** Throws KernelError for a job that is not as its type says, and POLICY_BROKEN for a policy that breaks its contract. */
export function runJobs(run: JobsRun): JobsResult {
  const { jobs } = run;
  const log = new JobLog(jobs.length, run.sliceLimit);
  const simulation = new Simulation({
    kernel: jobsKernel(run),
    decideAfter: 'instant',
    onEvent: (event) => {
      log.onEvent(event);
      run.onEvent?.(event);
    },
  });
  for (const [index, job] of jobs.entries()) {
    const agent = agentOf(job);
    simulation.spawn(job.arrivalUs, {
      program: 'scripted',
      arguments: agent as unknown as Json,
      name: job.name,
      run: `job-${index}`,
      ...(agent.priority === undefined ? {} : { priority: agent.priority }),
      scheduling: agent.scheduling!,
    });
  }
  simulation.run();
  return log.result(jobs);
}

/** The kernel that they run on. */
export function jobsKernel({
  policy,
  onDecision,
  cores = 1,
  seed = 1,
}: Omit<JobsRun, 'jobs' | 'onEvent'>): SimulationOptions['kernel'] {
  return {
    seed,
    scheduling: onDecision === undefined ? policy : watched(policy, onDecision),
    paging: lru,
    engines: [{ cores, memoryTokens: Math.max(100_000, cores) }],
    tools: [ioDevice],
    programs: [scripted],
    records: false,
  };
}

/** Takes as many requests at once as there are. */
const ioDevice: ToolSpec = {
  name: ioTool,
  description: 'a device that serves every request at once',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: [] }),
  timeoutUs: 7 * 24 * hourUs,
};

/** What a job does at an instant. */
type JobState = 'ready' | 'running' | 'io' | 'done';

/** Where the time of a job went, µs. */
type TimeSplit = Record<JobState, number>;

/** Slices, ends and where the time went, from the event stream alone. */
class JobLog {
  private readonly limit: SliceLimit | undefined;
  private readonly slices: Slice[] = [];
  /** By job: where in `slices` its last one stands. */
  private readonly lastSlice: number[] = [];
  /** By job: its pid's number comes from the order of arrival. */
  private readonly jobOfPid: number[] = [];
  /** By job, from its arrival on. */
  private readonly states: { state: JobState; sinceUs: number; core: number; readonly splitUs: TimeSplit }[] =
    [];
  private readonly firstUs: number[];
  private readonly finishUs: number[];

  constructor(jobs: number, limit: SliceLimit | undefined) {
    this.limit = limit;
    this.firstUs = Array.from({ length: jobs }, () => NaN);
    this.finishUs = Array.from({ length: jobs }, () => NaN);
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned': {
        const job = Number(event.run.slice('job-'.length));
        this.jobOfPid[event.pid] = job;
        const splitUs = { ready: 0, running: 0, io: 0, done: 0 };
        this.states[job] = { state: 'ready', sinceUs: event.atUs, core: -1, splitUs };
        return;
      }
      case 'process.ready':
        return this.enter(event.pid, 'ready', event.atUs);
      case 'process.waiting':
        return this.enter(event.pid, 'io', event.atUs);
      case 'process.dispatched': {
        const job = this.jobOfPid[event.pid]!;
        this.enter(event.pid, 'running', event.atUs);
        this.states[job]!.core = event.core;
        if (Number.isNaN(this.firstUs[job])) this.firstUs[job] = event.atUs;
        return;
      }
      case 'call.stopped':
        this.close(event.pid, event.atUs, 'preempted');
        return this.enter(event.pid, 'ready', event.atUs);
      case 'call.ended':
        this.close(event.pid, event.atUs, 'io');
        return this.enter(event.pid, 'io', event.atUs);
      case 'process.terminated': {
        const job = this.jobOfPid[event.pid]!;
        this.enter(event.pid, 'done', event.atUs);
        this.finishUs[job] = event.atUs;
        const last = this.lastSlice[job]!;
        this.slices[last] = { ...this.slices[last]!, end: 'done' };
        return;
      }
      default:
    }
  }

  private enter(pid: number, state: JobState, atUs: number): void {
    const now = this.states[this.jobOfPid[pid]!]!;
    now.splitUs[now.state] += atUs - now.sinceUs;
    now.state = state;
    now.sinceUs = atUs;
  }

  private close(pid: number, toUs: number, end: Slice['end']): void {
    const job = this.jobOfPid[pid]!;
    const { core, sinceUs: fromUs } = this.states[job]!;
    this.lastSlice[job] = this.slices.push({ core, job, fromUs, toUs, end }) - 1;
    if (this.limit !== undefined && this.slices.length > this.limit.most) throw this.limit.exceeded(toUs);
  }

  result(jobs: readonly Job[]): JobsResult {
    const perJob = jobs.map(({ name, arrivalUs, burstsUs }, job) => {
      const finishUs = this.finishUs[job]!;
      const turnaroundUs = finishUs - arrivalUs;
      const { ready, running, io } = this.states[job]!.splitUs;
      const coreUs = coreTimeUs(burstsUs);
      const ioUs = burstsUs.reduce((sum, us) => sum + us, 0) - coreUs;
      assert(running === coreUs, () => `${name} ran for ${running} µs, not for ${coreUs}`);
      assert(io === ioUs, () => `${name} did I/O for ${io} µs, not for ${ioUs}`);
      assert(
        ready + running + io === turnaroundUs,
        () => `${name}: ${ready} + ${running} + ${io} µs are not its turnaround, ${turnaroundUs}`,
      );
      return {
        job,
        finishUs,
        responseUs: this.firstUs[job]! - arrivalUs,
        turnaroundUs,
        waitingUs: ready,
      };
    });
    const slices = this.slices.toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs || a.core - b.core);
    return { perJob, slices, makespanUs: perJob.reduce((most, { finishUs }) => Math.max(most, finishUs), 0) };
  }
}
