/** The rules of the priority policy one by one, worked out by hand. One point of priority is worth 6 s of being ready. */
import { expect, test } from 'vitest';

import type { Pid } from '../../../src/kernel/ids.ts';
import type { SchedulingPolicy } from '../../../src/kernel/contracts.ts';
import { priorityDefaults, priorityWith, schedulingPolicies } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

const second = 1_000_000;
const hour = 3600 * second;
const charge = { coreUs: 1, tokensIn: 1, tokensOut: 1 };

interface Setup {
  readonly processes: ArrayProcesses;
  readonly policy: SchedulingPolicy;
}

/** One process for each priority, pids from 1; with `nodes`, each one's budget node, whose windows roll at 1 h. */
function setup(priorities: readonly number[], nodes: readonly number[] = []): Setup {
  const processes = new ArrayProcesses();
  processes.priorities.push(0, ...priorities);
  processes.nodes.push(-1, ...nodes);
  for (const node of nodes) if (node >= 0) processes.rolls[node] = hour;
  return { processes, policy: schedulingPolicies.priority(processes.context()) };
}

/** `one` has used this share of its node's limit. */
function use({ processes, policy }: Setup, one: Pid, share: number, nowUs: number): void {
  processes.shares[one] = share;
  policy.charge!(one, charge, nowUs);
}

test('the defaults are those of the source system', () => {
  expect(priorityDefaults).toEqual({
    agingUsPerPoint: 6 * second,
    gap: 10,
    sliceUs: 60 * second,
    quotaShare: 0.3,
  });
  expect(setup([50]).policy.slice(pid(1))).toBe(60 * second);
});

test('impossible options stop the program', () => {
  for (const wrong of [{ agingUsPerPoint: 0 }, { gap: -1 }, { sliceUs: 0 }, { quotaShare: NaN }]) {
    expect(() => priorityWith({ ...priorityDefaults, ...wrong })).toThrow(Object.keys(wrong)[0]);
  }
});

test('a smaller number runs first, and waiting makes up for priority: 6 s a point', () => {
  const { policy } = setup([50, 40, 49]);
  policy.ready(pid(1), 0);
  policy.ready(pid(2), 60 * second);
  // 1 since 0 s: 50 - 10 = 40; 2 since 60 s: 40. A tie goes to the one that was first.
  policy.ready(pid(3), 60 * second);
  expect(policy.pick(core(0), 60 * second)).toBe(1);
  expect(policy.pick(core(0), 60 * second)).toBe(2);
  expect(policy.pick(core(0), 60 * second)).toBe(3);
  // One microsecond less of waiting, and the other one is better.
  policy.ready(pid(1), 100 * second + 1);
  policy.ready(pid(2), 160 * second);
  expect(policy.pick(core(0), 160 * second)).toBe(2);
});

