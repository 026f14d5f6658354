import { expect, test } from 'vitest';

import type { AgentSpec } from '../../../src/agents/steps.ts';
import { latencyDefaults } from '../../../src/sim/latency-defaults.ts';
import { agentWithLatencies, withLatencies } from '../../../src/sim/workloads/latency.ts';
import { workloadOf } from '../../../src/sim/workloads/workload.ts';
import { problemOf } from './support.ts';

const agent: AgentSpec = {
  name: 'a',
  steps: [
    { op: 'think', tokensOut: 5, durationUs: 77 },
    {
      op: 'tools',
      calls: [
        { tool: 't', arguments: {}, result: 'r', durationUs: 11 },
        { tool: 't', arguments: {}, result: 'r' },
        { tool: 't', arguments: {} },
      ],
    },
    { op: 'ask', answer: 'x' },
    { op: 'ask', answer: 'x', durationUs: 22 },
    { op: 'sleep', us: 33 },
    { op: 'spawn', key: 'k', agent: { name: 'c', steps: [{ op: 'ask' }] } },
  ],
};

/** All times of tools and people, depth first; undefined where there is none. */
function times({ steps }: AgentSpec): (number | undefined)[] {
  return steps.flatMap((step) => {
    if (step.op === 'tools') return step.calls.map(({ durationUs }) => durationUs);
    if (step.op === 'ask') return [step.durationUs];
    return step.op === 'spawn' ? times(step.agent) : [];
  });
}

test('recorded: what is recorded stays, the rest is drawn; a call that is really run gets no time', () => {
  const result = agentWithLatencies(agent, { mode: 'recorded', seed: 1 });
  const drawn = expect.any(Number) as number;
  expect(times(result)).toEqual([11, drawn, undefined, drawn, 22, drawn]);
  expect(result.steps[0]).toEqual(agent.steps[0]);
  expect(result.steps[4]).toEqual({ op: 'sleep', us: 33 });
});

test('drawn: recorded times of tools, people and model calls are replaced, sleeps stay', () => {
  const result = agentWithLatencies(agent, { mode: 'drawn', seed: 1 });
  const all = times(result);
  expect(all[2]).toBeUndefined();
  for (const [index, durationUs] of all.entries()) {
    if (index !== 2)
      expect(Number.isInteger(durationUs) && durationUs !== 11 && durationUs !== 22).toBe(true);
  }
  expect(result.steps[0]).toEqual({ op: 'think', tokensOut: 5 });
  expect(result.steps[4]).toEqual({ op: 'sleep', us: 33 });
});

test('an agent takes the same times whoever is beside it; another seed gives others', () => {
  const other = { ...agent, name: 'b' };
  const options = { mode: 'drawn', seed: 1 } as const;
  const together = withLatencies(workloadOf('w', 'generated', [other, agent, agent]), options);
  const alone = withLatencies(workloadOf('w', 'generated', [agent]), options);
  expect(together.agents[1]).toEqual(alone.agents[0]);
  expect(times(together.agents[0]!)).not.toEqual(times(alone.agents[0]!));
  // Two of one name don't go in lockstep.
  expect(times(together.agents[2]!)).not.toEqual(times(together.agents[1]!));
  expect(times(agentWithLatencies(agent, { ...options, seed: 2 }))).not.toEqual(times(alone.agents[0]!));
});

test('drawn times have the documented quantiles', () => {
  const calls = Array.from({ length: 20_000 }, () => ({ tool: 't', arguments: {}, result: '' }));
  const asks = calls.map(() => ({ op: 'ask' }) as const);
  const { steps } = agentWithLatencies(
    { name: 'a', steps: [{ op: 'tools', calls }, ...asks] },
    { mode: 'recorded', seed: 3 },
  );
  const all = times({ name: 'a', steps }).map((timeUs) => timeUs!);
  for (const [sample, { medianUs, p90Us }] of [
    [all.slice(0, 20_000), latencyDefaults.tool],
    [all.slice(20_000), latencyDefaults.person],
  ] as const) {
    const sorted = sample.toSorted((a, b) => a - b);
    expect(sorted[10_000]! / medianUs).toBeCloseTo(1, 1);
    expect(sorted[18_000]! / p90Us).toBeCloseTo(1, 1);
  }
});

test('quantiles out of range are an error', async () => {
  const problem = (tool: { medianUs: number; p90Us: number }): Promise<string> =>
    problemOf(() => agentWithLatencies(agent, { mode: 'drawn', seed: 1, tool }), 'INVALID_ARGUMENT');
  expect(await problem({ medianUs: 0, p90Us: 5 })).toContain('tool.medianUs: 0 is not allowed');
  expect(await problem({ medianUs: Number.NaN, p90Us: 5 })).toContain('tool.medianUs: NaN is not allowed');
  expect(await problem({ medianUs: 5, p90Us: 4 })).toContain(
    'tool.p90Us: 4 is not allowed; allowed: a number of µs from the median (5)',
  );
});
