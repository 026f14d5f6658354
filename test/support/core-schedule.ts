/**
 * A few cores, jobs of bursts and waits, and one scheduling policy: the rules of the kernel's scheduler (who stops when, what is told in which order)
 * without a kernel, so that a test can look at the policy between any two steps. Times are integers, µs.
 */
import type { CreateSchedulingPolicy, SchedulingPolicy } from '../../src/kernel/contracts.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { ArrayProcesses, core, pid } from './process-view.ts';

export interface Job {
  readonly arrival: number;
  /** Bursts and the waits between them, in turn: an odd number. */
  readonly bursts: readonly number[];
  readonly priority?: number;
  readonly tickets?: number;
  readonly weight?: number;
  readonly deadline?: number;
}

interface Segment {
  readonly start: number;
  readonly end: number;
  /** Number of the job, from 0. */
  readonly job: number;
}

interface Look {
  readonly nowUs: number;
  readonly policy: SchedulingPolicy;
  readonly processes: ArrayProcesses;
  /** Pids that are ready, and what runs on each core. */
  readonly ready: ReadonlySet<Pid>;
  readonly running: readonly (Pid | undefined)[];
  /** Core time so far, by pid, stretches under way included. */
  readonly served: (of: Pid) => number;
}

export interface CoreSchedule {
  readonly create: CreateSchedulingPolicy;
  readonly jobs: readonly Job[];
  readonly cores?: number;
  /** Stops then. */
  readonly untilUs?: number;
  /** After everything of an instant has happened. */
  readonly onInstant?: (look: Look) => void;
  /** Who is about to be picked from is told before each pick. */
  readonly beforePick?: (look: Look) => void;
  readonly onPick?: (picked: Pid, look: Look) => void;
  /** After every instant the policy is saved, thrown away and loaded anew. */
  readonly reloads?: boolean;
}

export interface Scheduled {
  /** Adjacent stretches of one job joined, by start. */
  readonly segments: readonly Segment[];
  /** By job: end of its last burst. */
  readonly finish: readonly number[];
  /** By job: begin of its first stretch. */
  readonly first: readonly number[];
}

interface Slot {
  pid: Pid;
  beganUs: number;
  sliceEndsUs: number;
}

