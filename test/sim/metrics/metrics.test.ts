import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { Metrics } from '../../../src/sim/metrics/metrics.ts';
import { splitSum } from '../../../src/sim/metrics/split.ts';
import type { EngineFacts, RunMetrics } from '../../../src/sim/metrics/run-metrics.ts';
import { seedCount } from '../../support/seeds.ts';
import {
  bypassed,
  continued,
  dispatched,
  dropped,
  ended,
  evicted,
  faulted,
  freed,
  loaded,
  held,
  migrated,
  released,
  ready,
  refused,
  requested,
  settled,
  spawned,
  stopped,
  stream,
  suspended,
  terminated,
  toolEnded,
  toolRefused,
  toolStarted,
  waiting,
  type Timed,
} from '../checkers/stream.ts';

const oneCore: readonly EngineFacts[] = [{ name: 'a', cores: 1, memoryTokens: 100 }];
const twoEngines: readonly EngineFacts[] = [
  { name: 'a', cores: 1, memoryTokens: 100 },
  { name: 'b', cores: 2, memoryTokens: 200 },
];
const none = {
  budget: 0,
  memory: 0,
  storage: 0,
  tool: 0,
  person: 0,
  message: 0,
  child: 0,
  lock: 0,
  timer: 0,
};

function measure(engines: readonly EngineFacts[], endUs: number, events: readonly KernelEvent[]): RunMetrics {
  const metrics = new Metrics({ engines });
  for (const event of events) metrics.onEvent(event);
  return metrics.result(endUs);
}

/** Waits, runs in two stretches, is suspended, and waits for every kind of thing, one of them unheard of. */
const life = stream(
  [1000, spawned(1, { name: 'worker', priority: 30 })],
  [1000, requested(1, 1)],
  [1000, ready(1)],
  [1100, dispatched(1, 0, 1, { cachedTokens: 40 })],
  [1300, stopped(1, 0, 1, { newPrefillUs: 50, loadUs: 20, tokensOut: 3 })],
  [1300, ready(1)],
  [1350, dispatched(1, 0, 1, { cachedTokens: 60 })],
  [1500, ended(1, 0, 1, { repeatedPrefillUs: 30, tokensIn: 60, tokensCached: 40, tokensOut: 9 })],
  [1500, waiting(1, 'tool')],
  [1500, toolStarted(1, 1)],
  [1700, toolEnded(1, 1, { ok: false, code: 'TOOL_FAILED' })],
  [1700, suspended(1)],
  [1800, continued(1)],
  [1800, waiting(1, 'budget')],
  [1900, waiting(1, 'memory')],
  [1950, waiting(1, 'gpu')],
  [1960, terminated(1)],
);

test("a process's turnaround is split to the microsecond", () => {
  const [process] = measure(oneCore, 5000, life).perProcess;
  expect(process).toEqual({
    pid: 1,
    name: 'worker',
    program: 'scripted',
    parent: 0,
    priority: 30,
    outcome: 'completed',
    code: '',
    message: '',
    spawnedUs: 1000,
    turnaroundUs: 960,
    responseUs: 100,
    waitingUs: 150,
    split: {
      running: {
        switchUs: 0,
        newPrefillUs: 50,
        repeatedPrefillUs: 30,
        loadUs: 20,
        decodeUs: 130 + 120,
        unfinishedUs: 0,
      },
      readyUs: 100 + 50,
      waiting: { ...none, tool: 200, budget: 100, memory: 50, gpu: 10 },
      suspendedUs: 100,
    },
    usage: {
      modelCalls: 1,
      modelCallsCompleted: 1,
      modelCallsRefused: 0,
      toolCalls: 1,
      dispatches: 2,
      preemptions: 1,
      migrations: 0,
      faultedTokens: 0,
      tokensIn: 60,
      tokensCached: 40,
      tokensOut: 9,
      microDollars: 0,
    },
  });
});

test('a process that has not terminated is split up to the end of the measurement, whatever state it is in', () => {
  const states: [state: string, at: (split: RunMetrics['split']) => number, ...Timed[]][] = [
    ['ready', (split) => split.readyUs, [0, ready(1)]],
    ['running', (split) => split.running.unfinishedUs, [0, dispatched(1, 0, 1)]],
    ['waiting on person', (split) => split.waiting['person']!, [0, waiting(1, 'person')]],
    ['suspended', (split) => split.suspendedUs, [0, suspended(1)]],
  ];
  for (const [state, at, ...timed] of states) {
    const metrics = new Metrics({ engines: oneCore });
    for (const event of stream([0, spawned(1)], ...timed)) metrics.onEvent(event);
    for (const endUs of [70, 40, 90]) {
      const result = metrics.result(endUs);
      expect(at(result.split), state).toBe(endUs);
      expect(splitSum(result.split), state).toBe(endUs);
      expect(result.perProcess[0]).toMatchObject({
        outcome: 'unfinished',
        message: state,
        turnaroundUs: endUs,
      });
      expect(result.unfinished).toBe(1);
    }
  }
});

