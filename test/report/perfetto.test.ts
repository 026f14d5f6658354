import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import { PerfettoWriter, type TraceMachine } from '../../src/report/perfetto.ts';
import { stepsToExecution } from '../../src/policies/paging/sessions/steps-to-execution.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { demoBudgets, demoEngines, runDemo } from '../../src/sim/demo.ts';
import { Metrics } from '../../src/sim/metrics/metrics.ts';
import type { EngineFacts, ProcessMetrics } from '../../src/sim/metrics/run-metrics.ts';
import { readTrace, splitsOf, type Trace } from '../support/chrome-trace.ts';
import { runAgents } from '../support/run-agents.ts';
import { seedCount } from '../support/seeds.ts';
import { migrating } from '../sim/migrating-worlds.ts';
import { runWorld, type WorldWatch } from '../sim/random-world.ts';
import {
  acquire,
  allocate,
  release,
  SECOND,
  semOpen,
  semPost,
  semWait,
  sleep,
  spawn,
  think,
} from '../support/syscalls.ts';

interface Recorded {
  readonly machine: TraceMachine & { readonly engines: readonly EngineFacts[] };
  readonly events: readonly KernelEvent[];
}

function worldOf(seed: number, watch: WorldWatch = {}): Recorded {
  const events: KernelEvent[] = [];
  let machine: Recorded['machine'] | undefined;
  runWorld(seed, {
    ...watch,
    onEvent: (event) => events.push(event),
    onFacts: ({ engines, budgets = [] }) => (machine = { engines, budgets }),
  });
  return { machine: machine!, events };
}

function traceText(machine: TraceMachine, events: readonly KernelEvent[], endUs: number): string {
  let text = '';
  const { engines, budgets } = machine;
  const writer = new PerfettoWriter({
    engines,
    budgets,
    about: { seed: 1 },
    write: (piece) => (text += piece),
  });
  for (const event of events) writer.onEvent(event);
  writer.end(endUs);
  return text;
}

function demoTrace(): Trace {
  const events: KernelEvent[] = [];
  const { endUs } = runDemo({ print: () => {}, onEvent: (event) => events.push(event) });
  return readTrace(traceText({ engines: demoEngines, budgets: demoBudgets }, events, endUs));
}

/** As splitsOf names the parts. */
function splitOf({ split }: ProcessMetrics): Record<string, number> {
  const { running, readyUs, waiting, suspendedUs } = split;
  const parts = {
    switch: running.switchUs,
    load: running.loadUs,
    'repeated prefill': running.repeatedPrefillUs,
    'new prefill': running.newPrefillUs,
    decode: running.decodeUs,
    unfinished: running.unfinishedUs,
    ready: readyUs,
    suspended: suspendedUs,
    ...Object.fromEntries(Object.entries(waiting).map(([reason, us]) => [`waiting: ${reason}`, us])),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, us]) => us > 0));
}

/** The trace of the events up to `endUs` is sound, and tells of every process what the metrics tell. */
function checkWorld({ machine, events }: Recorded, endUs: number): Trace {
  const metrics = new Metrics({ engines: machine.engines });
  for (const event of events) metrics.onEvent(event);
  const { perProcess, engines } = metrics.result(endUs);
  const trace = readTrace(traceText(machine, events, endUs));
  const splits = splitsOf(trace);
  for (const process of perProcess)
    expect(splits.get(process.pid) ?? {}, `process ${process.pid}`).toEqual(splitOf(process));
  for (const { name, peakResidentTokens } of engines) {
    const resident = trace.counters.get(`engine ${name}: context memory tokens`) ?? [0];
    // Between two instants, so that what comes and goes at one of them does not count.
    expect(Math.max(...resident)).toBeLessThanOrEqual(peakResidentTokens);
  }
  return trace;
}

test('random worlds: every trace can be imported, and its slices sum to the split of each process', () => {
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(45, 5_000); seed++) {
    const world = worldOf(seed);
    for (const { cat } of checkWorld(world, world.events.at(-1)!.atUs).flows)
      kinds.set(cat, (kinds.get(cat) ?? 0) + 1);
  }
  for (const kind of ['message', 'child', 'lock', 'memory'])
    expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(0);
});

test('who released a lock, or posted, is shown as the cause that another goes on', () => {
  const { events, kernel } = runAgents({
    agents: [
      { body: [acquire('a'), semOpen('s', 0), spawn('waiter'), sleep(SECOND), semPost('s'), release('a')] },
      { body: [acquire('a')] },
    ],
    programs: { waiter: [semWait('s'), sleep(SECOND)] },
  });
  const { engines, budgets } = kernel.options;
  const { flows } = readTrace(traceText({ engines, budgets }, events, 2 * SECOND));
  expect(flows.map(({ cat, from, to }) => [cat, from.name, to.name])).toEqual([
    ['lock', 'semaphore s posted', 'semaphore s taken'],
    ['lock', 'lock a released', 'lock a acquired'],
  ]);
});

