/** Every figure of a run against its definition, worked out anew from the raw events and the workload as it was written. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AgentSpec, AgentStep } from '../../../src/agents/steps.ts';
import type { BudgetNodeSpec } from '../../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { compareRun } from '../../../src/sim/compare/compare-run.ts';
import { seededWorkload, type ComparedWorkload } from '../../../src/sim/compare/compared-workload.ts';
import type { ProgramFigures, RunFigures } from '../../../src/sim/compare/run-figures.ts';
import { runWorkload } from '../../../src/sim/run-workload.ts';
import { noSlice, simulationDefaults } from '../../../src/sim/spec.ts';
import { workloadOf } from '../../../src/sim/workloads/workload.ts';
import { seedCount } from '../../support/seeds.ts';

type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

const seconds = (least: number, most: number) =>
  fc.integer({ min: least * 10, max: most * 10 }).map((tenths) => tenths * 100_000);
const think: fc.Arbitrary<AgentStep> = fc.record({
  op: fc.constant('think' as const),
  tokensOut: fc.integer({ min: 0, max: 50 }),
  durationUs: seconds(0, 4),
});
const thinkByRates: fc.Arbitrary<AgentStep> = fc.record({
  op: fc.constant('think' as const),
  tokensOut: fc.integer({ min: 1, max: 200 }),
});
const page: fc.Arbitrary<AgentStep> = fc.record({
  op: fc.constant('page' as const),
  kind: fc.constant('user' as const),
  tokens: fc.integer({ min: 1, max: 3_000 }),
});
const step: fc.Arbitrary<AgentStep> = fc.oneof(
  { arbitrary: think, weight: 4 },
  { arbitrary: thinkByRates, weight: 1 },
  { arbitrary: page, weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('sleep' as const), us: seconds(0.1, 3) }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('ask' as const), durationUs: seconds(0, 2) }), weight: 1 },
  {
    arbitrary: seconds(0, 2).map((durationUs): AgentStep => ({
      op: 'tools',
      calls: [{ tool: 'clock', arguments: {}, result: 'x', durationUs }],
      keep: false,
    })),
    weight: 1,
  },
);
const family: fc.Arbitrary<readonly AgentStep[]> = fc
  .tuple(fc.array(step, { minLength: 1, maxLength: 3 }), fc.array(step, { maxLength: 2 }), fc.boolean())
  .map(([steps, between, isWaitedFor]) => [
    { op: 'spawn', key: 'c', agent: { name: 'child', steps } },
    ...between,
    ...(isWaitedFor ? [{ op: 'wait', key: 'c' } as const] : []),
  ]);
const agent: fc.Arbitrary<AgentSpec> = fc
  .record({
    arrivalUs: seconds(0, 8),
    priority: fc.integer({ min: 0, max: 100 }),
    client: fc.constantFrom(undefined, 'x', 'y'),
    deadlineUs: fc.option(seconds(1, 20), { nil: undefined }),
    budget: fc.constantFrom('team', 'few', 'dear'),
    steps: fc
      .array(
        fc.oneof(
          step.map((one): readonly AgentStep[] => [one]),
          family,
        ),
        { minLength: 1, maxLength: 5 },
      )
      .map((parts) => parts.flat()),
  })
  .map(({ arrivalUs, priority, client, deadlineUs, budget, steps }) => ({
    name: 'agent',
    arrivalUs,
    priority,
    budget,
    steps,
    scheduling: {
      ...(client === undefined ? {} : { client, weight: client === 'x' ? 2 : 1 }),
      ...(deadlineUs === undefined ? {} : { deadlineUs }),
    },
  }));
const second = 1_000_000;
const few = {
  resource: 'calls' as const,
  amount: 2,
  window: { kind: 'fixed' as const, lengthUs: 5 * second },
};
const budgets: fc.Arbitrary<readonly BudgetNodeSpec[]> = fc
  .constantFrom('wait' as const, 'throttle' as const, 'suspend' as const, 'stop' as const)
  .map((whenExhausted) => [
    { name: 'team' },
    { name: 'few', parent: 'team', limits: [few], whenExhausted },
    {
      name: 'dear',
      parent: 'team',
      limits: [{ resource: 'microDollars', amount: 500, window: { kind: 'fixed', lengthUs: 10 * second } }],
      whenExhausted: 'degrade',
      degradeTo: {
        model: 'small',
        prices: { input: 0, cachedInput: 0, output: 1 },
        decodeTokensPerSecond: 400,
      },
    },
  ]);
const world = fc.record({
  agents: fc.array(agent, { minLength: 1, maxLength: 7 }),
  cores: fc.integer({ min: 1, max: 3 }),
  budgets,
  groups: fc.array(fc.constantFrom('chat', 'writers', 'tools'), { minLength: 7, maxLength: 7 }),
  sliceUs: fc.constantFrom(undefined, 500_000),
  scheduler: fc.constantFrom(...Object.keys(schedulingPolicies)),
  untilUs: fc.option(seconds(1, 30), { nil: undefined }),
});

test('the figures of random runs are those of their definitions', () => {
  fc.assert(
    fc.property(world, ({ agents, cores, budgets: nodes, groups: drawn, sliceUs, scheduler, untilUs }) => {
      const groups = drawn.slice(0, agents.length);
      const compared: ComparedWorkload = {
        kind: 'recorded',
        workload: workloadOf('test', 'scenario', agents),
        arrivals: { kind: 'recorded' },
        latency: 'recorded',
        spec: {
          ...simulationDefaults,
          engines: [{ cores, switchUs: 50_000 }],
          budgets: nodes,
          ...(sliceUs === undefined ? {} : { sliceUs }),
        },
      };
      const seeded = seededWorkload(compared, 1);
      const cut = untilUs === undefined ? {} : { untilUs };
      const figures = compareRun({ ...seeded, groups, ...cut }, scheduler, { check: true });
      const events: KernelEvent[] = [];
      const { sliceUs: slice, ...spec } = seeded.spec;
      const { virtualUs, isCut } = runWorkload({
        spec: {
          ...spec,
          scheduler,
          ...(noSlice(scheduler) === undefined && slice ? { sliceUs: slice } : {}),
        },
        agents: seeded.agents,
        program: seeded.program,
        check: false,
        keepRecords: false,
        ...cut,
        onEvent: (event) => void events.push(event),
      });
      const expected = byDefinition(events, { agents, groups }, virtualUs);
      expect(figures.isCut).toBe(isCut);
      for (const [name, value] of Object.entries(expected.figures)) {
        const own = figures[name as keyof Defined];
        if (typeof value === 'number') expect(own, name).toBeCloseTo(value, 6);
        else expect(own, name).toEqual(value);
      }
      if (figures.boundUs !== null)
        expect(figures.completionUs.mean).toBeGreaterThanOrEqual(figures.boundUs - 1e-6);
      const slowdowns = expected.turnaroundsUs.flatMap((us, at) => {
        const { criticalPathUs } = seeded.demands[expected.order[at]!]!;
        return criticalPathUs > 0 ? [us / criticalPathUs] : [];
      });
      const sum = (of: (one: number) => number): number =>
        slowdowns.reduce((total, one) => total + of(one), 0);
      const squares = slowdowns.length * sum((one) => one * one);
      expect(figures.fairness).toBeCloseTo(squares === 0 ? 1 : sum((one) => one) ** 2 / squares, 9);
      for (const [window, calls] of callsByWindow(events))
        expect(calls, `window ${window}`).toBeLessThanOrEqual(2);
    }),
    { seed: 11, numRuns: seedCount(60, 5_000) },
  );
});

type Defined = Omit<
  RunFigures,
  'isCut' | 'isUnanswered' | 'boundUs' | 'pressure' | 'budgets' | 'budgetActions' | 'fairness' | 'cutShort'
>;

interface ByDefinition {
  readonly figures: Defined;
  /** Of the programs that arrived, and which agent each is. */
  readonly turnaroundsUs: readonly number[];
  readonly order: readonly number[];
}

