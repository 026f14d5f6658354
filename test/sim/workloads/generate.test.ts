import { expect, test } from 'vitest';

import { generateJobs, jobDefaults } from '../../../src/sim/workloads/generate-jobs.ts';
import type { JobOptions } from '../../../src/sim/workloads/generate-jobs.ts';
import { generateSessions } from '../../../src/sim/workloads/generate-sessions.ts';
import type { SessionOptions } from '../../../src/sim/workloads/generate-sessions.ts';
import type { Workload } from '../../../src/sim/workloads/workload.ts';
import { problemOf } from './support.ts';

interface Measured {
  readonly context: number[];
  readonly output: number[];
  readonly callSeconds: number[];
  readonly thinkSeconds: number[];
  readonly keptShare: number[];
  readonly compactions: number;
  readonly changes: number;
}

/** What the facts are about, recounted from the steps. */
function measure(workload: Workload): Measured {
  const result = { context: [], output: [], callSeconds: [], thinkSeconds: [], keptShare: [] } as Record<
    string,
    number[]
  >;
  let compactions = 0;
  let changes = 0;
  for (const { steps } of workload.agents) {
    let before: number | undefined;
    let keep = 0;
    for (const step of steps) {
      if (step.op === 'context') keep = step.keep;
      if (step.op === 'tools') result['thinkSeconds']!.push(step.calls[0]!.durationUs! / 1e6);
      if (step.op === 'ask') result['thinkSeconds']!.push(step.durationUs! / 1e6);
      if (step.op !== 'think') continue;
      const tokensIn = step.tokensIn!;
      result['context']!.push(tokensIn);
      result['output']!.push(step.tokensOut);
      if (step.durationUs !== undefined) result['callSeconds']!.push(step.durationUs / 1e6);
      if (before !== undefined) {
        changes++;
        result['keptShare']!.push((keep * 64) / tokensIn);
        if (tokensIn < 0.8 * before) compactions++;
      }
      before = tokensIn;
    }
  }
  return { ...(result as unknown as Omit<Measured, 'compactions' | 'changes'>), compactions, changes };
}

function quantile(values: readonly number[], p: number): number {
  return Float64Array.from(values).toSorted()[Math.floor(p * values.length)]!;
}

/** `actual` within `share` of `wanted`, relatively. */
function expectNear(actual: number, wanted: number, share: number, what: string): void {
  expect(Math.abs(actual / wanted - 1), `${what}: ${actual}, wanted ${wanted}`).toBeLessThan(share);
}

test('sessions have the facts of the recorded ones', () => {
  for (const seed of [1, 2]) {
    const workload = generateSessions({ count: 2000, seed });
    const { context, output, callSeconds, thinkSeconds, keptShare, compactions, changes } = measure(workload);
    expectNear(quantile(context, 0.5), 105_000, 0.1, 'context p50');
    expectNear(quantile(context, 0.9), 237_000, 0.2, 'context p90');
    expectNear(quantile(context, 0.99), 508_000, 0.2, 'context p99');
    expectNear(quantile(output, 0.5), 219, 0.05, 'output p50');
    expectNear(quantile(callSeconds, 0.5), 6.2, 0.05, 'api p50');
    expectNear(quantile(thinkSeconds, 0.5), 10, 0.05, 'think p50');
    expectNear(quantile(thinkSeconds, 0.9), 157, 0.1, 'think p90');
    expectNear(
      thinkSeconds.filter((s) => s > 300).length / thinkSeconds.length,
      0.066,
      0.1,
      'think over 300 s',
    );
    expect(quantile(keptShare, 0.5)).toBeCloseTo(0.993, 2);
    expectNear(compactions / changes, 0.005, 0.5, 'compactions');
    const { toolCalls, asks, modelCalls } = workload.facts;
    expectNear(toolCalls / (toolCalls + asks), 0.85, 0.01, 'ends in a tool call');
    expectNear(modelCalls / 2000, 65.7, 0.1, 'calls of a session');
  }
});

test('a session is sound: kept blocks exist, ids are new, blocks fit into the tokens', () => {
  const { agents } = generateSessions({ count: 300, seed: 4, calls: 0.5 });
  for (const { name, steps } of agents) {
    let blocks = 0;
    let newestId = 0;
    for (const [index, step] of steps.entries()) {
      if (step.op !== 'context') continue;
      expect(step.space).toBe(name);
      expect(step.keep).toBeLessThanOrEqual(blocks);
      for (const [first, count] of step.runs) {
        expect(first).toBeGreaterThan(newestId);
        expect(count).toBeGreaterThan(0);
        newestId = first + count - 1;
      }
      blocks = step.runs.reduce((sum, [, count]) => sum + count, step.keep);
      const call = steps[index + 1]!;
      expect(call.op === 'think' && Math.floor(call.tokensIn! / 64)).toBe(blocks);
    }
    expect(steps.at(-1)!.op).toBe('think');
  }
});

