import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AgentSpec, AgentStep } from '../../../src/agents/steps.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { compareRun } from '../../../src/sim/compare/compare-run.ts';
import { comparison, isSignificant } from '../../../src/sim/compare/comparison.ts';
import {
  changesWithSeed,
  seededWorkload,
  type ComparedWorkload,
} from '../../../src/sim/compare/compared-workload.ts';
import { simulationDefaults } from '../../../src/sim/spec.ts';
import { workloadOf } from '../../../src/sim/workloads/workload.ts';
import { seedCount } from '../../support/seeds.ts';

function compared(agents: readonly AgentSpec[], cores = 1): ComparedWorkload {
  return {
    kind: 'recorded',
    workload: workloadOf('test', 'scenario', agents),
    arrivals: { kind: 'recorded' },
    latency: 'recorded',
    spec: { ...simulationDefaults, engines: [{ cores }] },
  };
}

const think = (seconds: number, tokensOut = 10): AgentStep => ({
  op: 'think',
  tokensOut,
  durationUs: seconds * 1_000_000,
});

test('the figures of a run, worked by hand', () => {
  const agents: AgentSpec[] = [
    { name: 'long', arrivalUs: 0, steps: [think(8)], scheduling: { client: 'x', deadlineUs: 9_000_000 } },
    {
      name: 'short',
      arrivalUs: 0,
      steps: [think(2, 40)],
      scheduling: { client: 'y', deadlineUs: 9_000_000 },
    },
  ];
  const figures = compareRun(seededWorkload(compared(agents), 1), 'fifo', { check: true });
  expect(figures).toMatchObject({
    programs: 2,
    completed: 2,
    cutShort: 0,
    completionUs: { mean: 9_000_000, p50: 8_000_000, p95: 10_000_000 },
    tokenLatencyUs: (800_000 + 250_000) / 2,
    programsPerHour: 720,
    starvationUs: 8_000_000,
    deadlines: 2,
    deadlineMisses: 1,
    // SRPT ends them at 2 and 10 s.
    boundUs: 6_000_000,
    makespanUs: 10_000_000,
  });
  // Slowdowns 1 and 5: (6)² / (2 × 26).
  expect(figures.fairness).toBeCloseTo(36 / 52, 12);
});

test('programs that did not come, not end or not do all: no bound, no rosy figures', () => {
  const agents: AgentSpec[] = [
    { name: 'ends', arrivalUs: 0, steps: [think(2)], scheduling: { deadlineUs: 1_000_000 } },
    { name: 'is cut', arrivalUs: 0, steps: [think(8)], scheduling: { deadlineUs: 60_000_000 } },
    { name: 'never comes', arrivalUs: 9_000_000, steps: [think(1)], scheduling: { deadlineUs: 60_000_000 } },
  ];
  const whole = compareRun(seededWorkload(compared(agents), 1), 'fifo');
  expect(whole).toMatchObject({ programs: 3, completed: 3, boundUs: 14_000_000 / 3, isCut: false });
  const seeded = { ...seededWorkload(compared(agents), 1), untilUs: 5_000_000 };
  expect(compareRun(seeded, 'fifo')).toMatchObject({
    programs: 2,
    completed: 1,
    unfinished: 1,
    isCut: true,
    boundUs: null,
    completionUs: { mean: 3_500_000, p50: 2_000_000, p95: 5_000_000 },
    deadlines: 2,
    deadlineMisses: 1,
    starvationUs: 2_000_000,
  });

  const page: AgentStep = { op: 'page', kind: 'user', tokens: 60_000 };
  const huge: AgentSpec = {
    name: 'huge',
    arrivalUs: 0,
    steps: [page, page, think(1), think(1)],
  };
  const cutShort = compareRun(seededWorkload(compared([huge]), 1), 'fifo');
  expect(cutShort).toMatchObject({ completed: 1, cutShort: 1, boundUs: null, isUnanswered: true });
  const calls = [{ tool: 'unknown', arguments: {}, result: '', durationUs: 5 }];
  const toolless: AgentSpec = { name: 'toolless', arrivalUs: 0, steps: [{ op: 'tools', calls }, think(1)] };
  const refused = compareRun(seededWorkload(compared([toolless]), 1), 'fifo');
  expect(refused).toMatchObject({ completed: 1, cutShort: 1, boundUs: null, isUnanswered: false });
  const spawn: AgentStep = { op: 'spawn', key: 'c', agent: { name: 'child', steps: [page, page, think(9)] } };
  const parent: AgentSpec = {
    name: 'parent',
    arrivalUs: 0,
    steps: [spawn, { op: 'wait', key: 'c' }, think(1)],
  };
  const strict = { ...seededWorkload(compared([parent]), 1), program: 'scripted' as const };
  expect(compareRun(strict, 'fifo').cutShort).toBe(1);
  const runs = [whole, { ...whole, boundUs: null }];
  expect(comparison([{ scheduler: 'fifo', runs }], 'fifo')[0]!.gap).toBeUndefined();
});

test('a slice is for the policies that have slices; the pressure is that of the run', () => {
  const spec = { ...simulationDefaults, engines: [{ cores: 1 }], sliceUs: 1_000_000 };
  const agents: AgentSpec[] = ['a', 'b'].map((name) => ({ name, arrivalUs: 0, steps: [think(4)] }));
  const seeded = { ...seededWorkload(compared(agents), 1), spec };
  expect(compareRun(seeded, 'fifo').completionUs.mean).toBe(6_000_000);
  const turns = compareRun(seeded, 'round-robin');
  expect(turns.completionUs.mean).toBe(7_500_000);
  // Up to the end of the first there is always one who waits, and never both.
  expect(turns.pressure.cores).toEqual({ some: 7 / 8, full: 0 });
  expect(turns.serviceGapUs).toBe(1_000_000);
});

