import { expect, test } from 'vitest';

import type { SchedulingPolicy } from '../../../src/kernel/contracts.ts';
import {
  attainedServiceDefaults,
  atlasWith,
  plasWith,
  schedulingPolicies,
} from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

const second = 1_000_000;

/** Process `id` gets the core at `fromUs` for so long, and its call ends. */
function serve(policy: SchedulingPolicy, fromUs: number, us: number): number {
  const picked = policy.pick(core(0), fromUs)!;
  policy.charge!(picked, { coreUs: us, tokensIn: 0, tokensOut: 0 }, fromUs + us);
  policy.waiting(picked, fromUs + us);
  return picked;
}

test('plas: a call starts in the bin of what its whole program had', () => {
  const processes = new ArrayProcesses();
  processes.runs.push(-1, 1, 1, 2);
  const policy = schedulingPolicies.plas(processes.context());
  policy.ready(pid(1), 0);
  expect(policy.slice(pid(1))).toBe(2 * second);
  expect(serve(policy, 0, 3 * second)).toBe(1);
  // Process 2 is new, but its program had 3 s: the second bin, which ends at 4 s.
  policy.ready(pid(2), 3 * second);
  expect(policy.slice(pid(2))).toBe(second);
  policy.ready(pid(3), 4 * second);
  expect([policy.pick(core(0), 4 * second), policy.pick(core(0), 4 * second)]).toEqual([3, 2]);
});

test('plas: one of a better bin preempts at once, one of the same does not', () => {
  const processes = new ArrayProcesses();
  const policy = schedulingPolicies.plas(processes.context());
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  policy.ready(pid(2), second);
  expect(policy.shouldPreempt!(pid(1), second)).toBe(Infinity);
  policy.charge!(pid(1), { coreUs: 2 * second, tokensIn: 0, tokensOut: 0 }, 2 * second);
  policy.ready(pid(1), 2 * second);
  expect(policy.pick(core(0), 2 * second)).toBe(2);
  policy.exited(pid(2), 3 * second);
  expect(policy.pick(core(0), 3 * second)).toBe(1);
  expect(policy.slice(pid(1))).toBe(2 * second);
  policy.ready(pid(3), 4 * second);
  expect(policy.shouldPreempt!(pid(1), 4 * second)).toBe(4 * second);
});

test('plas: a program that waited β times its service is promoted, at that instant, for one slice', () => {
  const processes = new ArrayProcesses();
  const policy = plasWith({ ...attainedServiceDefaults, starvationRatio: 3 })(processes.context());
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  policy.charge!(pid(1), { coreUs: 2 * second, tokensIn: 0, tokensOut: 0 }, 2 * second);
  policy.ready(pid(1), 2 * second);
  // 6 s of waiting, for 2 s of service: it is promoted at 8 s, and would preempt one of a worse bin then.
  policy.ready(pid(2), 2 * second);
  expect(policy.pick(core(0), 2 * second)).toBe(2);
  policy.charge!(pid(2), { coreUs: 2 * second, tokensIn: 0, tokensOut: 0 }, 4 * second);
  expect(policy.shouldPreempt!(pid(2), 4 * second)).toBe(8 * second);
  expect(policy.shouldPreempt!(pid(2), 8 * second)).toBe(8 * second);
  expect(policy.explain!(pid(1), 8 * second)).toContain('promoted: its program waited too long');
  expect(policy.pick(core(0), 8 * second)).toBe(1);
  expect(policy.slice(pid(1))).toBe(2 * second);
  policy.charge!(pid(1), { coreUs: second, tokensIn: 0, tokensOut: 0 }, 9 * second);
  policy.ready(pid(1), 9 * second);
  expect(policy.explain!(pid(1), 9 * second)).toContain('queue 2 of 8, attained service 3 s');
});

test('atlas: a child goes on with the path of its parent, and a parent with the longest of its children', () => {
  const processes = new ArrayProcesses();
  for (const child of [2, 3]) {
    processes.parents[child] = pid(1);
    processes.runs[child] = 1;
  }
  const policy = schedulingPolicies.atlas(processes.context());
  const pathOf = (id: number, us: number): string => {
    policy.ready(pid(id), us);
    const line = policy.explain!(pid(id), us);
    return /attained service ([\d.]+) /.exec(line)![1]!;
  };
  expect(pathOf(1, 0)).toBe('0');
  serve(policy, 0, second);
  expect(pathOf(2, second)).toBe('1');
  serve(policy, second, 4 * second);
  // Not what its sibling had: they run side by side.
  expect(pathOf(3, 5 * second)).toBe('1');
  serve(policy, 5 * second, 2 * second);
  policy.exited(pid(3), 7 * second);
  policy.exited(pid(2), 8 * second);
  expect(pathOf(1, 9 * second)).toBe('5');
});

test('options out of range are refused', () => {
  expect(() => plasWith({ ...attainedServiceDefaults, queues: 0 })).toThrow('queues 0');
  expect(() => atlasWith({ ...attainedServiceDefaults, firstBinUs: 0.5 })).toThrow('firstBinUs 0.5');
  expect(() => atlasWith({ ...attainedServiceDefaults, starvationRatio: 0 })).toThrow('starvationRatio 0');
});