function byDefinition(
  events: readonly KernelEvent[],
  { agents, groups }: { readonly agents: readonly AgentSpec[]; readonly groups: readonly string[] },
  endUs: number,
): ByDefinition {
  const of = <Type extends KernelEvent['type']>(type: Type): readonly EventOf<Type>[] =>
    events.filter((event): event is EventOf<Type> => event.type === type);
  const startUs = events[0]?.atUs ?? endUs;
  const spawned = of('process.spawned');
  const order = [...agents.keys()].toSorted((a, b) => agents[a]!.arrivalUs! - agents[b]!.arrivalUs! || a - b);
  const inOrder = order.map((index) => agents[index]!);
  const rootOf = (pid: number): number => {
    const { parent } = spawned.find((one) => one.pid === pid)!;
    return parent === 0 ? pid : rootOf(parent);
  };
  const programs = spawned
    .filter(({ parent }) => parent === 0)
    .map(({ pid, atUs }, index) => {
      const end = of('process.terminated').find((one) => one.pid === pid);
      return {
        pid,
        agent: inOrder[index]!,
        group: groups[order[index]!]!,
        outcome: end?.outcome ?? 'unfinished',
        completionUs: (end?.atUs ?? endUs) - atUs,
        tokensOut: of('call.ended')
          .filter((one) => rootOf(one.pid) === pid)
          .reduce((sum, one) => sum + one.tokensOut, 0),
        microDollars: of('budget.settled')
          .filter((one) => rootOf(one.pid) === pid)
          .reduce((sum, one) => sum + one.microDollars, 0),
      };
    });
  const names = [...new Set(groups)];
  const makespanUs = endUs - startUs;
  const all = ofPrograms(programs);
  const figures = {
    ...all,
    programsPerHour: makespanUs === 0 ? 0 : all.completed / (makespanUs / 3_600_000_000),
    serviceGapUs: gapByDefinition(
      events,
      endUs,
      (pid) => {
        const root = programs.findIndex((one) => one.pid === rootOf(pid));
        return inOrder[root]!.scheduling?.client ?? `agent ${root}`;
      },
      agents,
    ),
    starvationUs: longestReady(events, endUs),
    makespanUs,
    groups:
      names.length < 2
        ? []
        : names.map((group) => ({ group, ...ofPrograms(programs.filter((one) => one.group === group)) })),
  };
  return { figures, turnaroundsUs: programs.map(({ completionUs }) => completionUs), order };
}