test('a ready process preempts when its aged priority is better by more than 10, at the first such instant', () => {
  const { policy } = setup([50, 40, 39, 70]);
  policy.ready(pid(1), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  expect(policy.shouldPreempt!(pid(1), 0)).toBe(Infinity);
  policy.ready(pid(2), 0);
  // Better by exactly 10 is not enough; a microsecond of aging later it is.
  expect(policy.shouldPreempt!(pid(1), 0)).toBe(1);
  policy.waiting(pid(2), 0);
  policy.ready(pid(3), 0);
  expect(policy.shouldPreempt!(pid(1), 0)).toBeLessThanOrEqual(0);
  policy.waiting(pid(3), 0);
  policy.ready(pid(4), 0);
  // 70 must age to less than 40: 30 points.
  expect(policy.shouldPreempt!(pid(1), 0)).toBe(180 * second + 1);
});

test('a running process keeps the aged priority it was dispatched with', () => {
  const { policy } = setup([50, 50]);
  policy.ready(pid(1), 0);
  expect(policy.pick(core(0), 60 * second)).toBe(1);
  // Dispatched as 40: 50 has to age to less than 30, 120 s, counted from when it is ready.
  policy.ready(pid(2), 70 * second);
  expect(policy.shouldPreempt!(pid(1), 70 * second)).toBe(190 * second + 1);
  expect(policy.shouldPreempt!(pid(1), 200 * second)).toBe(190 * second + 1);
});

test('a preempted process is ready as of now, so that the better one runs', () => {
  const { policy } = setup([50, 20]);
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  policy.ready(pid(2), 30 * second);
  expect(policy.shouldPreempt!(pid(1), 30 * second)).toBeLessThanOrEqual(30 * second);
  policy.ready(pid(1), 30 * second);
  expect(policy.pick(core(0), 30 * second)).toBe(2);
  // 50, ready, against 20, running.
  expect(policy.shouldPreempt!(pid(2), 30 * second)).toBe(30 * second + 240 * second + 1);
});

test('over 30 % of the quota with others of the node ready: preempted once, then behind them until the window rolls', () => {
  const all = setup([10, 90, 90], [0, 0, 0]);
  const { policy } = all;
  policy.ready(pid(1), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  use(all, pid(1), 0.31, 1);
  // Nobody of its node is ready: it stays.
  expect(policy.shouldPreempt!(pid(1), 1)).toBe(Infinity);
  policy.ready(pid(2), 2);
  policy.ready(pid(3), 2);
  expect(policy.shouldPreempt!(pid(1), 2)).toBe(2);
  expect(policy.shouldPreempt!(pid(1), 2)).toBe(2); // the same answer until it leaves its core
  policy.ready(pid(1), 3);
  // Its priority is far better, but it ranks behind.
  expect(policy.pick(core(0), 3)).toBe(2);
  expect(policy.pick(core(0), 4)).toBe(3);
  expect(policy.pick(core(0), 5)).toBe(1);
  // Once: it is not preempted for its quota again, only by priority.
  policy.ready(pid(2), 6);
  // It runs as 10 less 2 µs of aging; 90 since 6 µs must come to less than 0 less 2 µs: after 540 s + 6 + 2 µs.
  expect(policy.shouldPreempt!(pid(1), 6)).toBe(540 * second + 9);
  // When the window has rolled, priority counts again, and so does a new excess.
  policy.waiting(pid(2), hour - 1);
  policy.ready(pid(2), hour - 1);
  policy.ready(pid(1), hour - 1);
  expect(policy.pick(core(0), hour)).toBe(1);
  use(all, pid(1), 0, hour);
  expect(policy.shouldPreempt!(pid(1), hour)).toBeGreaterThan(hour);
  all.processes.rolls[0] = 2 * hour;
  use(all, pid(1), 0.5, hour + 1);
  expect(policy.shouldPreempt!(pid(1), hour + 1)).toBe(hour + 1);
});

test('exactly 30 % is not over it', () => {
  const all = setup([50, 50], [0, 0]);
  all.policy.ready(pid(1), 0);
  all.policy.pick(core(0), 0);
  all.policy.ready(pid(2), 0);
  use(all, pid(1), 0.3, 1);
  expect(all.policy.shouldPreempt!(pid(1), 1)).toBeGreaterThan(1);
});

test('it ranks behind its own node only', () => {
  const all = setup([10, 90, 80, 5], [0, 0, 1, -1]);
  const { policy } = all;
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  use(all, pid(1), 0.9, 1);
  for (const id of [1, 2, 3]) policy.ready(pid(id), 1);
  // 1 is held back by 2; when 2 leaves, it ranks by its priority among the rest.
  expect(policy.pick(core(0), 1)).toBe(3);
  policy.ready(pid(3), 1);
  policy.waiting(pid(2), 1);
  policy.ready(pid(4), 1);
  expect(policy.pick(core(0), 1)).toBe(4);
  expect(policy.pick(core(0), 1)).toBe(1);
  expect(policy.pick(core(0), 1)).toBe(3);
});

test('one that ranks behind does not preempt one it ranks behind, until the window rolls', () => {
  const all = setup([10, 90], [0, 0]);
  const { policy } = all;
  policy.ready(pid(1), hour - 10 * second);
  policy.pick(core(0), hour - 10 * second);
  use(all, pid(1), 0.9, hour - 9 * second);
  policy.ready(pid(2), hour - 9 * second);
  policy.ready(pid(1), hour - 9 * second);
  expect(policy.pick(core(0), hour - 8 * second)).toBe(2);
  // By priority it would at once; it does when its window rolls.
  expect(policy.shouldPreempt!(pid(2), hour - 8 * second)).toBe(hour);
  expect(policy.shouldPreempt!(pid(2), hour)).toBeLessThanOrEqual(hour);
});

test('of two that ranked behind nobody ready, the one whose window rolled first goes before the other', () => {
  const all = setup([90, 10, 50], [0, 0, -1]);
  const { policy, processes } = all;
  processes.ownRolls[1] = 100 * second;
  processes.ownRolls[2] = 200 * second;
  for (const id of [1, 2]) {
    policy.ready(pid(id), 0);
    use(all, pid(id), 0.9, 0);
  }
  policy.ready(pid(3), 0);
  expect(policy.pick(core(0), 0)).toBe(2);
  policy.ready(pid(2), 0);
  policy.waiting(pid(3), 0);
  policy.ready(pid(3), 90 * second);
  policy.waiting(pid(2), 90 * second);
  expect(policy.pick(core(0), 90 * second)).toBe(3);
  policy.ready(pid(2), 90 * second);
  // 2 would preempt 3 at once, were it not for 1 from 100 s on; then for its own window.
  expect(policy.shouldPreempt!(pid(3), 90 * second)).toBeLessThanOrEqual(90 * second);
  expect(policy.shouldPreempt!(pid(3), 100 * second)).toBe(200 * second);
  expect(policy.pick(core(0), 150 * second)).toBe(1);
  expect(policy.pick(core(0), 150 * second)).toBe(2);
});

test('among those that rank behind the same, priority counts', () => {
  const all = setup([50, 10, 90, 50], [0, 0, 0, 1]);
  const { policy } = all;
  for (const id of [1, 2]) {
    policy.ready(pid(id), 0);
    use(all, pid(id), 0.4, 0);
  }
  policy.waiting(pid(2), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  policy.ready(pid(2), 1);
  expect(policy.shouldPreempt!(pid(1), 1)).toBeLessThanOrEqual(1);
  // Held back by 3, it does so no longer; 3 itself would have to age from 90 to less than 40.
  policy.ready(pid(3), 1);
  expect(policy.shouldPreempt!(pid(1), 1)).toBe(300 * second + 2);
  // Those of another node stand behind nobody here.
  policy.ready(pid(4), 1);
  use(all, pid(4), 0.4, 1);
  expect(policy.shouldPreempt!(pid(1), 1)).toBe(60 * second + 2);
});

test('an ended process leaves nothing behind', () => {
  const all = setup([50, 50], [0, 0]);
  const { policy } = all;
  const before = policy.save!();
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  policy.pick(core(0), 0);
  for (const id of [1, 2]) use(all, pid(id), 0.5, 1);
  for (const id of [1, 2]) policy.exited(pid(id), 2);
  expect(policy.save!()).toEqual({ ...(before as object), order: { last: 2, first: 0, rows: [] } });
});

test('usage that is settled after the charge counts when the process is ready again', () => {
  const all = setup([10, 90], [0, 0]);
  const { policy, processes } = all;
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  policy.charge!(pid(1), charge, 1);
  processes.shares[1] = 0.8;
  policy.waiting(pid(1), 1);
  policy.ready(pid(2), 2);
  policy.ready(pid(1), 2);
  expect(policy.pick(core(0), 3)).toBe(2);
});

test('the explanation gives the figures that decide', () => {
  const all = setup([50, 20, 30], [0, 0, -1]);
  const { policy } = all;
  policy.ready(pid(1), 0);
  policy.ready(pid(3), 0);
  expect(policy.explain!(pid(1), 12 * second)).toBe(
    'agent-1 (pid 1) of priority 50 is ready for 12 s: aged priority 48.0, the first of 2 ready has 28.0',
  );
  policy.pick(core(0), 12 * second);
  expect(policy.explain!(pid(3), 12 * second)).toBe(
    'agent-3 (pid 3) of priority 30 runs with aged priority 28.0; preempted by one better than 18.0',
  );
  expect(policy.explain!(pid(2), 12 * second)).toBe('agent-2 (pid 2) of priority 20 is not ready');
  use(all, pid(1), 0.4, 12 * second);
  expect(policy.explain!(pid(1), 12 * second)).toContain(
    "; over its share of the quota, behind its node's others until 3600 s",
  );
});

test('it stops when asked about a process that does not run', () => {
  const { policy } = setup([50]);
  policy.ready(pid(1), 0);
  expect(() => policy.shouldPreempt!(pid(1), 0)).toThrow('pid 1');
  expect(() => policy.charge!(pid(50), charge, 0)).toThrow('pid 50');
});