test('what is prefetched is in memory, and leaves it again', () => {
  // The second drives out 400 of the first one's 600 tokens, and ends; they come back before they are asked for.
  const { events, kernel } = runAgents({
    agents: [
      { body: [allocate(200), allocate(400), think(10), sleep(20 * SECOND), think(10)] },
      { atUs: 2 * SECOND, body: [allocate(500), think(10)] },
    ],
    kernel: {
      residency: 'prefix',
      scheduling: fifo,
      paging: stepsToExecution,
      plan: { stepsToCall: (pid) => pid },
      engines: [
        {
          memoryTokens: 1_000,
          prefillTokensPerSecond: 1_000,
          decodeTokensPerSecond: 100,
          loadTokensPerSecond: 200,
        },
      ],
    },
  });
  expect(events.filter(({ type }) => type === 'page.prefetched')).toHaveLength(1);
  const { engines, budgets } = kernel.options;
  const { counters } = readTrace(traceText({ engines, budgets }, events, events.at(-1)!.atUs));
  const resident = counters.get(`engine ${engines[0]!.name}: context memory tokens`)!;
  // Prefixes stay as cache.
  expect(resident.at(-1)).toBe(kernel.snapshot().engines[0]!.residentTokens);
});

test('a deadlock stands on the tracks of its members, with what is lent', () => {
  const { events, kernel } = runAgents({
    agents: [
      { priority: 40, body: [acquire('a'), sleep(SECOND), acquire('b')] },
      { priority: 60, body: [acquire('b'), sleep(2 * SECOND), acquire('a')] },
    ],
    kernel: { deadlocks: 'resolve' },
  });
  const { engines, budgets } = kernel.options;
  const { slices } = readTrace(traceText({ engines, budgets }, events, 2 * SECOND));
  const points = slices.filter(({ cat }) => /deadlock|boosted/.test(cat));
  expect(points.map(({ tid, name, fromUs }) => [tid, name, fromUs / SECOND])).toEqual([
    [2, 'runs with priority 40', 1],
    [1, 'deadlock', 2],
    [2, 'deadlock: gives way', 2],
  ]);
  expect(points[1]!.args).toEqual({ among: '1, 2', what: 'b' });
});

test('random worlds in which processes change their engines: the same', () => {
  for (let seed = 1; seed <= seedCount(10, 2_000); seed++) {
    const world = worldOf(seed, { alter: migrating(seed) });
    checkWorld(world, world.events.at(-1)!.atUs);
  }
});

test('random worlds that are cut off: what is under way is closed at the end', () => {
  let unfinished = 0;
  for (let seed = 1; seed <= seedCount(12, 1_000); seed++) {
    const { machine, events } = worldOf(seed);
    // The events of an instant stay together, as they do in a run that is cut.
    const atUs = events[Math.floor(events.length / 2)]!.atUs;
    const some = events.filter((event) => event.atUs <= atUs);
    const { slices } = checkWorld({ machine, events: some }, atUs + (seed % 3));
    unfinished += slices.filter(({ args }) => args['end'] === 'unfinished').length;
    expect(slices.every(({ toUs }) => toUs <= atUs + (seed % 3))).toBe(true);
  }
  expect(unfinished).toBeGreaterThan(0);
});

test('the same events give the same bytes', () => {
  const { machine, events } = worldOf(3);
  const endUs = events.at(-1)!.atUs;
  expect(traceText(machine, events, endUs)).toBe(traceText(machine, events, endUs));
});

test('the demonstration: tracks, phases in stretches, points, and what the crash cuts off', () => {
  const { threads, processes, slices, counters } = demoTrace();
  expect([...processes.values()]).toEqual(['engine one core', 'processes', 'budgets']);
  // Of each pid in their order.
  expect([...threads.values()]).toEqual([
    'core 0',
    'context memory',
    'ResearchAssistant',
    'CodeAssistant',
    'DataAnalyst',
  ]);
  const stretches = slices.filter(({ cat }) => cat === 'stretch');
  expect(stretches.map(({ name, args }) => `${name} ${args['end']}`)).toEqual([
    'ResearchAssistant priority',
    'CodeAssistant completed',
    'DataAnalyst completed',
    'CodeAssistant completed',
    'DataAnalyst completed',
    'ResearchAssistant completed',
    'ResearchAssistant unfinished',
    'ResearchAssistant completed',
    'DataAnalyst completed',
  ]);
  const [first] = stretches;
  const phases = slices.filter(({ parent }) => parent === first);
  expect(phases.map(({ name, args }) => [name, args['tokens']])).toEqual([
    ['new prefill', 1800],
    ['decode', 80],
  ]);
  const points = new Set(slices.filter(({ fromUs, toUs }) => fromUs === toUs).map(({ name }) => name));
  for (const name of [
    'fault: compulsory',
    'fault: capacity',
    'preempted: priority',
    'checkpoint',
    'crash',
    'evicted',
  ])
    expect(points).toContain(name);
  const wait = slices.find(({ name }) => name === 'waiting: budget');
  expect(wait?.args).toEqual({ detail: 'analysts' });
  const resident = counters.get('engine one core: context memory tokens')!;
  expect(Math.max(...resident)).toBeLessThanOrEqual(4_000);
  expect(counters.get('engine one core: running cores')!.at(-1)).toBe(0);
  expect(counters.get('budgets: budget everyone reserved tokens')!.at(-1)).toBe(0);
  // The call that the crash cut off is settled in full: 2,500 tokens were reserved for it.
  const settled = [2_200, 1_700, 2_322, 1_800, 2_100, 2_500, 2_450, 1_900];
  expect(counters.get('budgets: budget everyone used tokens')!.at(-1)).toBe(
    settled.reduce((sum, tokens) => sum + tokens, 0),
  );
});
