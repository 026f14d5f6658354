/**
 * The rule set of OSTEP's multi-CPU scheduling: jobs on several CPUs with caches, one queue for all or one a CPU, tick by tick.
 *
 * Not built on the kernel's scheduler: slices end for all CPUs at the same boundaries of the clock, so that a job that starts between them gets what is
 * left; jobs run at a rate that depends on the cache of their CPU; a CPU steals at fixed times, looks into one other queue drawn at random, and may take the only
 * job that waits there; an idle CPU takes its next job at the next tick.
 *
 * One oddity more: a job with an affinity is never stolen, unless its run time or its working set happens to equal the number of the CPU that steals.
 * Source of the rules: the behaviour of multi.py of 2025-10-26.
 */
import { invalid, KernelError } from '../../kernel/errors.ts';
import { checkCells, checkInteger, checkNotEmpty } from './checks.ts';
import type { RandomSource } from './mersenne-twister.ts';
import { percent } from './two-decimals.ts';
import { WarmCache } from './warm-cache.ts';

export interface MultiOptions {
  readonly numCpus: number;
  /** Ticks between the ends of slices. */
  readonly quantum: number;
  readonly perCpuQueues: boolean;
  /** Ticks between looks into other queues; 0: none. */
  readonly peekInterval: number;
  readonly warmupTime: number;
  /** What a warm job gets done in a tick. */
  readonly warmRate: number;
  readonly cacheSize: number;
  /** Whether idle CPUs choose in an order drawn anew each tick. */
  readonly randomOrder: boolean;
  /** [job] the CPUs on which it may run; all, where it is not named. */
  readonly affinity: Readonly<Record<string, readonly number[]>>;
}

export interface MultiJob {
  readonly name: string;
  readonly length: number;
  readonly workingSet: number;
}

export interface MultiProblem {
  readonly options: MultiOptions;
  readonly jobs: readonly MultiJob[];
  /** The CPU looked at, of each look by a CPU with an empty queue, in order. Absent: drawn. */
  readonly stealChoices?: readonly number[];
  /** [tick] the order in which idle CPUs choose, with `randomOrder`. Absent: drawn. */
  readonly cpuOrders?: readonly (readonly number[])[];
}

/** [[tick, value], …]: the value holds from that tick to the next entry. */
type Changes<Value> = [tick: number, value: Value][];
type Queues = readonly string[] | readonly (readonly string[])[];

export interface MultiAnswer {
  readonly finishedTime: number;
  readonly perCpu: readonly { readonly cpu: number; readonly utilization: number; readonly warm: number }[];
  readonly utilizationExact: readonly {
    readonly cpu: number;
    readonly ran: number;
    readonly ranWarm: number;
  }[];
  readonly perJob: readonly {
    readonly job: string;
    readonly response: number;
    readonly turnaround: number;
  }[];
  /** The names of the jobs; with a queue for each CPU, a list of them for each. So in `queueAfterChanges`. */
  readonly initialQueues: Queues;
  /** [CPU][tick] the job that runs. */
  readonly timeline: readonly (readonly (string | null)[])[];
  /** [CPU][tick] what its job has left to run after the tick. */
  readonly timeLeftAfter: readonly (readonly (number | null)[])[];
  /** [CPU] */
  readonly warmAfterChanges: readonly Changes<readonly string[]>[];
  readonly queueAfterChanges: Changes<Queues>;
}

/** Throws KernelError for a malformed problem, and for one in which jobs are left that no CPU will ever take. */
export function solveMulti(problem: MultiProblem, random: RandomSource): MultiAnswer {
  checkProblem(problem);
  const simulation = new Multi(problem, random);
  while (!simulation.isDone) simulation.tick();
  return simulation.answer();
}

function checkProblem({ options, jobs }: MultiProblem): void {
  checkNotEmpty('jobs', jobs);
  checkInteger('CPUs', options.numCpus, 1);
  checkInteger('slice', options.quantum, 1);
  checkInteger('peek interval', options.peekInterval, 0);
  checkInteger('warm-up time', options.warmupTime, 0);
  checkInteger('warm rate', options.warmRate, 1);
  checkInteger('cache size', options.cacheSize, 0);
  const names = new Set<string>();
  for (const { name, length, workingSet } of jobs) {
    if (names.has(name)) throw invalid('job', name, 'a name that no other job has');
    names.add(name);
    checkInteger(`run time of job ${name}`, length, 0);
    checkInteger(`working set of job ${name}`, workingSet, 0);
  }
  for (const [name, cpus] of Object.entries(options.affinity)) {
    if (!names.has(name)) throw invalid('affinity', name, [...names].join(', '));
    for (const cpu of cpus)
      if (!Number.isInteger(cpu) || cpu < 0 || cpu >= options.numCpus)
        throw invalid(`affinity of job ${name}`, cpu, `a CPU from 0 to ${options.numCpus - 1}`);
  }
}