/** Jobs are pids 1 on, in their order. */
export function scheduleOnCores(setup: CoreSchedule): Scheduled {
  const { jobs, untilUs = Infinity } = setup;
  const processes = processesOf(jobs);
  const context = { ...processes.context(), capacity: setup.cores ?? 1 };
  let policy = setup.create(context);
  const slots: (Slot | undefined)[] = Array.from({ length: setup.cores ?? 1 }, () => undefined);
  const ready = new Set<Pid>();
  const step = jobs.map(() => 0); // index into bursts
  const wakes = jobs.map(({ arrival }) => arrival); // Infinity: not waiting
  const lefts = jobs.map(({ bursts }) => bursts[0]!);
  const servedBefore = jobs.map(() => 0);
  const segments: Segment[] = [];
  const finish = jobs.map(() => NaN);
  const first = jobs.map(() => NaN);
  let nowUs = 0;

  const look = (): Look => ({
    nowUs,
    policy,
    processes,
    ready,
    running: slots.map((slot) => slot?.pid),
    served: (of) => {
      const slot = slots.find((one) => one?.pid === of);
      return servedBefore[of - 1]! + (slot === undefined ? 0 : nowUs - slot.beganUs);
    },
  });
  const noteLefts = (): void => {
    for (const [index, left] of lefts.entries()) {
      const slot = slots.find((one) => one?.pid === index + 1);
      processes.lefts[index + 1] = left - (slot === undefined ? 0 : nowUs - slot.beganUs);
    }
  };
  /** The stretch ends: its core is free, and the policy is charged. */
  const stop = (at: number): Pid => {
    const { pid: who, beganUs } = slots[at]!;
    slots[at] = undefined;
    const coreUs = nowUs - beganUs;
    lefts[who - 1]! -= coreUs;
    servedBefore[who - 1]! += coreUs;
    if (coreUs > 0) segments.push({ start: beganUs, end: nowUs, job: who - 1 });
    noteLefts();
    policy.charge?.(who, { coreUs, tokensIn: 0, tokensOut: 0 }, nowUs);
    return who;
  };
  const makeReady = (who: Pid): void => {
    ready.add(who);
    noteLefts();
    policy.ready(who, nowUs);
  };
  const fill = (): void => {
    for (let at = 0; at < slots.length && ready.size > 0; at++) {
      if (slots[at] !== undefined) continue;
      setup.beforePick?.(look());
      const who = policy.pick(core(at), nowUs);
      if (who === undefined || !ready.has(who)) throw new Error(`picked ${who} at ${nowUs}`);
      setup.onPick?.(who, look());
      ready.delete(who);
      slots[at] = { pid: who, beganUs: nowUs, sliceEndsUs: nowUs + policy.slice(who) };
      if (Number.isNaN(first[who - 1]!)) first[who - 1] = nowUs;
    }
  };
  /** When the process on this core must make way, if anybody is ready. */
  const dueUs = (at: number): number => {
    const slot = slots[at];
    if (slot === undefined || ready.size === 0) return Infinity;
    while (slot.sliceEndsUs < nowUs) slot.sliceEndsUs += policy.slice(slot.pid);
    noteLefts();
    return Math.min(slot.sliceEndsUs, policy.shouldPreempt?.(slot.pid, nowUs) ?? Infinity);
  };

  for (;;) {
    // Ends of bursts, then arrivals and wake-ups, then who must make way.
    for (const [at, slot] of slots.entries()) {
      if (slot === undefined || slot.beganUs + lefts[slot.pid - 1]! > nowUs) continue;
      const who = stop(at);
      const index = who - 1;
      policy.waiting(who, nowUs);
      const waitUs = jobs[index]!.bursts[step[index]! + 1];
      if (waitUs === undefined) {
        policy.exited(who, nowUs);
        finish[index] = nowUs;
        continue;
      }
      wakes[index] = nowUs + waitUs;
      step[index]! += 2;
      lefts[index] = jobs[index]!.bursts[step[index]!]!;
      processes.bursts[who] = lefts[index]!;
    }
    for (const [index, atUs] of wakes.entries()) {
      if (atUs > nowUs) continue;
      wakes[index] = Infinity;
      makeReady(pid(index + 1));
    }
    fill();
    for (let round = 0; round < 1000; round++) {
      const due = slots.findIndex((_, at) => dueUs(at) <= nowUs);
      if (due < 0) break;
      if (round === 999) throw new Error(`no time passes at ${nowUs}`);
      makeReady(stop(due));
      fill();
    }
    setup.onInstant?.(look());
    if (setup.reloads === true) {
      const saved = JSON.stringify(policy.save!());
      policy = setup.create({ ...processes.context(), capacity: setup.cores ?? 1 });
      policy.load!(JSON.parse(saved));
    }
    const ends = slots.map((slot) => (slot === undefined ? Infinity : slot.beganUs + lefts[slot.pid - 1]!));
    const next = Math.min(...ends, ...wakes, ...slots.map((_, at) => dueUs(at)));
    if (next === Infinity || next > untilUs) break;
    nowUs = next;
  }
  return { segments: joined(segments), finish, first };
}

function processesOf(jobs: readonly Job[]): ArrayProcesses {
  const processes = new ArrayProcesses();
  for (const [index, { priority, tickets, weight, deadline, bursts }] of jobs.entries()) {
    const one = index + 1;
    if (priority !== undefined) processes.priorities[one] = priority;
    if (tickets !== undefined) processes.ticketsOf[one] = tickets;
    if (weight !== undefined) processes.weights[one] = weight;
    if (deadline !== undefined) processes.deadlines[one] = deadline;
    processes.bursts[one] = bursts[0]!;
  }
  return processes;
}

function joined(segments: readonly Segment[]): readonly Segment[] {
  const all: Segment[] = [];
  for (const segment of segments.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = all.at(-1);
    if (last !== undefined && last.job === segment.job && last.end === segment.start)
      all[all.length - 1] = { ...last, end: segment.end };
    else all.push(segment);
  }
  return all;
}
