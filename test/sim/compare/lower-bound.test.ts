import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AgentSpec } from '../../../src/agents/steps.ts';
import { leastDemand, withExpectations } from '../../../src/sim/compare/demand.ts';
import { leastMeanUs, shortestRemainingFirst } from '../../../src/sim/compare/lower-bound.ts';
import { machineOf } from '../../../src/sim/compare/machine.ts';
import { simulationDefaults } from '../../../src/sim/spec.ts';
import { seedCount } from '../../support/seeds.ts';

const rates = { prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 10 };
const spec = { ...simulationDefaults, engines: [{ cores: 3, ...rates }] };
const machine = machineOf(spec);

const expected = (agent: AgentSpec) => withExpectations([agent], machine)[0]!.scheduling!;

test('the critical path of an agent: its calls and waits, and of its children what it waits for', () => {
  const child: AgentSpec = { name: 'child', steps: [{ op: 'think', tokensOut: 5, durationUs: 7_000_000 }] };
  const agent: AgentSpec = {
    name: 'a',
    steps: [
      { op: 'page', kind: 'user', tokens: 2_000 },
      { op: 'think', tokensOut: 20, text: 'twenty' },
      { op: 'spawn', key: 'c', agent: child },
      { op: 'sleep', us: 1_000_000 },
      {
        op: 'tools',
        calls: [
          { tool: 'x', arguments: {}, durationUs: 3_000_000 },
          { tool: 'y', arguments: {}, durationUs: 2_000_000 },
        ],
      },
      { op: 'wait', key: 'c' },
      { op: 'think', tokensOut: 10 },
    ],
  };
  // 2 s of decoding, then the child's 7 s beside 4 s of its own, then 1 s.
  expect(leastDemand(agent, machine)).toEqual({
    criticalPathUs: 10_000_000,
    coreUs: 10_000_000,
    tokenSeconds: (2_000 + 10) * 2 + 2.5 * 7 + (2_020 + 5) * 1,
  });
  // Expected: the prompt is prefilled once, 2 s, and the answer is found again.
  expect(expected(agent).expectedCoreUs).toBe(12_000_000);
  expect(expected({ ...agent, scheduling: { expectedCoreUs: 5 } }).expectedCoreUs).toBe(5);
});

test('what need not be waited for is no part of the least', () => {
  const child: AgentSpec = { name: 'child', steps: [{ op: 'think', tokensOut: 5, durationUs: 7_000_000 }] };
  const agent: AgentSpec = {
    name: 'a',
    steps: [
      { op: 'spawn', key: 'c', agent: child },
      { op: 'think', tokensOut: 1, durationUs: 1_000_000 },
      { op: 'tools', calls: [{ tool: 'x', arguments: {}, durationUs: 40_000_000 }] },
      { op: 'wait', key: 'nobody' },
    ],
  };
  // The child may end after its parent; a tool that takes longer than 15 s is given up.
  expect(leastDemand(agent, machine)).toMatchObject({ criticalPathUs: 16_000_000, coreUs: 1_000_000 });
  expect(expected(agent).expectedCoreUs).toBe(8_000_000);
  const patient = machineOf({ ...spec, tools: [{ name: 'x', timeoutUs: 60_000_000 }] });
  expect(leastDemand(agent, patient).criticalPathUs).toBe(41_000_000);
});

test('where a budget may let calls run on a faster model, they may take that much less', () => {
  const degradeTo = {
    model: 'small',
    prices: { input: 0, cachedInput: 0, output: 0 },
    decodeTokensPerSecond: 40,
  };
  const fast = machineOf({ ...spec, budgets: [{ name: 'root', whenExhausted: 'degrade', degradeTo }] });
  const agent: AgentSpec = {
    name: 'a',
    steps: [
      { op: 'think', tokensOut: 40, durationUs: 8_000_000 },
      { op: 'think', tokensOut: 40 },
    ],
  };
  expect(leastDemand(agent, machine).coreUs).toBe(12_000_000);
  expect(leastDemand(agent, fast).coreUs).toBe(3_000_000);
});

test('blocks that a context keeps are found again', () => {
  const agent: AgentSpec = {
    name: 'a',
    steps: [
      { op: 'context', space: 's', blockTokens: 100, keep: 0, runs: [[0, 10]] },
      { op: 'think', tokensOut: 10 },
      { op: 'context', space: 's', blockTokens: 100, keep: 10, runs: [[10, 5]] },
      { op: 'think', tokensOut: 10 },
    ],
  };
  expect(expected(agent).expectedCoreUs).toBe(1_000_000 + 1_000_000 + 500_000 + 1_000_000);
});

test('the shortest remaining work first: a worked example', () => {
  // Silberschatz: 8, 4, 9 and 5 at 0, 1, 2 and 3 turn around in 17, 4, 24 and 7.
  const jobs = [8, 4, 9, 5].map((workUs, arrivalUs) => ({ arrivalUs, workUs }));
  expect(shortestRemainingFirst(jobs, 1)).toBe(17 + 4 + 24 + 7);
  expect(shortestRemainingFirst([{ arrivalUs: 5, workUs: 8 }], 4)).toBe(2);
  expect(shortestRemainingFirst([], 1)).toBe(0);
});

/** Work-conserving schedules of `cores` cores, a unit of time at a time, choosing at random. */
function randomSchedule(
  jobs: readonly { arrivalUs: number; workUs: number }[],
  cores: number,
  choose: (n: number) => number,
): number {
  const left = jobs.map(({ workUs }) => workUs);
  let flow = 0;
  for (let now = 0; left.some((work) => work > 0); now++) {
    const ready = jobs.flatMap(({ arrivalUs }, index) =>
      arrivalUs <= now && left[index]! > 0 ? [index] : [],
    );
    for (let core = 0; core < cores && ready.length > 0; core++) {
      const [job] = ready.splice(choose(ready.length), 1) as [number];
      if (--left[job]! === 0) flow += now + 1 - jobs[job]!.arrivalUs;
    }
  }
  return flow;
}

test('no schedule on n cores has a lower mean than the bound', () => {
  const job = fc.record({
    arrivalUs: fc.integer({ min: 0, max: 12 }),
    workUs: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(
      fc.array(job, { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat()),
      (jobs, cores, choices) => {
        const flow = randomSchedule(jobs, cores, (n) => choices.next().value! % n);
        expect(flow).toBeGreaterThanOrEqual(shortestRemainingFirst(jobs, cores) - 1e-9);
        const programs = jobs.map(({ arrivalUs, workUs }) => ({
          arrivalUs,
          demand: { criticalPathUs: workUs, coreUs: workUs, tokenSeconds: 0 },
        }));
        expect(flow / jobs.length).toBeGreaterThanOrEqual(leastMeanUs(programs, cores) - 1e-9);
      },
    ),
    { seed: 3, numRuns: seedCount(300, 10_000) },
  );
});
