/**
 * The rule set of OSTEP's multi-level feedback queue, tick by tick.
 *
 * Not built on a scheduling policy of the kernel, which removes the process that it picks and slices time in one piece: here the choice is made anew each
 * tick, the running job stays at the head of its queue and keeps its place and the rest of its slice when it is preempted, an allotment is a number of
 * slices, and a boost takes the lowest queue first. What else is odd: a boost refills the running job's slice, too; with `stay` an I/O at the very end of
 * a slice still costs a slice; an allotment below 1 never runs out, and a slice of 0 never ends.
 *
 * Levels: the highest is queues - 1, the lowest 0. Time in ticks from 0.
 * Source of the rules: the behaviour of mlfq.py of 2025-10-26. The idea: F. J. Corbató et al., "An Experimental Time-Sharing System", 1962.
 */
import { invalid } from '../../kernel/errors.ts';
import { checkInteger, checkNotEmpty, checkTicks } from './checks.ts';
import { mean, twoDecimals } from './two-decimals.ts';

export interface MlfqOptions {
  readonly numQueues: number;
  /** [queue, highest first] ticks of a slice; 0: it never ends. */
  readonly quantum: readonly number[];
  /** [queue, highest first] slices until a job drops a level; less than 1: it never does. */
  readonly allotment: readonly number[];
  /** Ticks between boosts; 0: none. */
  readonly boost: number;
  /** Ticks of an I/O, from 0. */
  readonly ioTime: number;
  /** Whether an I/O refills slice and allotment. */
  readonly stay: boolean;
  /** Whether a job whose I/O ended enters its queue at the front. */
  readonly iobump: boolean;
}

export interface MlfqJob {
  readonly job: number;
  readonly arrival: number;
  /** Run time, from 1. */
  readonly length: number;
  /** Run time between I/Os; 0: none. */
  readonly ioFreq: number;
}

export interface MlfqProblem {
  readonly options: MlfqOptions;
  readonly jobs: readonly MlfqJob[];
}

type MlfqEvent =
  | { readonly time: number; readonly type: 'BOOST' }
  | {
      readonly time: number;
      readonly type: 'JOB_BEGINS' | 'IO_START' | 'IO_DONE' | 'FINISHED';
      readonly job: number;
    };

export interface MlfqAnswer {
  readonly perJob: readonly {
    readonly job: number;
    readonly startTime: number;
    readonly response: number;
    readonly turnaround: number;
    readonly wait: number;
  }[];
  readonly average: { readonly response: number; readonly turnaround: number };
  readonly averageExact: { readonly response: number; readonly turnaround: number };
  readonly totalTime: number;
  /** [tick] the job that runs; -1: none. */
  readonly timeline: readonly number[];
  /** [tick] its level; -1: none runs. */
  readonly priority: readonly number[];
  /** [tick] what it has left of its slice after the tick, of its allotment before it, and of its run time after it. */
  readonly ticksLeftAfter: readonly (number | null)[];
  readonly allotLeftPrinted: readonly (number | null)[];
  readonly timeLeftAfter: readonly (number | null)[];
  readonly events: readonly MlfqEvent[];
}

/** Throws KernelError for a malformed problem. */
export function solveMlfq(problem: MlfqProblem): MlfqAnswer {
  checkProblem(problem);
  const simulation = new Mlfq(problem);
  while (!simulation.isDone) simulation.tick();
  return simulation.answer();
}

function checkProblem({ options, jobs }: MlfqProblem): void {
  checkNotEmpty('jobs', jobs);
  const { numQueues, quantum, allotment, boost, ioTime } = options;
  checkInteger('queues', numQueues, 1);
  checkInteger('boost', boost, 0);
  checkInteger('I/O time', ioTime, 0);
  if (quantum.length !== numQueues) throw invalid('slices', quantum.length, `${numQueues}, one a queue`);
  if (allotment.length !== numQueues)
    throw invalid('allotments', allotment.length, `${numQueues}, one a queue`);
  for (const slice of quantum) checkInteger('slice', slice, 0);
  for (const { job, arrival, length, ioFreq } of jobs) {
    checkInteger(`arrival of job ${job}`, arrival, 0);
    checkInteger(`run time of job ${job}`, length, 1);
    checkInteger(`I/O frequency of job ${job}`, ioFreq, 0);
  }
}

interface JobState {
  readonly given: MlfqJob;
  level: number;
  ticksLeft: number;
  allotLeft: number;
  timeLeft: number;
  firstRun: number;
  end: number;
  ios: number;
}

interface WakeUp {
  readonly job: JobState;
  readonly type: 'JOB_BEGINS' | 'IO_DONE';
}

class Mlfq {
  private readonly options: MlfqOptions;
  private readonly jobs: readonly JobState[];
  /** [level] the ready jobs and, at a head, the running one. */
  private readonly queues: readonly JobState[][];
  /** By time, in the order in which they were registered: arrivals stand before all I/Os. */
  private readonly wakeUps = new Map<number, WakeUp[]>();
  private readonly top: number;
  private now = 0;
  private unfinished: number;
  private readonly timeline: number[] = [];
  private readonly priority: number[] = [];
  private readonly ticksLeftAfter: (number | null)[] = [];
  private readonly allotLeftPrinted: (number | null)[] = [];
  private readonly timeLeftAfter: (number | null)[] = [];
  private readonly events: MlfqEvent[] = [];

