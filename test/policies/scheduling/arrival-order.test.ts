/** Hand-worked traces of fifo and round-robin. */
import { expect, test } from 'vitest';

import { roundRobinDefaults, roundRobinWith, schedulingPolicies } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

const context = () => new ArrayProcesses().context();

test('fifo: whoever runs, runs until its burst ends, also when priorities differ', () => {
  const processes = new ArrayProcesses();
  processes.priorities.push(0, 90, 10);
  const policy = schedulingPolicies.fifo(processes.context());
  policy.ready(pid(1), 0);
  policy.ready(pid(2), 1);
  expect(policy.pick(core(0), 2)).toBe(1);
  expect(policy.slice(pid(1))).toBe(Infinity);
  expect(policy.shouldPreempt?.(pid(1), 1e9) ?? Infinity).toBe(Infinity);
});

test('round-robin: three processes of one slice and a bit take turns', () => {
  const policy = roundRobinWith({ sliceUs: 10 })(context());
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  const order: (number | undefined)[] = [];
  // Bursts of 15, 10 and 25: 1 2 3 1 3 3.
  const left = [0, 15, 10, 25];
  for (let nowUs = 0; nowUs < 50;) {
    const running = policy.pick(core(0), nowUs)!;
    order.push(running);
    const ran = Math.min(policy.slice(running), left[running]!);
    nowUs += ran;
    left[running]! -= ran;
    if (left[running]! > 0) policy.ready(running, nowUs);
    else policy.exited(running, nowUs);
  }
  expect(order).toEqual([1, 2, 3, 1, 3, 3]);
  expect(left).toEqual([0, 0, 0, 0]);
});

test('round-robin: the slice is 60 s by default, and must be above 0', () => {
  expect(roundRobinDefaults.sliceUs).toBe(60_000_000);
  expect(schedulingPolicies['round-robin'](context()).slice(pid(1))).toBe(60_000_000);
  for (const sliceUs of [0, -1, NaN]) expect(() => roundRobinWith({ sliceUs })).toThrow('sliceUs');
});

test('arrival order: the explanation names the first', () => {
  const policy = schedulingPolicies['round-robin'](context());
  for (const id of [4, 7, 2]) policy.ready(pid(id), 0);
  expect(policy.explain!(pid(4), 0)).toBe(
    'agent-4 (pid 4) is the first of 3 ready; in the order of becoming ready, for 60 s',
  );
  expect(policy.explain!(pid(2), 0)).toBe(
    'agent-2 (pid 2) comes after agent-4 (pid 4), the first of 3 ready; in the order of becoming ready, for 60 s',
  );
  expect(schedulingPolicies.fifo(context()).explain!(pid(2), 0)).toBe(
    'agent-2 (pid 2) is not ready; in the order of becoming ready, to its end',
  );
});
