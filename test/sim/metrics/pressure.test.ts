/** Pressure: worked by hand, and for random worlds against its definition. */
import { expect, test } from 'vitest';

import type { BudgetNodeSpec } from '../../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import { PressureTally, type RunPressure } from '../../../src/sim/metrics/pressure.ts';
import {
  continued,
  degraded,
  dispatched,
  ended,
  faulted,
  held,
  ready,
  released,
  spawned,
  stopped,
  stream,
  suspended,
  terminated,
  waiting,
  type Timed,
} from '../checkers/stream.ts';
import { seedCount } from '../../support/seeds.ts';
import { migrating } from '../migrating-worlds.ts';
import { runWorld, type WorldWatch } from '../random-world.ts';
import { naivePressure, shareIn, type NaivePressure } from './naive-pressure.ts';

const S = 1_000_000;
const resources = ['cores', 'memory', 'budget'] as const;
const kinds = ['some', 'full'] as const;

function pressureOf(endUs: number, ...timed: readonly Timed[]): RunPressure {
  return tallied(stream(...timed), endUs);
}

function tallied(
  events: readonly KernelEvent[],
  endUs: number,
  budgets: readonly BudgetNodeSpec[] = [],
): RunPressure {
  const tally = new PressureTally(3, budgets);
  for (const event of events) tally.onEvent(event);
  return tally.result(events[0]?.atUs ?? endUs, endUs);
}

/** [some, full] of each resource, µs. */
const totals = (pressure: RunPressure): Record<string, readonly number[]> =>
  Object.fromEntries(resources.map((name) => [name, kinds.map((kind) => pressure[name][kind].total)]));

test('cores: some while one is ready and another runs, full while nobody runs', () => {
  const pressure = pressureOf(
    10 * S,
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [2 * S, spawned(2)],
    [2 * S, ready(2)],
    [5 * S, ended(1, 0, 1)],
    [5 * S, waiting(1, 'tool')],
    // Nobody else wants anything for a second.
    [6 * S, dispatched(2, 0, 1)],
    [8 * S, ended(2, 0, 1)],
    [8 * S, terminated(2)],
  );
  expect(totals(pressure)).toEqual({ cores: [4 * S, S], memory: [0, 0], budget: [0, 0] });
  expect(pressure.cores.some.share).toBe(0.4);
  // Of the periods from 2 to 4 s and 4 to 6 s all, 4 s ago.
  const q = Math.exp(-0.2);
  expect(pressure.cores.some.avg10).toBeCloseTo((1 - q) * (q ** 3 + q ** 2), 12);
  expect(pressure.cores.full.avg10).toBeCloseTo((1 - q) * 0.5 * q ** 2, 12);
  expect(pressure.series).toMatchObject({
    stepUs: 2 * S,
    cores: { some: [0, 1, 1, 0, 0], full: [0, 0, 0.5, 0, 0] },
  });
});

test('memory: waits for it, queues held by one who waits, load control, and what eviction makes run twice', () => {
  expect(
    totals(
      pressureOf(
        20 * S,
        [0, spawned(1)],
        [0, waiting(1, 'memory')],
        [1 * S, ready(1)],
        [1 * S, dispatched(1, 0, 1)],
        // Somebody waits for memory, and idle cores wait with him.
        [2 * S, spawned(2)],
        [2 * S, ready(2)],
        [3 * S, held()],
        [5 * S, released()],
        [6 * S, suspended(2, 'load-control')],
        [8 * S, continued(2)],
        [8 * S, waiting(2, 'person')],
        [9 * S, ended(1, 0, 1)],
        [9 * S, terminated(1)],
      ),
    ),
  ).toEqual({ cores: [2 * S, 0], memory: [S + 2 * S + 2 * S, S], budget: [0, 0] });
  const again = { newPrefillUs: S, repeatedPrefillUs: 3 * S, loadUs: S };
  const stretch = (tokens: object, ...before: readonly Timed[]) =>
    totals(
      pressureOf(
        10 * S,
        [0, spawned(1)],
        ...before,
        [0, dispatched(1, 0, 1, tokens)],
        [9 * S, ended(1, 0, 1, again)],
        [9 * S, terminated(1)],
      ),
    )['memory'];
  const tokens = { repeatedTokens: 30, loadTokens: 10, newTokens: 10 };
  // Loaded for 1 s, then something new, then 3 s of what was there before; a third of that is the partial answer.
  expect(stretch(tokens, [0, faulted(1, 'capacity', 1, 40)])).toEqual([4 * S, 4 * S]);
  expect(stretch(tokens, [0, faulted(1, 'capacity', 1, 20)], [0, faulted(1, 'hole', 1, 10)])).toEqual([
    3 * S,
    3 * S,
  ]);
  expect(stretch({ ...tokens, loadTokens: 0 }, [0, faulted(1, 'compulsory', 1, 40)])).toEqual([0, 0]);
  // Another model had nothing there to begin with.
  expect(stretch(tokens, [0, degraded(1, 1)], [0, faulted(1, 'hole', 1, 40)])).toEqual([0, 0]);
});

