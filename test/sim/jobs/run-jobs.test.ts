import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Decision } from '../../../src/sim/jobs/decisions.ts';
import type { Job } from '../../../src/sim/jobs/job.ts';
import { runJobs, type JobsResult } from '../../../src/sim/jobs/run-jobs.ts';
import { roundRobinWith, schedulingPolicies } from '../../../src/policies/index.ts';
import type { CreateSchedulingPolicy, ProcessView } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';

const second = 1_000_000;
const job = (name: string, arrival: number, ...bursts: number[]): Job => ({
  name,
  arrivalUs: arrival * second,
  burstsUs: bursts.map((seconds) => seconds * second),
});
const gantt = ({ slices }: JobsResult): string =>
  slices.map((slice) => `${slice.job}:${slice.fromUs / second}-${slice.toUs / second}`).join(' ');

/** Shortest burst first, the textbook way. */
const shortest: CreateSchedulingPolicy = ({ processes }) => {
  const ready = new Set<Pid>();
  const burst = (view: ProcessView, pid: Pid): number => view.burstUs(pid);
  return {
    name: 'shortest',
    ready: (pid) => void ready.add(pid),
    pick() {
      const [first] = [...ready].toSorted((a, b) => burst(processes, a) - burst(processes, b) || a - b);
      if (first !== undefined) ready.delete(first);
      return first;
    },
    waiting: (pid) => void ready.delete(pid),
    exited: (pid) => void ready.delete(pid),
    slice: () => Infinity,
  };
};

test('Silberschatz: first come, first served, and round-robin with slices of 4', () => {
  const jobs = [job('P1', 0, 24), job('P2', 0, 3), job('P3', 0, 3)];
  const fifo = runJobs({ jobs, policy: schedulingPolicies.fifo });
  expect(gantt(fifo)).toBe('0:0-24 1:24-27 2:27-30');
  expect(fifo.perJob.map(({ waitingUs }) => waitingUs / second)).toEqual([0, 24, 27]);
  const shared = runJobs({ jobs, policy: roundRobinWith({ sliceUs: 4 * second }) });
  expect(gantt(shared)).toBe('0:0-4 1:4-7 2:7-10 0:10-30');
  expect(shared.perJob.map(({ waitingUs }) => waitingUs / second)).toEqual([6, 4, 7]);
  expect(shared.makespanUs).toBe(30 * second);
});

test('jobs that arrive together, or when another ends, are all there when it is decided who runs', () => {
  const together = [job('long', 0, 6), job('short', 0, 2)];
  expect(gantt(runJobs({ jobs: together, policy: shortest }))).toBe('1:0-2 0:2-8');
  const atTheEnd = [job('first', 0, 3), job('long', 1, 9), job('short', 3, 1)];
  expect(gantt(runJobs({ jobs: atTheEnd, policy: shortest }))).toBe('0:0-3 2:3-4 1:4-13');
});

test('one that arrives when a slice ends stands before the one whose slice it was', () => {
  const jobs = [job('a', 0, 4), job('b', 2, 2)];
  const policy = roundRobinWith({ sliceUs: 2 * second });
  expect(gantt(runJobs({ jobs, policy }))).toBe('0:0-2 1:2-4 0:4-6');
});

test('I/O overlaps with the bursts of others, and is no waiting time', () => {
  const jobs = [job('a', 0, 2, 5, 2), job('b', 0, 4)];
  const result = runJobs({ jobs, policy: schedulingPolicies.fifo });
  expect(gantt(result)).toBe('0:0-2 1:2-6 0:7-9');
  expect(result.perJob[0]).toEqual({
    job: 0,
    finishUs: 9 * second,
    responseUs: 0,
    turnaroundUs: 9 * second,
    waitingUs: 0,
  });
  expect(result.slices.map(({ end }) => end)).toEqual(['io', 'done', 'done']);
});

test('several cores; a burst of no length takes its turn', () => {
  const jobs = [job('a', 0, 3), job('b', 0, 3), job('c', 0, 0), job('d', 0, 2)];
  const result = runJobs({ jobs, policy: schedulingPolicies.fifo, cores: 2 });
  expect(gantt(result)).toBe('0:0-3 1:0-3 2:3-3 3:3-5');
});

test('each decision tells who was ready, and why', () => {
  const decisions: Decision[] = [];
  const jobs = [job('a', 0, 2), job('b', 1, 2), job('c', 1, 2)];
  const watchedRun = runJobs({
    jobs,
    policy: schedulingPolicies.fifo,
    onDecision: (decision) => void decisions.push(decision),
  });
  expect(
    decisions.map(({ atUs, picked, ready }) => [atUs / second, picked, ready.map(({ pid }) => pid)]),
  ).toEqual([
    [0, 1, [1]],
    [2, 2, [2, 3]],
    [4, 3, [3]],
  ]);
  expect(decisions[1]!.ready[1]!.reason).toContain('comes after b');
  expect(watchedRun).toEqual(runJobs({ jobs, policy: schedulingPolicies.fifo }));
});

test('of every job under every policy, the time on cores, ready and in I/O is its turnaround', () => {
  const times = fc.integer({ min: 0, max: 6 });
  const anyJob = fc.record({ arrival: times, bursts: fc.array(times, { minLength: 1, maxLength: 7 }) });
  fc.assert(
    fc.property(
      fc.array(anyJob, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(...Object.values(schedulingPolicies), roundRobinWith({ sliceUs: second })),
      fc.integer({ min: 1, max: 3 }),
      (drawn, policy, cores) => {
        const jobs = drawn.map(({ arrival, bursts }, index) =>
          job(`j${index}`, arrival, ...bursts.slice(0, bursts.length - ((bursts.length + 1) % 2))),
        );
        const { perJob, slices } = runJobs({ jobs, policy, cores });
        for (const { job: index, waitingUs, responseUs, turnaroundUs, finishUs } of perJob) {
          const { arrivalUs, burstsUs } = jobs[index]!;
          const mine = slices.filter((slice) => slice.job === index);
          // What lies between a job's slices is I/O after those that end with it, else the ready queue.
          let ready = mine[0]!.fromUs - arrivalUs;
          let ios = 0;
          for (const [at, { end, toUs }] of mine.entries()) {
            const nextUs = mine[at + 1]?.fromUs ?? toUs;
            ready += nextUs - toUs - (end === 'io' ? burstsUs[2 * ios++ + 1]! : 0);
          }
          const bursts = burstsUs.reduce((sum, us) => sum + us, 0);
          expect(waitingUs).toBe(ready);
          expect(waitingUs + bursts).toBe(turnaroundUs);
          expect([mine[0]!.fromUs, mine.at(-1)!.toUs]).toEqual([arrivalUs + responseUs, finishUs]);
        }
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

test('a run of more slices than it may have ends there', () => {
  const jobs = [job('a', 0, 5), job('b', 0, 5)];
  const policy = roundRobinWith({ sliceUs: second });
  const limited = (most: number): JobsResult =>
    runJobs({ jobs, policy, sliceLimit: { most, exceeded: (atUs) => new Error(`more at ${atUs}`) } });
  expect(limited(10).slices).toHaveLength(10);
  expect(() => limited(9)).toThrow(`more at ${10 * second}`);
});