interface Program {
  readonly agent: AgentSpec;
  readonly outcome: string;
  readonly completionUs: number;
  readonly tokensOut: number;
  readonly microDollars: number;
}

function ofPrograms(programs: readonly Program[]): ProgramFigures {
  const times = programs.map(({ completionUs }) => completionUs).toSorted((a, b) => a - b);
  /** The smallest that so many per cent of all do not exceed. */
  const percentile = (percent: number): number =>
    times.find((time) => times.filter((one) => one <= time).length * 100 >= percent * times.length) ?? 0;
  const meanOf = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  const ended = (how: string): number => programs.filter(({ outcome }) => outcome === how).length;
  const withDeadline = programs.filter(({ agent: own }) => own.scheduling?.deadlineUs !== undefined);
  return {
    programs: programs.length,
    completed: ended('completed'),
    failed: ended('failed'),
    unfinished: ended('unfinished'),
    completionUs: { mean: meanOf(times), p50: percentile(50), p95: percentile(95), p99: percentile(99) },
    tokenLatencyUs: meanOf(
      programs.flatMap(({ completionUs, tokensOut }) => (tokensOut === 0 ? [] : [completionUs / tokensOut])),
    ),
    deadlines: withDeadline.length,
    deadlineMisses: withDeadline.filter(
      ({ agent: own, outcome, completionUs }) =>
        completionUs > own.scheduling!.deadlineUs! || !['completed', 'unfinished'].includes(outcome),
    ).length,
    microDollars: programs.reduce((sum, { microDollars }) => sum + microDollars, 0),
  };
}