interface JobState {
  readonly name: string;
  readonly length: number;
  readonly workingSet: number;
  readonly affinity: readonly number[] | undefined;
  left: number;
  start: number;
  end: number;
}

interface Cpu {
  readonly number: number;
  /** The same list for all CPUs, unless each has its own. */
  readonly queue: JobState[];
  readonly cache: WarmCache;
  running: JobState | undefined;
  ran: number;
  ranWarm: number;
  readonly timeline: (string | null)[];
  readonly timeLeftAfter: (number | null)[];
  readonly warmAfterChanges: Changes<readonly string[]>;
}

/** So many looks while nothing runs, and still nobody takes a job: nobody will. */
const mostIdlePeeks = 1_000;

class Multi {
  private readonly problem: MultiProblem;
  private readonly options: MultiOptions;
  private readonly random: RandomSource;
  private readonly jobs: readonly JobState[];
  private readonly cpus: readonly Cpu[];
  private readonly initialQueues: Queues;
  private readonly queueAfterChanges: Changes<Queues> = [];
  private now = 0;
  private peeks = 0;
  private idlePeeks = 0;

  constructor(problem: MultiProblem, random: RandomSource) {
    const { options } = problem;
    this.problem = problem;
    this.options = options;
    this.random = random;
    this.jobs = problem.jobs.map((job) => ({
      ...job,
      affinity: Object.hasOwn(options.affinity, job.name) ? options.affinity[job.name] : undefined,
      left: job.length,
      start: -1,
      end: -1,
    }));
    const shared: JobState[] = [];
    this.cpus = Array.from({ length: options.numCpus }, (_, number) => ({
      number,
      queue: options.perCpuQueues ? [] : shared,
      cache: new WarmCache(options),
      running: undefined,
      ran: 0,
      ranWarm: 0,
      timeline: [],
      timeLeftAfter: [],
      warmAfterChanges: [],
    }));
    if (options.perCpuQueues) this.deal();
    else shared.push(...this.jobs);
    this.initialQueues = this.queueNames();
  }

  get isDone(): boolean {
    return this.jobs.every(({ end }) => end >= 0);
  }

  tick(): void {
    // Each tick shows the CPUs, and the queues where they change.
    checkCells('ticks × (CPUs + jobs)', (this.now + 1) * (this.cpus.length + this.jobs.length));
    const { quantum, perCpuQueues, peekInterval } = this.options;
    if (this.now > 0 && this.now % quantum === 0) this.endSlices();
    if (perCpuQueues && peekInterval > 0 && this.now > 0 && this.now % peekInterval === 0) this.peek();
    for (const cpu of this.choosingOrder()) this.dispatch(this.cpus[cpu]!);
    if (this.cpus.every(({ running }) => running === undefined)) this.checkHope();
    else this.idlePeeks = 0;
    for (const cpu of this.cpus) this.run(cpu);
    this.note();
    this.now++;
  }

  answer(): MultiAnswer {
    const { cpus, jobs, now, initialQueues, queueAfterChanges } = this;
    return {
      finishedTime: now,
      perCpu: cpus.map(({ number, ran, ranWarm }) => ({
        cpu: number,
        utilization: percent(ran, now),
        warm: percent(ranWarm, now),
      })),
      utilizationExact: cpus.map(({ number, ran, ranWarm }) => ({ cpu: number, ran, ranWarm })),
      perJob: jobs.map(({ name, start, end }) => ({ job: name, response: start, turnaround: end })),
      initialQueues,
      timeline: cpus.map(({ timeline }) => timeline),
      timeLeftAfter: cpus.map(({ timeLeftAfter }) => timeLeftAfter),
      warmAfterChanges: cpus.map(({ warmAfterChanges }) => warmAfterChanges),
      queueAfterChanges,
    };
  }

  /** To the CPUs in turn: each takes the first job left that it may run. */
  private deal(): void {
    const left = [...this.jobs];
    while (left.length > 0) {
      for (const cpu of this.cpus) {
        const index = left.findIndex((job) => mayRun(job, cpu));
        if (index >= 0) cpu.queue.push(...left.splice(index, 1));
      }
    }
  }

  private endSlices(): void {
    for (const cpu of this.cpus) {
      if (cpu.running !== undefined) cpu.queue.push(cpu.running);
      cpu.running = undefined;
    }
  }