test('whether another seed makes other agents', () => {
  const recorded = compared([{ name: 'a', arrivalUs: 0, steps: [think(1)] }]) as Extract<
    ComparedWorkload,
    { kind: 'recorded' }
  >;
  expect(changesWithSeed(recorded)).toBe(false);
  expect(changesWithSeed({ ...recorded, arrivals: { kind: 'poisson', ratePerHour: 1 } })).toBe(true);
  const call = { tool: 'x', arguments: {}, result: '', durationUs: 5 };
  const withTool = (durationUs: number | undefined): ComparedWorkload => {
    const { durationUs: _, ...undrawn } = call;
    const calls = [durationUs === undefined ? undrawn : call];
    const child: AgentSpec = { name: 'c', steps: [{ op: 'tools', calls }] };
    return {
      ...recorded,
      workload: workloadOf('t', 'scenario', [
        { name: 'a', steps: [{ op: 'spawn', key: 'c', agent: child }] },
      ]),
    };
  };
  expect(changesWithSeed(withTool(5))).toBe(false);
  expect(changesWithSeed(withTool(undefined))).toBe(true);
  expect(changesWithSeed({ ...withTool(5), latency: 'drawn' } as ComparedWorkload)).toBe(true);
  const scenario = (agents: object): ComparedWorkload => ({
    kind: 'scenario',
    name: 's.json',
    text: JSON.stringify({ name: 's', agents: [agents] }),
  });
  expect(changesWithSeed(scenario({ name: 'a', steps: [{ op: 'think', tokensOut: 1 }] }))).toBe(false);
  expect(changesWithSeed(scenario({ name: 'a', generate: 'jobs', count: 2 }))).toBe(true);
});

test('a difference is significant when its interval leaves 0 out, on either side', () => {
  expect(isSignificant({ mean: -2, low: -3, high: -1 })).toBe(true);
  expect(isSignificant({ mean: 2, low: 1, high: 3 })).toBe(true);
  expect(isSignificant({ mean: 2, low: -1, high: 5 })).toBe(false);
  expect(isSignificant({ mean: 2, low: -Infinity, high: Infinity })).toBe(false);
});

test('policies on the same seeds: paired with the baseline, and their gap to the bound', () => {
  const agents = Array.from({ length: 12 }, (_, index): AgentSpec => ({
    name: `a${index}`,
    steps: [think(1 + index)],
  }));
  const recorded = compared(agents) as Extract<ComparedWorkload, { kind: 'recorded' }>;
  const workload: ComparedWorkload = { ...recorded, arrivals: { kind: 'poisson', ratePerHour: 900 } };
  const seeds = [1, 2, 3, 4];
  const policies = ['fifo', 'plas'].map((scheduler) => ({
    scheduler,
    runs: seeds.map((seed) => compareRun(seededWorkload(workload, seed), scheduler)),
  }));
  const [fifo, plas] = comparison(policies, 'fifo');
  expect(fifo!.figures.completion!.difference).toBeUndefined();
  const { value, difference } = plas!.figures.completion!;
  expect(difference!.mean).toBeCloseTo(value.mean - fifo!.figures.completion!.value.mean, 3);
  expect(plas!.gap!.low).toBeGreaterThan(-1);
  expect(fifo!.figures.deadlineMisses).toBeUndefined();
  expect([fifo!.completed, fifo!.programs]).toEqual([48, 48]);
  expect(policies[0]!.runs[0]).toEqual(compareRun(seededWorkload(workload, 1), 'fifo'));
});

test('no policy beats the lower bound; and the parts of every wait sum up', () => {
  const step: fc.Arbitrary<AgentStep> = fc.oneof(
    fc.record({
      op: fc.constant('think' as const),
      tokensOut: fc.integer({ min: 1, max: 50 }),
      durationUs: fc.integer({ min: 0, max: 5_000_000 }),
    }),
    fc.record({ op: fc.constant('think' as const), tokensOut: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ op: fc.constant('sleep' as const), us: fc.integer({ min: 1, max: 3_000_000 }) }),
    fc.record({
      op: fc.constant('page' as const),
      kind: fc.constant('user' as const),
      tokens: fc.integer({ min: 1, max: 3_000 }),
    }),
  );
  const child = fc.record({
    name: fc.constant('child'),
    steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  });
  // Some children are waited for, some run on after their parent's end.
  const family: fc.Arbitrary<readonly AgentStep[]> = fc
    .tuple(child, fc.array(step, { maxLength: 2 }), fc.boolean())
    .map(([agent, between, isWaitedFor]) => [
      { op: 'spawn', key: 'c', agent },
      ...between,
      ...(isWaitedFor ? [{ op: 'wait', key: 'c' } as const] : []),
    ]);
  const agent = fc.record({
    name: fc.constant('agent'),
    arrivalUs: fc.integer({ min: 0, max: 10_000_000 }),
    priority: fc.integer({ min: 0, max: 100 }),
    steps: fc
      .array(
        fc.oneof(
          step.map((one): readonly AgentStep[] => [one]),
          family,
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.flat()),
  });
  const names = Object.keys(schedulingPolicies);
  fc.assert(
    fc.property(
      fc.array(agent, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (agents, cores, pick) => {
        const figures = compareRun(seededWorkload(compared(agents, cores), 1), names[pick % names.length]!, {
          check: true,
        });
        expect(figures.cutShort).toBe(0);
        expect(figures.completed).toBe(agents.length);
        expect(figures.completionUs.mean).toBeGreaterThanOrEqual(figures.boundUs! - 1e-6);
      },
    ),
    { seed: 8, numRuns: seedCount(100, 10_000) },
  );
});