/** By process: from each `ready` to the next thing that happens to it. */
function longestReady(events: readonly KernelEvent[], endUs: number): number {
  const ends = ['process.dispatched', 'process.suspended', 'process.waiting', 'process.terminated'];
  return events.reduce((longest, event, index) => {
    if (event.type !== 'process.ready') return longest;
    const next = events
      .slice(index + 1)
      .find((one) => 'pid' in one && one.pid === event.pid && ends.includes(one.type));
    return Math.max(longest, (next?.atUs ?? endUs) - event.atUs);
  }, 0);
}

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/** All pairs of clients, all intervals between two changes throughout which both want something. */
function gapByDefinition(
  events: readonly KernelEvent[],
  endUs: number,
  clientOf: (pid: number) => string,
  agents: readonly AgentSpec[],
): number | null {
  const names = new Set(agents.map(({ scheduling }, index) => scheduling?.client ?? `agent ${index}`));
  if (names.size < 2) return null;
  const wanted = new Map<string, Span[]>();
  const ran = new Map<string, Span[]>();
  const pids = events.flatMap((event) => (event.type === 'process.spawned' ? [event.pid] : []));
  for (const pid of pids) {
    const client = clientOf(pid);
    const own = events.filter((event) => 'pid' in event && event.pid === pid);
    let since: number | undefined;
    let runs: number | undefined;
    const note = (spans: Map<string, Span[]>, fromUs: number | undefined, toUs: number): undefined => {
      if (fromUs !== undefined && toUs > fromUs)
        spans.set(client, [...(spans.get(client) ?? []), { fromUs, toUs }]);
      return undefined;
    };
    for (const event of own) {
      const { atUs } = event;
      if (event.type === 'process.ready') since ??= atUs;
      if (event.type === 'process.dispatched') runs = atUs;
      if (event.type === 'call.ended' || event.type === 'call.stopped') runs = note(ran, runs, atUs);
      if (
        event.type === 'call.ended' ||
        event.type === 'process.terminated' ||
        (event.type === 'process.waiting' && event.on !== 'memory') ||
        (event.type === 'process.suspended' && event.by !== 'load-control')
      )
        since = note(wanted, since, atUs);
    }
    note(wanted, since, endUs);
    note(ran, runs, endUs);
  }
  const edges = [
    ...new Set([...wanted.values(), ...ran.values()].flat().flatMap(({ fromUs, toUs }) => [fromUs, toUs])),
  ].toSorted((a, b) => a - b);
  const weightOf = (client: string): number => (client === 'x' ? 2 : 1);
  const clients = [...wanted.keys()];
  let largest = 0;
  for (const f of clients)
    for (const g of clients) {
      if (f === g) continue;
      for (const from of edges.keys()) {
        let ahead = 0;
        for (let at = from; at + 1 < edges.length; at++) {
          const [fromUs, toUs] = [edges[at]!, edges[at + 1]!];
          const covers = (spans: readonly Span[] = []): number =>
            spans.filter((span) => span.fromUs <= fromUs && span.toUs >= toUs).length;
          if (covers(wanted.get(f)) === 0 || covers(wanted.get(g)) === 0) break;
          ahead += (toUs - fromUs) * (covers(ran.get(f)) / weightOf(f) - covers(ran.get(g)) / weightOf(g));
          largest = Math.max(largest, ahead);
        }
      }
    }
  return largest;
}

/** Calls that node `few` let through, by number of its window. */
function callsByWindow(events: readonly KernelEvent[]): ReadonlyMap<number, number> {
  const calls = new Map<number, number>();
  for (const event of events) {
    if (event.type !== 'budget.reserved' || event.node !== 'few') continue;
    const window = Math.floor(event.atUs / (5 * second));
    calls.set(window, (calls.get(window) ?? 0) + 1);
  }
  return calls;
}
