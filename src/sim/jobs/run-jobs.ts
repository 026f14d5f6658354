/**
 * Runs textbook jobs on the kernel, in virtual time: the same scheduler, dispatcher and preemption as for agents, decided once an instant, on jobs
 * without context. What comes out is what textbooks ask for.
 */
import { hourUs } from '../../kernel/budget-limits.ts';
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import type { ToolSpec } from '../../kernel/tools.ts';
import { scripted } from '../../agents/programs.ts';
import { lru } from '../../policies/paging/lru.ts';
import { Simulation } from '../simulation.ts';
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
  /** Ready, but not on a core. */
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
  const { jobs, policy, cores = 1, seed = 1 } = run;
  const log = new SliceLog(jobs.length);
  const simulation = new Simulation({
    kernel: {
      seed,
      scheduling: run.onDecision === undefined ? policy : watched(policy, run.onDecision),
      paging: lru,
      engines: [{ cores, memoryTokens: Math.max(100_000, cores) }],
      tools: [ioDevice],
      programs: [scripted],
      records: false,
    },
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

/** Takes as many requests at once as there are. */
const ioDevice: ToolSpec = {
  name: ioTool,
  description: 'a device that serves every request at once',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: [] }),
  timeoutUs: 7 * 24 * hourUs,
};

/** Slices and ends from the event stream. */
class SliceLog {
  private readonly slices: Slice[] = [];
  /** By job: where in `slices` its last one stands. */
  private readonly lastSlice: number[] = [];
  /** By job: its pid's number comes from the order of arrival. */
  private readonly jobOfPid: number[] = [];
  private readonly running: ({ readonly core: number; readonly fromUs: number } | undefined)[] = [];
  private readonly firstUs: number[];
  private readonly finishUs: number[];

  constructor(jobs: number) {
    this.firstUs = Array.from({ length: jobs }, () => NaN);
    this.finishUs = Array.from({ length: jobs }, () => NaN);
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned':
        this.jobOfPid[event.pid] = Number(event.run.slice('job-'.length));
        return;
      case 'process.dispatched': {
        const job = this.jobOfPid[event.pid]!;
        this.running[job] = { core: event.core, fromUs: event.atUs };
        if (Number.isNaN(this.firstUs[job])) this.firstUs[job] = event.atUs;
        return;
      }
      case 'call.stopped':
        return this.close(event.pid, event.atUs, 'preempted');
      case 'call.ended':
        return this.close(event.pid, event.atUs, 'io');
      case 'process.terminated': {
        const job = this.jobOfPid[event.pid]!;
        this.finishUs[job] = event.atUs;
        const last = this.lastSlice[job]!;
        this.slices[last] = { ...this.slices[last]!, end: 'done' };
        return;
      }
      default:
    }
  }

  private close(pid: number, toUs: number, end: Slice['end']): void {
    const job = this.jobOfPid[pid]!;
    const { core, fromUs } = this.running[job]!;
    this.lastSlice[job] = this.slices.push({ core, job, fromUs, toUs, end }) - 1;
  }

  result(jobs: readonly Job[]): JobsResult {
    const perJob = jobs.map(({ arrivalUs, burstsUs }, job) => {
      const finishUs = this.finishUs[job]!;
      const turnaroundUs = finishUs - arrivalUs;
      const ioUs = burstsUs.reduce((sum, us) => sum + us, 0) - coreTimeUs(burstsUs);
      return {
        job,
        finishUs,
        responseUs: this.firstUs[job]! - arrivalUs,
        turnaroundUs,
        waitingUs: turnaroundUs - coreTimeUs(burstsUs) - ioUs,
      };
    });
    const slices = this.slices.toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs || a.core - b.core);
    return { perJob, slices, makespanUs: perJob.reduce((most, { finishUs }) => Math.max(most, finishUs), 0) };
  }
}