  /** A CPU whose queue is empty, even if it runs something, looks into one other queue. Later CPUs see what earlier ones took. */
  private peek(): void {
    if (this.cpus.length === 1) return;
    for (const cpu of this.cpus) {
      if (cpu.queue.length > 0) continue;
      const { queue } = this.cpus[this.cpuToPeekAt(cpu.number)]!;
      const index = queue.findIndex((job) => maySteal(job, cpu));
      if (index >= 0) cpu.queue.push(...queue.splice(index, 1));
    }
  }

  private cpuToPeekAt(peeking: number): number {
    const { stealChoices } = this.problem;
    const others = this.cpus.map(({ number }) => number).filter((number) => number !== peeking);
    if (stealChoices === undefined) return others[this.random.below(others.length)]!;
    const chosen = stealChoices[this.peeks++];
    if (chosen === undefined) throw invalid('stealChoices', stealChoices.length, 'one CPU for each look');
    if (!others.includes(chosen)) throw invalid('stealChoices', chosen, others.join(', '));
    return chosen;
  }

  private choosingOrder(): readonly number[] {
    const { cpuOrders } = this.problem;
    const order = this.cpus.map(({ number }) => number);
    if (!this.options.randomOrder) return order;
    if (cpuOrders !== undefined) {
      const given = cpuOrders[this.now];
      if (given === undefined) throw invalid('cpuOrders', cpuOrders.length, 'an order for each tick');
      if (given.toSorted((a, b) => a - b).join() !== order.join())
        throw invalid('cpuOrders', given.join(), `the CPUs ${order.join(', ')} in some order`);
      return given;
    }
    return shuffled(order, this.random);
  }

  private dispatch(cpu: Cpu): void {
    if (cpu.running !== undefined) return;
    const index = cpu.queue.findIndex((job) => mayRun(job, cpu));
    if (index < 0) return;
    const [job] = cpu.queue.splice(index, 1) as [JobState];
    cpu.running = job;
    if (job.start < 0) job.start = this.now;
    cpu.cache.dispatch(job);
  }

  /** Nothing runs, so that only a theft of a job with affinity (the oddity) can bring one to a CPU that may run it. */
  private checkHope(): void {
    const { perCpuQueues, peekInterval } = this.options;
    const mayPeek = perCpuQueues && peekInterval > 0;
    if (mayPeek && this.now % peekInterval === 0) this.idlePeeks++;
    if (mayPeek && this.idlePeeks < mostIdlePeeks) return;
    const left = this.jobs.filter(({ end }) => end < 0).map(({ name }) => name);
    throw new KernelError(
      'INVALID_ARGUMENT',
      `affinity (-A): job ${left.join(', ')} is in a queue whose CPUs may not run it, and never ends; allowed: an affinity without that`,
    );
  }

  private run(cpu: Cpu): void {
    const { running: job, cache } = cpu;
    if (job === undefined) {
      cpu.timeline.push(null);
      cpu.timeLeftAfter.push(null);
      return;
    }
    const rate = cache.isWarm(job) ? this.options.warmRate : 1;
    job.left = Math.max(0, job.left - rate);
    cache.ran(job);
    cpu.ran++;
    if (rate > 1) cpu.ranWarm++;
    cpu.timeline.push(job.name);
    cpu.timeLeftAfter.push(job.left);
    if (job.left > 0) return;
    job.end = this.now + 1;
    cpu.running = undefined;
  }

  private note(): void {
    for (const { cache, warmAfterChanges } of this.cpus)
      noteChange(warmAfterChanges, this.now, cache.names());
    noteChange(this.queueAfterChanges, this.now, this.queueNames());
  }

  private queueNames(): Queues {
    const names = this.cpus.map(({ queue }) => queue.map(({ name }) => name));
    return this.options.perCpuQueues ? names : names[0]!;
  }
}

function mayRun({ affinity }: JobState, cpu: Cpu): boolean {
  return affinity === undefined || affinity.includes(cpu.number);
}

function maySteal({ affinity, length, workingSet }: JobState, cpu: Cpu): boolean {
  return affinity === undefined || length === cpu.number || workingSet === cpu.number;
}

/** From the last place down, each exchanged with one drawn from those up to it: as Python shuffles a list. */
function shuffled(order: readonly number[], random: RandomSource): number[] {
  const result = [...order];
  for (let at = result.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [result[at], result[other]] = [result[other]!, result[at]!];
  }
  return result;
}

/** Names may hold anything: compared as JSON. */
function noteChange<Value>(changes: Changes<Value>, tick: number, value: Value): void {
  const last = changes.at(-1);
  if (last === undefined || JSON.stringify(last[1]) !== JSON.stringify(value)) changes.push([tick, value]);
}