test('the end of a stretch leaves the process ready; time it spends so is in the ready queue', () => {
  const result = measure(
    oneCore,
    100,
    stream([0, spawned(1)], [10, dispatched(1, 0, 1)], [40, ended(1, 0, 1)], [45, terminated(1)]),
  );
  expect(result.split.readyUs).toBe(10 + 5);
  expect(result.split.running.decodeUs).toBe(30);
});

test('totals count each kind of event once', () => {
  const result = measure(
    twoEngines,
    1000,
    stream(
      [0, spawned(1)],
      [0, spawned(2, { parent: 1, engine: 1 })],
      [0, spawned(3)],
      [0, spawned(4)],
      [0, spawned(5)],
      [0, bypassed(1, 1)],
      [0, faulted(1, 'compulsory', 3, 30)],
      [0, faulted(1, 'capacity', 2, 21)],
      [0, faulted(1, 'hole', 1, 7)],
      [0, loaded(1, 5, 51)],
      [0, dispatched(1, 0, 1, { newTokens: 30, cachedTokens: 11 })],
      [0, dispatched(2, 2, 1, { cachedTokens: 4 })],
      [100, stopped(2, 2, 1, { by: 'priority' })],
      [100, stopped(1, 0, 1, { by: 'signal' })],
      [100, dispatched(2, 1, 1)],
      [150, settled(2, 9, { microDollars: 70 })],
      [150, ended(2, 1, 1, { ok: false, tokensIn: 8, tokensCached: 2, tokensOut: 1, microDollars: 70 })],
      [200, evicted(1, 2, 20)],
      [200, freed(3, 1, 10)],
      [200, dropped(2, 9, 6)],
      [200, requested(3, 1)],
      [200, refused(3, 1)],
      [200, requested(4, 1)],
      [200, refused(4, 1)],
      [200, toolStarted(2, 1)],
      [200, toolEnded(2, 1)],
      [200, toolStarted(2, 2)],
      [200, toolEnded(2, 2, { ok: false, code: 'TOOL_TIMEOUT' })],
      [200, toolRefused(2, 'UNKNOWN_TOOL')],
      [300, waiting(3, 'budget')],
      [400, waiting(3, 'lock')],
      [400, waiting(3, 'budget')],
      [450, terminated(3, 'failed')],
      [500, terminated(1, 'killed')],
      [500, settled(1, 3, { microDollars: 5 })],
      [600, terminated(2, 'cancelled')],
      [700, terminated(4)],
    ),
  );
  expect(result).toMatchObject({
    startUs: 0,
    endUs: 1000,
    makespanUs: 1000,
    processes: 5,
    completed: 1,
    failed: 1,
    cancelled: 1,
    killed: 1,
    unfinished: 1,
    completedWithRefusedCalls: 1,
    modelCalls: 2,
    modelCallsCompleted: 0,
    modelCallsFailed: 1,
    modelCallsRefused: { CONTEXT_TOO_LARGE: 2 },
    modelCallsBypassed: 1,
    toolCalls: 2,
    toolFailures: 1,
    toolFailuresByCode: { TOOL_TIMEOUT: 1 },
    toolsRefused: { UNKNOWN_TOOL: 1 },
    dispatches: 3,
    preemptions: { slice: 0, priority: 1, signal: 1, 'load-control': 0 },
    tokensIn: 8,
    tokensCached: 2,
    tokensOut: 1,
    microDollars: 75,
    faults: {
      compulsory: { pages: 3, tokens: 30 },
      capacity: { pages: 2, tokens: 21 },
      hole: { pages: 1, tokens: 7 },
    },
    loaded: { pages: 5, tokens: 51 },
    evicted: { pages: 2, tokens: 20 },
    freed: { pages: 1, tokens: 10 },
    dropped: { pages: 1, tokens: 6 },
    prefillTokensSaved: 15,
    budgetStalls: { count: 2, us: 150 },
  });
  expect(result.perProcess.map(({ pid, parent }) => [pid, parent])).toEqual([
    [1, 0],
    [2, 1],
    [3, 0],
    [4, 0],
    [5, 0],
  ]);
  expect(result.perProcess[0]!.usage).toMatchObject({ faultedTokens: 58, preemptions: 1, microDollars: 5 });
});