test('memory: a later stretch goes on with what the one before did not bring back', () => {
  const part = { newPrefillUs: 0, loadUs: 0 };
  expect(
    totals(
      pressureOf(
        20 * S,
        [0, spawned(1)],
        [0, faulted(1, 'capacity', 1, 10)],
        [0, dispatched(1, 0, 1, { repeatedTokens: 10 })],
        [2 * S, stopped(1, 0, 1, { ...part, repeatedPrefillUs: 2 * S })],
        [2 * S, ready(1)],
        [4 * S, dispatched(1, 0, 1)],
        [9 * S, ended(1, 0, 1, { ...part, repeatedPrefillUs: S })],
        [9 * S, dispatched(1, 0, 2)],
        [12 * S, ended(1, 0, 2, { ...part, repeatedPrefillUs: 0 })],
        [12 * S, terminated(1)],
      ),
    ),
  ).toEqual({ cores: [2 * S, 2 * S], memory: [3 * S, 3 * S], budget: [0, 0] });
});

test('budget: who waits for it or is suspended by it; who was stopped is idle', () => {
  const pressure = tallied(
    stream(
      [0, spawned(1, { budget: 'team' })],
      [0, waiting(1, 'budget')],
      [0, spawned(2, { budget: 'org' })],
      [0, dispatched(2, 0, 1)],
      [3 * S, ended(2, 0, 1)],
      [3 * S, suspended(2, 'budget')],
      [5 * S, continued(2)],
      [5 * S, suspended(2, 'signal')],
      [6 * S, terminated(1, 'killed')],
    ),
    10 * S,
    [{ name: 'org' }, { name: 'team', parent: 'org' }, { name: 'other' }],
  );
  expect(totals(pressure)['budget']).toEqual([6 * S, 3 * S]);
  expect(
    pressure.budgets.map(({ node, budget }) => [node, ...kinds.map((kind) => budget[kind].total)]),
  ).toEqual([
    ['org', 6 * S, 3 * S],
    ['team', 6 * S, 6 * S],
    ['other', 0, 0],
  ]);
});

test('the pressure so far: what is not known yet of stretches that run counts as productive, and what came after is counted', () => {
  const pressure = pressureOf(
    10 * S,
    [0, spawned(1)],
    [0, faulted(1, 'capacity', 1, 10)],
    [0, dispatched(1, 0, 1, { repeatedTokens: 10 })],
    [2 * S, held()],
    [3 * S, spawned(2)],
    [3 * S, ready(2)],
    [5 * S, released()],
  );
  expect(totals(pressure)).toEqual({ cores: [5 * S, 0], memory: [2 * S, 0], budget: [0, 0] });
});

test('no events, and no stalls: all zero', () => {
  for (const pressure of [
    tallied([], 0),
    pressureOf(5 * S, [0, spawned(1)], [0, dispatched(1, 0, 1)]),
    pressureOf(5 * S, [0, spawned(1)], [0, waiting(1, 'timer')]),
  ])
    for (const name of resources)
      for (const kind of kinds)
        expect(pressure[name][kind]).toEqual({ avg10: 0, avg60: 0, avg300: 0, total: 0, share: 0 });
});

test('a long stretch of nothing new costs no more than a short one', () => {
  const endUs = 3_600 * 24 * 365 * S;
  const pressure = pressureOf(endUs, [0, spawned(1)], [5 * S, waiting(1, 'budget')]);
  expect(pressure.budget.full).toMatchObject({ total: endUs - 5 * S, avg10: 1, avg300: 1 });
  const { stepUs, budget } = pressure.series;
  expect(budget.some.length).toBe(Math.ceil(endUs / stepUs));
  expect(budget.some.length).toBeLessThanOrEqual(121);
  expect(budget.some.slice(1).every((share) => share === 1)).toBe(true);
});

