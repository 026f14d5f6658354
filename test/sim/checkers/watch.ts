/** Watches hand-written streams: one checker alone must catch what is planted for it, and let pass what is right. */
import { expect, test } from 'vitest';

import { AssertionError } from '../../../src/base/assert.ts';
import type { BudgetNodeSpec } from '../../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import {
  createCheckers,
  type CheckerName,
  type CheckersOptions,
} from '../../../src/sim/checkers/checkers.ts';
import { dispatched, requested, reserved, spawned, stream, type Timed } from './stream.ts';

export const SECOND = 1_000_000;
/** Two teams are written down with one list of limits: each has its own all the same. */
const perTeam: BudgetNodeSpec['limits'] = [
  { resource: 'tokens', amount: 500, window: { kind: 'sliding', lengthUs: SECOND } },
];
const budgets: readonly BudgetNodeSpec[] = [
  {
    name: 'root',
    limits: [
      { resource: 'tokens', amount: 1000, window: { kind: 'fixed', lengthUs: SECOND } },
      { resource: 'calls', amount: 4, window: { kind: 'fixed', lengthUs: SECOND } },
    ],
  },
  { name: 'team', parent: 'root', limits: perTeam },
  { name: 'other team', limits: perTeam },
  { name: 'once', limits: [{ resource: 'microDollars', amount: 90, window: { kind: 'total' } }] },
  { name: 'free' },
  // 100 tokens a second, and what becomes of who asks for more.
  { name: 'paced', limits: perSecond('fixed'), whenExhausted: 'throttle' },
  { name: 'paced sliding', limits: perSecond('sliding'), whenExhausted: 'throttle' },
  { name: 'suspending', limits: perSecond('fixed'), whenExhausted: 'suspend' },
  { name: 'stopping', limits: perSecond('fixed'), whenExhausted: 'stop' },
  {
    name: 'degrading',
    limits: [{ resource: 'microDollars', amount: 90, window: { kind: 'total' } }],
    whenExhausted: 'degrade',
    degradeTo: { model: 'small', prices: { input: 1_000_000, cachedInput: 0, output: 1_000_000 } },
  },
];

function perSecond(kind: 'fixed' | 'sliding'): NonNullable<BudgetNodeSpec['limits']> {
  return [{ resource: 'tokens', amount: 100, window: { kind, lengthUs: SECOND } }];
}
export const setup: CheckersOptions = {
  engines: [
    {
      name: 'a',
      cores: 2,
      memoryTokens: 300,
      // Two micro-dollars for a prompt token, half of that for a cached one, five for a token of an answer.
      prices: { input: 2_000_000, cachedInput: 1_000_000, output: 5_000_000 },
      prefillTokensPerSecond: 500_000,
      // A hundred tokens take 1,100 µs.
      loadTokensPerSecond: 100_000,
      loadLatencyUs: 100,
      preemption: 'resume',
      sliceUs: 500,
    },
    { name: 'b', cores: 1, memoryTokens: 100, loadTokensPerSecond: 0, switchUs: 20, throughput: [0.5] },
  ],
  budgets,
  tools: [{ name: 'search', concurrency: 2 }, { name: 'mail' }, { name: 'pay', approval: true }],
};

/** A process with a call, up to its dispatch. */
export const running: readonly Timed[] = [
  [0, spawned(1)],
  [0, requested(1, 1)],
  [0, reserved(1, 10)],
  [0, dispatched(1, 0, 1)],
];

/** `only`: the one checker that watches; default all. */
export function watch(events: readonly KernelEvent[], only?: CheckerName): void {
  const watching = createCheckers(only === undefined ? setup : { ...setup, only: [only] });
  for (const event of events) watching.onEvent(event);
  watching.finish();
}

/** What the message says, and the stream; its last event breaks the promise, unless only the end of its instant shows it. */
export type Planted = readonly [says: string, ...events: Timed[]];

export function checkCatches(promise: CheckerName, planted: readonly Planted[]): void {
  for (const [says, ...timed] of planted) {
    const events = stream(...timed);
    test(`${promise} catches: ${says} (of ${events.length} events)`, () => {
      const { message } = violationOf(() => watch(events, promise));
      expect(message).toContain(`broken promise "${promise}": `);
      expect(message).toContain(says);
      expect(message).toMatch(/\(event \d+, [a-z.]+, at \d+ µs\)$/);
      if (closesInstants.has(promise)) return;
      expect(() => watch(events.slice(0, -1), promise)).not.toThrow();
      expect(message).toContain(`(event ${events.length},`);
    });
  }
}

export function checkAccepts(promise: CheckerName, allowed: readonly (readonly Timed[])[]): void {
  test(`${promise} lets pass what is right`, () => {
    for (const timed of allowed)
      expect(() => watch(stream(...timed), promise), JSON.stringify(timed)).not.toThrow();
  });
}

/** They compare what happened at one instant, in whatever order. */
const closesInstants: ReadonlySet<CheckerName> = new Set([
  'budget-rules',
  'faults',
  'reservations',
  'metering',
  'signals',
  'waits',
]);

export function violationOf(run: () => void): AssertionError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
    return error as AssertionError;
  }
  throw new Error('nothing was caught');
}
