/** The rules of pause and restore one by one, with a memory of 100 tokens. */
import { expect, test } from 'vitest';

import type { Pid } from '../../../src/kernel/ids.ts';
import { loadControlPolicies, pauseAndRestoreWith } from '../../../src/policies/index.ts';
import { ArrayLoad } from '../../support/load-view.ts';

const pid = (id: number): Pid => id as Pid;

function loaded(...tokens: number[]): ArrayLoad {
  const load = new ArrayLoad();
  tokens.forEach((count, at) => load.set(pid(at + 1), { tokens: count }));
  return load;
}

test('the fill is a share, the half-life a time', () => {
  for (const fill of [0, -1, 1.1, NaN]) expect(() => pauseAndRestoreWith({ fill })).toThrow('fill');
  for (const halfLifeUs of [0, -1, Infinity, NaN])
    expect(() => pauseAndRestoreWith({ halfLifeUs })).toThrow('halfLifeUs');
});

test('lets on until 90 of 100 tokens are taken; who waits for a tool keeps its place', () => {
  const load = loaded(50, 41, 40, 1);
  const policy = loadControlPolicies['pause-and-restore'](load.context(100));
  expect(policy.mayStart(pid(1), 0)).toBe(true);
  expect(policy.mayStart(pid(2), 0)).toBe(false);
  expect(policy.mayStart(pid(3), 0)).toBe(true);
  load.set(pid(1), { tokens: 50, active: false });
  expect(policy.mayStart(pid(4), 1)).toBe(false);
  expect([1, 2, 3, 4].map((id) => policy.keepsPlace!(pid(id)))).toEqual([true, false, true, false]);
  expect(policy.mayStart(pid(1), 2)).toBe(true);
  // Nobody is active, and memory is as full as before.
  load.set(pid(3), { tokens: 40, active: false });
  load.set(pid(1), { tokens: 50, active: false });
  expect(policy.mayStart(pid(2), 3)).toBe(false);
  load.figures.delete(pid(1));
  load.figures.delete(pid(3));
  load.set(pid(2), { tokens: 99 });
  expect(policy.mayStart(pid(2), 4)).toBe(true);
});

test('what is held during a wait for a tool counts half after each half-life of that, and in full again with the next call', () => {
  const load = loaded(80, 50, 30);
  const policy = pauseAndRestoreWith({ halfLifeUs: 1_000 })(load.context(100));
  expect(policy.mayStart(pid(1), 0)).toBe(true);
  load.set(pid(1), { tokens: 80, active: false });
  // It is seen to be between its calls from now on.
  expect(policy.mayStart(pid(2), 100)).toBe(false);
  expect(policy.mayStart(pid(2), 1_099)).toBe(false);
  expect(policy.recheckUs(1_099)).toBe(250);
  expect(policy.mayStart(pid(2), 1_100)).toBe(true);
  expect(policy.mayStart(pid(3), 1_100)).toBe(false);
  // Together they outgrow memory: the one between its calls gives up its place, though it is the larger one.
  expect(policy.toSuspend(1_100)).toBeUndefined();
  expect([1, 2].map((id) => policy.keepsPlace!(pid(id)))).toEqual([false, true]);
  load.set(pid(2), { tokens: 50, active: false });
  expect(policy.mayStart(pid(3), 1_200)).toBe(true);
  load.set(pid(2), { tokens: 50, active: true });
  expect(policy.mayStart(pid(1), 9_000)).toBe(false);
});

test('pauses the smallest when prompts outgrow memory, of several the latest, never the last active one', () => {
  const load = loaded(30, 30, 30);
  const policy = loadControlPolicies['pause-and-restore'](load.context(100));
  for (const id of [2, 1, 3]) expect(policy.mayStart(pid(id), 0)).toBe(true);
  load.set(pid(2), { tokens: 40 });
  expect(policy.toSuspend(1)).toBeUndefined(); // 100
  load.set(pid(2), { tokens: 41 });
  expect(policy.toSuspend(1)).toBe(3);
  load.set(pid(3), { tokens: 30, active: false });
  // It is not let on again before there is room.
  expect(policy.mayStart(pid(3), 2)).toBe(false);
  load.set(pid(2), { tokens: 30 });
  expect(policy.mayStart(pid(3), 3)).toBe(true);
});

test('of two paused at once the one between calls goes first, silently; the last active one stays', () => {
  const load = loaded(30, 30, 30);
  const policy = loadControlPolicies['pause-and-restore'](load.context(100));
  for (const id of [1, 2, 3]) policy.mayStart(pid(id), 0);
  load.set(pid(1), { tokens: 90 });
  load.set(pid(2), { tokens: 30, active: false });
  load.set(pid(3), { tokens: 30, active: false });
  expect(policy.toSuspend(1)).toBeUndefined();
  for (const id of [2, 3]) {
    load.set(pid(id), { tokens: 30, active: true });
    expect(policy.mayStart(pid(id), 2)).toBe(false);
  }
});

test('who waits for ten half-lives loses its place, and keeps out nobody who needs all of memory', () => {
  const load = loaded(10, 95);
  const policy = pauseAndRestoreWith({ halfLifeUs: 1_000 })(load.context(100));
  policy.mayStart(pid(1), 0);
  load.set(pid(1), { tokens: 10, active: false });
  expect(policy.mayStart(pid(2), 0)).toBe(false);
  expect(policy.mayStart(pid(2), 9_999)).toBe(false);
  expect(policy.mayStart(pid(2), 10_000)).toBe(true);
  expect(policy.keepsPlace!(pid(1))).toBe(false);
});

test('of those that run calls the smallest goes', () => {
  const load = loaded(20, 10, 30);
  const policy = loadControlPolicies['pause-and-restore'](load.context(100));
  for (const id of [1, 2, 3]) policy.mayStart(pid(id), 0);
  load.set(pid(3), { tokens: 80 });
  expect(policy.toSuspend(1)).toBe(2);
});

test('what is restored from a snapshot goes on as it was', () => {
  const load = loaded(50, 40, 50);
  const first = pauseAndRestoreWith({ halfLifeUs: 1_000 })(load.context(100));
  for (const id of [1, 2]) first.mayStart(pid(id), 0);
  load.set(pid(1), { tokens: 50, active: false });
  expect(first.mayStart(pid(3), 0)).toBe(false);
  const second = pauseAndRestoreWith({ halfLifeUs: 1_000 })(load.context(100));
  second.load!(first.save!());
  for (const policy of [first, second]) {
    expect(policy.mayStart(pid(3), 2_000)).toBe(false);
    expect(policy.mayStart(pid(3), 3_000)).toBe(false);
    load.set(pid(3), { tokens: 40 });
    expect(policy.mayStart(pid(3), 3_000)).toBe(true);
    load.set(pid(3), { tokens: 50 });
  }
});

test('who has ended gives its place back', () => {
  const load = loaded(80, 20);
  const policy = loadControlPolicies['pause-and-restore'](load.context(100));
  policy.mayStart(pid(1), 0);
  expect(policy.mayStart(pid(2), 0)).toBe(false);
  load.figures.delete(pid(1));
  expect(policy.mayStart(pid(2), 1)).toBe(true);
});
