/** The rules of the working-set policy one by one, with a memory of 100 tokens. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { loadControlPolicies, workingSetDefaults, workingSetWith } from '../../../src/policies/index.ts';
import { ArrayLoad } from '../../support/load-view.ts';

const pid = (id: number): Pid => id as Pid;

function loaded(...tokens: number[]): ArrayLoad {
  const load = new ArrayLoad();
  tokens.forEach((count, at) => load.set(pid(at + 1), { tokens: count }));
  return load;
}

test('the window is 60 s by default, must be above 0, and is what is asked for', () => {
  expect(workingSetDefaults.windowUs).toBe(60_000_000);
  for (const windowUs of [0, -1, NaN, Infinity])
    expect(() => workingSetWith({ windowUs })).toThrow('windowUs');
  const load = loaded(10);
  const policy = workingSetWith({ windowUs: 5_000_000 })(load.context(100));
  policy.mayStart(pid(1), 0);
  expect([...load.windows]).toEqual([5_000_000]);
  // Looked at four times in a window.
  expect(policy.recheckUs(0)).toBe(1_250_000);
});

test('starts what fits beside the others, to the token; those that only ask hold nothing', () => {
  const load = loaded(60, 41, 40, 1, 300);
  const policy = loadControlPolicies['working-set'](load.context(100));
  expect(policy.mayStart(pid(1), 0)).toBe(true);
  expect(policy.mayStart(pid(2), 0)).toBe(false);
  expect(policy.mayStart(pid(3), 0)).toBe(true);
  expect(policy.mayStart(pid(4), 0)).toBe(false);
  // 1 waits for a tool: it is out, and has to ask again.
  load.set(pid(1), { tokens: 60, active: false });
  expect(policy.mayStart(pid(2), 1)).toBe(true);
  load.set(pid(1), { tokens: 60, active: true });
  expect(policy.mayStart(pid(1), 1)).toBe(false);
});

test('a call that is too large starts alone, and others wait for it', () => {
  const load = loaded(300, 1);
  const policy = loadControlPolicies['working-set'](load.context(100));
  expect(policy.mayStart(pid(1), 0)).toBe(true);
  expect(policy.toSuspend(0)).toBeUndefined();
  expect(policy.mayStart(pid(2), 0)).toBe(false);
  // Asked again, of itself: it does not stand in its own way.
  expect(policy.mayStart(pid(1), 0)).toBe(true);
});

test('suspends the one of the largest number, of several the youngest, while they do not fit', () => {
  const load = loaded(20, 20, 20, 20);
  load.set(pid(1), { tokens: 20, priority: 10 });
  load.set(pid(4), { tokens: 20, priority: 40 });
  const policy = loadControlPolicies['working-set'](load.context(100));
  for (const id of [3, 1, 4, 2]) expect(policy.mayStart(pid(id), 0)).toBe(true);
  expect(policy.toSuspend(0)).toBeUndefined();
  load.set(pid(1), { tokens: 40 });
  expect(policy.toSuspend(0)).toBeUndefined(); // 100 of 100
  load.set(pid(1), { tokens: 61 });
  expect(policy.toSuspend(1)).toBe(3);
  load.set(pid(3), { tokens: 20, active: false });
  expect(policy.toSuspend(1)).toBe(2);
  load.set(pid(2), { tokens: 20, active: false });
  expect(policy.toSuspend(1)).toBeUndefined(); // 81
  expect(policy.mayStart(pid(3), 2)).toBe(false);
});

test('answers on the seeded workload: a change of behaviour shows here', () => {
  const rng = rngFor(31, 'load');
  const load = new ArrayLoad();
  const policy = loadControlPolicies['working-set'](load.context(100));
  const counts = { started: 0, refused: 0, suspended: 0 };
  for (let at = 0; at < 300; at++) {
    const one = pid(1 + rng.integer(12));
    load.set(one, { tokens: 5 + rng.integer(40), priority: rng.integer(101), active: rng.integer(4) > 0 });
    if (load.active(one)) counts[policy.mayStart(one, at) ? 'started' : 'refused']++;
    load.set(pid(1 + rng.integer(12)), { tokens: 5 + rng.integer(60) });
    const victim = policy.toSuspend(at);
    if (victim === undefined) continue;
    counts.suspended++;
    load.set(victim, { ...load.figures.get(victim)!, active: false });
  }
  expect(counts).toEqual({ started: 118, refused: 110, suspended: 37 });
});
