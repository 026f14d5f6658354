/** The rules of page-fault frequency one by one, with a memory of 100 tokens. */
import { expect, test } from 'vitest';

import type { Pid } from '../../../src/kernel/ids.ts';
import {
  loadControlPolicies,
  pageFaultFrequencyDefaults,
  pageFaultFrequencyWith,
} from '../../../src/policies/index.ts';
import { ArrayLoad } from '../../support/load-view.ts';

const one = 1 as Pid;
const two = 2 as Pid;
const S = 1_000_000;

/** Tells each window that it is asked for, in seconds. */
class WindowedLoad extends ArrayLoad {
  readonly asked: number[] = [];
  override workingSet(pid: Pid, windowUs: number): number {
    this.asked.push(windowUs / S);
    return super.workingSet(pid, windowUs);
  }
}

test('the interval is 60 s by default and must be above 0', () => {
  expect(pageFaultFrequencyDefaults.intervalUs).toBe(60 * S);
  for (const intervalUs of [0, -1, NaN, Infinity])
    expect(() => pageFaultFrequencyWith({ intervalUs })).toThrow('intervalUs');
  expect(pageFaultFrequencyWith({ intervalUs: 4 * S })(new ArrayLoad().context(100)).recheckUs(0)).toBe(S);
});

test('the need is what was used since a fault that moves on while faults are rare', () => {
  const load = new WindowedLoad();
  const policy = pageFaultFrequencyWith({ intervalUs: 10 * S })(load.context(100));
  const needAt = (nowS: number, faultS: number): number => {
    load.set(one, { tokens: 10, active: true, lastFaultUs: faultS < 0 ? -1 : faultS * S });
    policy.mayStart(one, nowS * S);
    return load.asked.at(-1)!;
  };
  expect(needAt(5, -1)).toBe(Infinity);
  // The first fault says nothing about their frequency.
  expect(needAt(20, 20)).toBe(Infinity);
  // 9 s after it: too little memory, the need stays.
  expect(needAt(30, 29)).toBe(Infinity);
  // 10 s after that one: enough, what was used since 29 s is needed.
  expect(needAt(40, 39)).toBe(11);
  expect(needAt(45, 39)).toBe(16);
  expect(needAt(46, 45)).toBe(17);
  expect(needAt(60, 60)).toBe(15);
});

test('starts what fits beside the others, and suspends the youngest when they do not fit', () => {
  const load = new ArrayLoad();
  load.set(one, { tokens: 60 });
  load.set(two, { tokens: 41 });
  const policy = loadControlPolicies['page-fault-frequency'](load.context(100));
  expect(policy.mayStart(one, 0)).toBe(true);
  expect(policy.mayStart(two, 0)).toBe(false);
  load.set(two, { tokens: 40 });
  expect(policy.mayStart(two, 0)).toBe(true);
  load.set(one, { tokens: 61 });
  expect(policy.toSuspend(1)).toBe(two);
});