test('a tree of many budgets: those that have others below them', () => {
  const many = Array.from({ length: 150 }, (_, index) => ({ name: `agent-${index}`, parent: 'root' }));
  expect(tallied([], 0, [{ name: 'root' }, ...many]).budgets.map(({ node }) => node)).toEqual(['root']);
  expect(tallied([], 0, many.slice(0, 99)).budgets).toHaveLength(99);
});

// ---- Against the definition --------------------------------------------------------------------------------------------

interface World {
  readonly seed: number;
  readonly events: readonly KernelEvent[];
  readonly budgets: readonly BudgetNodeSpec[];
}

/** Some; those in which processes wait for budgets; those in which a ready queue is held. */
const seeds = Array.from({ length: seedCount(12, 2_000) }, (_, index) => index + 1).concat(
  [48, 84, 98, 100, 109, 111, 126, 133, 141, 142, 166, 176, 184, 210, 257],
  [195, 271, 307, 358],
);

/** Long ones only take longer. */
function worlds(): readonly World[] {
  const some = seeds.map((seed) => worldOf(seed));
  const changing = seeds.map((seed) => worldOf(seed, migrating(seed)));
  return [...some, ...changing].filter(({ events }) => {
    const us = (events.at(-1)?.atUs ?? 0) - (events[0]?.atUs ?? 0);
    return events.length > 20 && events.length < 500 && us < 5_000 * S;
  });
}

function worldOf(seed: number, alter?: WorldWatch['alter']): World {
  const events: KernelEvent[] = [];
  let budgets: readonly BudgetNodeSpec[] = [];
  runWorld(seed, {
    ...(alter === undefined ? {} : { alter }),
    onEvent: (event) => void events.push(event),
    onFacts: (facts) => void (budgets = facts.budgets ?? []),
  });
  return { seed, events, budgets };
}

function expectSame(got: Omit<RunPressure, 'series' | 'budgets'>, want: NaivePressure, what: string): void {
  for (const name of resources) {
    for (const kind of kinds) {
      const { total, avg10, avg60, avg300 } = got[name][kind];
      expect(Number.isSafeInteger(total)).toBe(true);
      expect(total, `${what}, ${name}, ${kind}`).toBe(want[name][kind].total);
      for (const [index, average] of [avg10, avg60, avg300].entries())
        expect(average, `${what}, ${name}, ${kind}`).toBeCloseTo(want[name][kind].averages[index]!, 9);
    }
    const { some, full } = got[name];
    for (const field of ['avg10', 'avg60', 'avg300', 'total', 'share'] as const)
      expect(full[field]).toBeLessThanOrEqual(some[field]);
    expect(some.share).toBeLessThanOrEqual(1);
    expect(some.avg10).toBeLessThanOrEqual(1);
  }
}

test('random worlds: totals, averages and series are those of the intervals, for the run and for each budget', () => {
  const seen = { cores: 0, memory: 0, budget: 0 };
  for (const { seed, events, budgets } of worlds()) {
    const startUs = events[0]!.atUs;
    const lastUs = events.at(-1)!.atUs;
    const endUs = lastUs + 3 * S;
    const tally = new PressureTally(3, budgets);
    for (const [index, event] of events.entries()) {
      tally.onEvent(event);
      // In the middle, too: stretches that still run are productive so far.
      if (index === events.length >> 1) {
        const some = events.slice(0, index + 1);
        expectSame(tally.result(startUs, event.atUs), naivePressure(some, event.atUs), `world ${seed}, cut`);
      }
    }
    const got = tally.result(startUs, endUs);
    const want = naivePressure(events, endUs);
    expectSame(got, want, `world ${seed}`);
    for (const { node, ...pressure } of got.budgets)
      expectSame(pressure, naivePressure(events, endUs, budgets, node), `world ${seed}, ${node}`);
    for (const name of resources) {
      if (want[name].some.total > 0) seen[name]++;
      for (const kind of kinds) {
        const { stepUs } = got.series;
        const { spans } = want[name][kind];
        const wrong = got.series[name][kind].map((share, index) => {
          const fromUs = startUs + index * stepUs;
          return Math.abs(share - shareIn(spans, fromUs, Math.min(endUs, fromUs + stepUs)));
        });
        expect(Math.max(...wrong)).toBeLessThan(1e-9);
      }
    }
  }
  for (const [name, worlds] of Object.entries(seen)) expect(worlds, name).toBeGreaterThan(3);
});