test('a seed gives the same sessions, another gives others, and a session stays when more are drawn', () => {
  const options: SessionOptions = { count: 20, seed: 9, arrivals: { kind: 'poisson', ratePerHour: 60 } };
  const workload = generateSessions(options);
  expect(generateSessions(options)).toEqual(workload);
  expect(generateSessions({ ...options, seed: 10 }).agents).not.toEqual(workload.agents);
  expect(generateSessions({ ...options, count: 30 }).agents.slice(0, 20)).toEqual(workload.agents);
  expect(workload).toMatchObject({ name: 'sessions', format: 'generated', hasArrivals: true });
});

test('factors scale sessions down; the engine can be left to say the times', () => {
  const whole = measure(generateSessions({ count: 500, seed: 1 }));
  const scaled = { calls: 0.2, context: 0.01, answers: 0.1, waits: 0.5 };
  const small = measure(
    generateSessions({ count: 500, seed: 1, ...scaled, callTimes: 'engine', tools: { one: 1 } }),
  );
  expectNear(small.changes / whole.changes, 0.2, 0.15, 'calls');
  expectNear(quantile(small.context, 0.5) / quantile(whole.context, 0.5), 0.01, 0.5, 'context');
  expectNear(quantile(small.output, 0.5) / quantile(whole.output, 0.5), 0.1, 0.1, 'answers');
  expectNear(quantile(small.thinkSeconds, 0.5) / quantile(whole.thinkSeconds, 0.5), 0.5, 0.1, 'waits');
  expect(small.callSeconds).toEqual([]);
  expect(generateSessions({ count: 9, seed: 1, tools: { one: 1, never: 0 } }).facts.tools).toEqual(['one']);
});

test('options out of range are named', async () => {
  const session = (options: Partial<SessionOptions>): Promise<string> =>
    problemOf(() => generateSessions({ count: 2, seed: 1, ...options }), 'INVALID_ARGUMENT');
  expect(await session({ count: 0 })).toBe('count: 0 is not allowed; allowed: an integer from 1 to 1000000');
  expect(await session({ context: -1 })).toContain('context: -1 is not allowed');
  expect(await session({ waits: Infinity })).toContain('waits: Infinity is not allowed');
  expect(await session({ tools: {} })).toContain('tools: "{}" is not allowed');
  expect(await session({ tools: { a: -1, b: 2 } })).toContain('tools: ');
  expect(await session({ arrivals: { kind: 'poisson', ratePerHour: 0 } })).toContain(
    'arrivals.ratePerHour: 0',
  );
  const job = (options: Partial<JobOptions>): Promise<string> =>
    problemOf(() => generateJobs({ count: 2, seed: 1, ...options }), 'INVALID_ARGUMENT');
  expect(await job({ bursts: 0 })).toContain('bursts: 0 is not allowed');
  expect(await job({ ioUs: 0.5 })).toContain('ioUs: 0.5 is not allowed');
  expect(await job({ computeBoundShare: 2 })).toContain('computeBoundShare: 2 is not allowed');
  expect(await job({ priorities: [] })).toContain('priorities: "[]" is not allowed');
  expect(await job({ priorities: [101] })).toContain('priorities: 101 is not allowed');
});

test('jobs are bursts with input and output between them', () => {
  const workload = generateJobs({ count: 2000, seed: 1, priorities: [10, 90] });
  const seen = { compute: [] as number[], io: [] as number[], disk: [] as number[] };
  for (const { name, steps, priority } of workload.agents) {
    expect(steps.map(({ op }) => op).slice(0, 4)).toEqual(['context', 'think', 'tools', 'think']);
    expect(steps).toHaveLength(2 * jobDefaults.bursts);
    expect([10, 90]).toContain(priority);
    for (const step of steps) {
      if (step.op === 'think') seen[name.startsWith('io') ? 'io' : 'compute'].push(step.durationUs!);
      if (step.op === 'tools') seen.disk.push(step.calls[0]!.durationUs!);
    }
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  expectNear(mean(seen.compute), jobDefaults.longBurstUs, 0.1, 'long burst');
  expectNear(mean(seen.io), jobDefaults.shortBurstUs, 0.1, 'short burst');
  expectNear(mean(seen.disk), jobDefaults.ioUs, 0.1, 'input and output');
  const { agents } = generateJobs({ count: 20_000, seed: 1, bursts: 1 });
  const computeBound = agents.filter(({ name }) => name.startsWith('compute-')).length;
  expectNear(computeBound / 20_000, jobDefaults.computeBoundShare, 0.05, 'compute-bound jobs');
  expect(generateJobs({ count: 2000, seed: 1, priorities: [10, 90] })).toEqual(workload);
  expect(generateJobs({ count: 2000, seed: 2, priorities: [10, 90] }).agents).not.toEqual(workload.agents);
});