test('utilisation, resident tokens and throughput are of the time between the first event and the end', () => {
  const hour = 3_600_000_000;
  const result = measure(
    twoEngines,
    3 * hour,
    stream(
      [hour, spawned(1)],
      [hour, loaded(1, 1, 60)],
      [hour, loaded(1, 1, 100, 1)],
      [hour, dispatched(1, 0, 1)],
      [2 * hour, ended(1, 0, 1)],
      [2 * hour, evicted(1, 1, 60)],
      [2 * hour, spawned(2, { engine: 1 })],
      [2 * hour, dispatched(2, 2, 1)],
      [2 * hour, terminated(1)],
    ),
  );
  const [a, b] = result.engines;
  expect(a).toEqual({
    name: 'a',
    cores: 1,
    memoryTokens: 100,
    busyUs: hour,
    utilisation: 0.5,
    peakResidentTokens: 60,
    meanResidentTokens: 30,
  });
  expect(b).toMatchObject({
    busyUs: hour,
    utilisation: 0.25,
    peakResidentTokens: 100,
    meanResidentTokens: 100,
  });
  expect(result.utilisation).toBe(2 / 6);
  expect(result.throughput).toEqual({ completedProcessesPerHour: 0.5, completedCallsPerHour: 0.5 });
});

test('mean resident tokens are weighted by how long they were there', () => {
  const events = stream(
    [100, spawned(1)],
    [110, loaded(1, 1, 50)],
    [130, loaded(2, 1, 30)],
    [160, evicted(1, 1, 50)],
    [170, freed(2, 1, 30)],
    [180, loaded(3, 1, 10)],
  );
  const [engine] = measure(oneCore, 200, events).engines;
  // 10 µs of 0, 20 of 50, 30 of 80, 10 of 30, 10 of 0, 20 of 10.
  expect(engine).toMatchObject({
    peakResidentTokens: 80,
    meanResidentTokens: (1000 + 2400 + 300 + 200) / 100,
  });
});

test('fairness and distributions', () => {
  // Core time 30, 10 and none; slowdowns 40/30 and 40/10.
  const result = measure(
    oneCore,
    40,
    stream(
      [0, spawned(1)],
      [0, spawned(2)],
      [0, spawned(3)],
      [0, dispatched(1, 0, 1)],
      [30, ended(1, 0, 1)],
      [30, dispatched(2, 0, 1)],
      [40, ended(2, 0, 1)],
      [40, terminated(1)],
      [40, terminated(2)],
    ),
  );
  expect(result.fairness.coreTime).toBeCloseTo((40 * 40) / (3 * (900 + 100)), 12);
  expect(result.fairness.slowdown).toBeCloseTo((16 / 3) ** 2 / (2 * ((4 / 3) ** 2 + 16)), 12);
  expect(result.turnaround).toEqual({ count: 3, mean: 40, p50: 40, p95: 40, p99: 40, max: 40 });
  // The third was never dispatched: it has no response yet, but it has waited.
  expect(result.response).toMatchObject({ count: 2, mean: 15, p50: 0, p95: 30 });
  expect(result.perProcess[2]!.responseUs).toBeNull();
  expect(result.waiting).toMatchObject({ count: 3, mean: (10 + 30 + 40) / 3, max: 40 });
});

test('slowdown counts what the kernel makes a process wait for, and not what the world does', () => {
  const waits = (reason: string) =>
    stream(
      [0, spawned(1)],
      [0, spawned(2)],
      [0, dispatched(1, 0, 1)],
      [10, ended(1, 0, 1)],
      [10, terminated(1)],
      [10, dispatched(2, 0, 1)],
      [20, ended(2, 0, 1)],
      [20, waiting(2, reason)],
      [100, terminated(2)],
    );
  const jain = (a: number, b: number) => (a + b) ** 2 / (2 * (a * a + b * b));
  for (const reason of ['tool', 'person', 'message', 'child', 'timer', 'gpu'])
    expect(measure(oneCore, 100, waits(reason)).fairness.slowdown, reason).toBeCloseTo(jain(1, 2), 12);
  for (const reason of ['budget', 'memory', 'storage', 'lock'])
    expect(measure(oneCore, 100, waits(reason)).fairness.slowdown, reason).toBeCloseTo(jain(1, 10), 12);
});

test('who goes to another engine waits for its memory from then on, and is counted', () => {
  const { split, perProcess, migrations } = measure(
    twoEngines,
    100,
    stream(
      [0, spawned(1)],
      [0, requested(1, 1)],
      [0, ready(1)],
      [10, held(0)],
      [30, migrated(1, { lostTokens: 7 })],
      [40, held(1)],
      [45, released(0)],
      [60, released(1)],
      [70, dispatched(1, 1, 1)],
      [90, ended(1, 1, 1, { switchUs: 5 })],
      [90, terminated(1)],
    ),
  );
  expect(migrations).toEqual({ count: 1, lostTokens: 7 });
  expect(perProcess[0]!.usage.migrations).toBe(1);
  expect(split.waiting['memory']).toBe(20 + 20);
  expect(split.readyUs).toBe(10 + 10 + 10);
  expect(split.running).toMatchObject({ switchUs: 5, decodeUs: 15 });
});