  constructor({ options, jobs }: MlfqProblem) {
    this.options = options;
    this.top = options.numQueues - 1;
    this.queues = Array.from({ length: options.numQueues }, () => []);
    this.unfinished = jobs.length;
    this.jobs = jobs.map((given) => {
      const state = { given, level: 0, ticksLeft: 0, allotLeft: 0, timeLeft: given.length };
      const job = { ...state, firstRun: -1, end: -1, ios: 0 };
      this.enterLevel(job, this.top);
      this.wakeAt(given.arrival, { job, type: 'JOB_BEGINS' });
      return job;
    });
  }

  get isDone(): boolean {
    return this.unfinished === 0;
  }

  tick(): void {
    checkTicks(this.now + 1);
    const { boost } = this.options;
    if (boost > 0 && this.now > 0 && this.now % boost === 0) this.boost();
    this.wakeUp();
    const job = this.queues.findLast((queue) => queue.length > 0)?.[0];
    if (job === undefined) {
      this.record(-1, -1, null, null, null);
      this.now++;
    } else this.run(job);
  }

  answer(): MlfqAnswer {
    const { ioTime } = this.options;
    const perJob = this.jobs.map(({ given, firstRun, end, ios }) => ({
      job: given.job,
      startTime: given.arrival,
      response: firstRun - given.arrival,
      turnaround: end - given.arrival,
      wait: end - given.arrival - given.length - ios * ioTime,
    }));
    const response = mean(perJob.map((job) => job.response));
    const turnaround = mean(perJob.map((job) => job.turnaround));
    const { timeline, priority, ticksLeftAfter, allotLeftPrinted, timeLeftAfter, events } = this;
    return {
      perJob,
      average: { response: twoDecimals(response), turnaround: twoDecimals(turnaround) },
      averageExact: { response, turnaround },
      totalTime: this.now,
      timeline,
      priority,
      ticksLeftAfter,
      allotLeftPrinted,
      timeLeftAfter,
      events,
    };
  }

  private boost(): void {
    this.events.push({ time: this.now, type: 'BOOST' });
    const highest = this.queues[this.top]!;
    for (const queue of this.queues.slice(0, this.top)) highest.push(...queue.splice(0));
    // Everybody: also the running job, those in I/O and those still to come.
    for (const job of this.jobs) if (job.timeLeft > 0) this.enterLevel(job, this.top);
  }

  private wakeUp(): void {
    for (const { job, type } of this.wakeUps.get(this.now) ?? []) {
      this.events.push({ time: this.now, type, job: job.given.job });
      const queue = this.queues[job.level]!;
      if (type === 'IO_DONE' && this.options.iobump) queue.unshift(job);
      else queue.push(job);
    }
    this.wakeUps.delete(this.now);
  }

  /** One tick of the head of its queue, and what follows from it. */
  private run(job: JobState): void {
    const { ioTime, stay } = this.options;
    const { given } = job;
    const queue = this.queues[job.level]!;
    if (job.firstRun < 0) job.firstRun = this.now;
    job.timeLeft--;
    job.ticksLeft--;
    this.record(given.job, job.level, job.ticksLeft, job.allotLeft, job.timeLeft);
    this.now++;
    if (job.timeLeft === 0) {
      queue.shift();
      job.end = this.now;
      this.unfinished--;
      this.events.push({ time: this.now, type: 'FINISHED', job: given.job });
      return;
    }
    // Looked at before an I/O refills it.
    const sliceIsOver = job.ticksLeft === 0;
    const startsIo = given.ioFreq > 0 && (given.length - job.timeLeft) % given.ioFreq === 0;
    if (!startsIo && !sliceIsOver) return;
    queue.shift();
    if (startsIo) {
      this.events.push({ time: this.now, type: 'IO_START', job: given.job });
      job.ios++;
      this.wakeAt(this.now + ioTime, { job, type: 'IO_DONE' });
      if (stay) this.enterLevel(job, job.level);
    }
    if (sliceIsOver) this.endSlice(job);
    if (!startsIo) this.queues[job.level]!.push(job);
  }

  private endSlice(job: JobState): void {
    job.allotLeft--;
    if (job.allotLeft === 0) this.enterLevel(job, Math.max(0, job.level - 1));
    else job.ticksLeft = this.sliceOf(job.level);
  }

  /** With a full slice and a full allotment. */
  private enterLevel(job: JobState, level: number): void {
    job.level = level;
    job.ticksLeft = this.sliceOf(level);
    job.allotLeft = this.options.allotment[this.top - level]!;
  }

  private sliceOf(level: number): number {
    return this.options.quantum[this.top - level]!;
  }

  private wakeAt(time: number, wakeUp: WakeUp): void {
    const others = this.wakeUps.get(time);
    if (others === undefined) this.wakeUps.set(time, [wakeUp]);
    else others.push(wakeUp);
  }

  private record(
    job: number,
    level: number,
    ticksLeft: number | null,
    allotLeft: number | null,
    timeLeft: number | null,
  ): void {
    this.timeline.push(job);
    this.priority.push(level);
    this.ticksLeftAfter.push(ticksLeft);
    this.allotLeftPrinted.push(allotLeft);
    this.timeLeftAfter.push(timeLeft);
  }
}