test('a run without events has figures, too', () => {
  const result = measure(oneCore, 10, []);
  expect(result).toMatchObject({
    processes: 0,
    makespanUs: 0,
    utilisation: 0,
    fairness: { coreTime: 1, slowdown: 1 },
  });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

test('a stream that cannot be is an assertion', () => {
  const run =
    (...timed: Timed[]) =>
    () =>
      measure(oneCore, 100, stream([0, spawned(1)], [0, spawned(2)], ...timed));
  expect(run([0, dispatched(1, 0, 1)], [10, ended(1, 0, 1, { newPrefillUs: 6, loadUs: 5 })])).toThrow(
    'shorter than its parts',
  );
  expect(run([0, dispatched(1, 0, 1)], [10, terminated(1)])).toThrow('while running');
  expect(run([0, dispatched(1, 0, 1)], [10, ended(2, 0, 1)])).toThrow('which runs 1');
  expect(run([0, dispatched(1, 0, 1)], [10, dispatched(2, 0, 1)])).toThrow('still runs 1');
  expect(run([0, dispatched(1, 1, 1)])).toThrow('core 1 of 1');
  expect(run([0, terminated(1)], [10, ready(1)])).toThrow('while terminated');
  expect(run([0, ready(3)])).toThrow('never spawned');
  expect(run([9, ready(1)], [5, waiting(1, 'tool')])).toThrow('time went back');
  expect(run([0, loaded(1, 1, 5)], [0, evicted(1, 1, 6)])).toThrow('-1 tokens resident');
  expect(run([0, loaded(1, 1, 5, 1)])).toThrow('engine 1 of 1');
  expect(run([101, ready(1)])).toThrow('the last event was at 101');
});

/** One step of a random run: which process, how long after the last event, and what it would like to do. */
const step = fc.record({
  who: fc.integer({ min: 1, max: 6 }),
  afterUs: fc.integer({ min: 0, max: 1000 }),
  wish: fc.integer({ min: 0, max: 9 }),
});

test('whatever happens, the parts sum to the turnaround and the stretches to the busy time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { events, nowUs } = randomRun(steps);
      const result = measure(twoEngines, nowUs + 17, events);
      for (const process of result.perProcess) expect(splitSum(process.split)).toBe(process.turnaroundUs);
      const { newPrefillUs, repeatedPrefillUs, loadUs, decodeUs, unfinishedUs } = result.split.running;
      const busyUs = result.engines.reduce((sum, engine) => sum + engine.busyUs, 0);
      expect(newPrefillUs + repeatedPrefillUs + loadUs + decodeUs + unfinishedUs).toBe(busyUs);
      expect(result.waiting.mean * result.processes).toBeCloseTo(result.split.readyUs, 3);
    }),
    { seed: 7, numRuns: seedCount(300, 20_000) },
  );
});

/** A legal stream: each step does what the state of its process allows. */
function randomRun(steps: readonly { who: number; afterUs: number; wish: number }[]): {
  events: KernelEvent[];
  nowUs: number;
} {
  const timed: Timed[] = [];
  const state = new Map<number, { at: string; core: number; sinceUs: number }>();
  const free = new Set([0, 1, 2]);
  let nowUs = 50;
  for (const { who, afterUs, wish } of steps) {
    nowUs += afterUs;
    const process = state.get(who);
    if (process === undefined) {
      timed.push([nowUs, spawned(who)]);
      state.set(who, { at: 'ready', core: -1, sinceUs: nowUs });
    } else if (process.at === 'running') {
      const spentUs = Math.floor((nowUs - process.sinceUs) / (wish + 1));
      const end = wish % 2 === 0 ? ended : stopped;
      timed.push([nowUs, end(who, process.core, 1, { newPrefillUs: spentUs })]);
      free.add(process.core);
      process.at = 'ready';
    } else if (process.at === 'suspended') {
      timed.push([nowUs, continued(who)]);
      process.at = 'ready';
    } else if (process.at !== 'terminated') {
      const [core] = free;
      if (wish < 4 && core !== undefined && process.at === 'ready') {
        timed.push([nowUs, dispatched(who, core, 1)]);
        free.delete(core);
        Object.assign(process, { at: 'running', core, sinceUs: nowUs });
      } else if (wish < 7) {
        timed.push([nowUs, waiting(who, ['tool', 'budget', 'odd'][wish % 3]!)]);
        process.at = 'waiting';
      } else if (wish === 7) {
        timed.push([nowUs, suspended(who)]);
        process.at = 'suspended';
      } else if (wish === 8) {
        timed.push([nowUs, ready(who)]);
        process.at = 'ready';
      } else {
        timed.push([nowUs, terminated(who)]);
        process.at = 'terminated';
      }
    }
  }
  return { events: stream(...timed), nowUs };
}
