import { expect, test } from 'vitest';

import type { AgentStep } from '../../../src/agents/steps.ts';
import { parseWeka } from '../../../src/sim/workloads/weka.ts';
import { collect, problemOf } from './support.ts';

type Call = [
  t: number,
  tokensIn: number,
  out: number,
  keep: number,
  runs: unknown,
  think: number | null,
  api: number | null,
  stop: string,
];

async function stepsOf(...entries: unknown[]): Promise<readonly AgentStep[]> {
  const [agent] = await collect(parseWeka('f', [JSON.stringify({ id: 's', tool: 1, sys: 1, r: entries })]));
  return agent!.steps;
}

/** The steps in short: seconds slept, calls as [tokens in], children by key. */
async function outline(...entries: unknown[]): Promise<string> {
  const steps = await stepsOf(...entries);
  return steps
    .flatMap((step) => {
      if (step.op === 'sleep') return [`sleep ${step.us / 1_000_000}`];
      if (step.op === 'think') return [`call ${step.tokensIn}`];
      if (step.op === 'spawn' || step.op === 'wait') return [`${step.op} ${step.key}`];
      return [];
    })
    .join(', ');
}

const call = (t: number, name: number, think: number | null, api: number | null): Call => [
  t,
  name,
  5,
  0,
  [],
  think,
  api,
  'tool_use',
];
const child = (key: string, t: number, durationMs: number | null): object => ({
  t,
  agent_id: key,
  duration_ms: durationMs,
  status: durationMs === null ? 'async_launched' : 'completed',
  sub: [call(0, 1, 0, 1)],
});

test('a session is one agent: context, then call, with the recorded time', async () => {
  const steps = await stepsOf(
    [0, 150, 7, 0, [[1, 2]], 0, 2.5, 'tool_use'],
    [
      9,
      400,
      8,
      1,
      [
        [3, 4],
        [9, 1],
      ],
      5.5,
      null,
      '',
    ],
  );
  expect(steps).toEqual([
    { op: 'context', space: 's', blockTokens: 64, keep: 0, runs: [[1, 2]] },
    { op: 'think', tokensIn: 150, tokensOut: 7, durationUs: 2_500_000 },
    { op: 'sleep', us: 5_500_000 },
    {
      op: 'context',
      space: 's',
      blockTokens: 64,
      keep: 1,
      runs: [
        [3, 4],
        [9, 1],
      ],
    },
    { op: 'think', tokensIn: 400, tokensOut: 8 },
  ]);
});

test('the think time counts from the answer; after a call without a time the difference of t', async () => {
  expect(await outline(call(0, 1, 0, 3), call(10, 2, 4, 3), call(20, 3, 4, null), call(50, 4, 34, 1))).toBe(
    'call 1, sleep 4, call 2, sleep 4, call 3, sleep 30, call 4',
  );
  expect(await outline(call(0, 1, 0, null), call(10, 2, null, 1), call(10, 3, 0, 1))).toBe(
    'call 1, sleep 10, call 2, call 3',
  );
  expect(await outline(call(2.5, 1, 0, 1))).toBe('sleep 2.5, call 1');
});

test('a sub-agent starts and is waited for inside the think time, the rest of which is slept', async () => {
  // The answer comes at 3, the child runs from 5 to 15, the next call comes at 3 + 20.
  expect(await outline(call(0, 1, 0, 3), child('a', 15, 10_000), call(23, 2, 20, 1))).toBe(
    'call 1, sleep 2, spawn a, wait a, sleep 8, call 2',
  );
  // Before the answer: clamped to its end. Later than the next call: no time is left, never a negative one.
  expect(await outline(call(0, 1, 0, 3), child('a', 12, 11_000), call(23, 2, 5, 1))).toBe(
    'call 1, spawn a, wait a, call 2',
  );
  // Before any call, and after the last.
  expect(await outline(child('a', 12, 10_000), call(15, 1, 0, 1), child('b', 30, 4_000))).toBe(
    'sleep 2, spawn a, wait a, sleep 3, call 1, sleep 10, spawn b, wait b',
  );
});

test('sub-agents side by side and one after another keep their recorded order', async () => {
  const entries = [child('a', 13, 9_000), child('b', 20, 15_000), child('c', 40, 10_000)];
  expect(await outline(call(0, 1, 0, 3), ...entries, call(53, 2, 50, 1))).toBe(
    'call 1, sleep 1, spawn a, sleep 1, spawn b, wait a, wait b, sleep 10, spawn c, wait c, sleep 13, call 2',
  );
});

test('a sub-agent that was launched is not waited for', async () => {
  expect(await outline(call(0, 1, 0, 3), child('a', 5, null), call(13, 2, 10, 1))).toBe(
    'call 1, sleep 2, spawn a, sleep 8, call 2',
  );
  // Launched before the answer: at it, and no time is won.
  expect(await outline(call(0, 1, 0, 3), child('a', 1, null), call(13, 2, 10, 1))).toBe(
    'call 1, spawn a, sleep 10, call 2',
  );
});

test('a sub-agent is an agent with a space of its own, at every depth', async () => {
  const inner = { ...child('i', 4, 1_000), sub: [[0, 64, 1, 0, [[7, 1]], 0, 1, '']] };
  const outer = { ...child('o', 9, 8_000), sub: [call(0, 2, 0, 1), inner] };
  const steps = await stepsOf(call(0, 1, 0, 1), outer);
  const spawned = steps.find((step) => step.op === 'spawn')!;
  expect(spawned.agent.name).toBe('s/o');
  expect(spawned.agent.steps[0]).toMatchObject({ op: 'context', space: 's/o' });
  const nested = spawned.agent.steps.find((step) => step.op === 'spawn')!;
  expect(nested.agent).toEqual({
    name: 's/o/i',
    steps: [
      { op: 'context', space: 's/o/i', blockTokens: 64, keep: 0, runs: [[7, 1]] },
      { op: 'think', tokensIn: 64, tokensOut: 1, durationUs: 1_000_000 },
    ],
  });
});

test('what is wrong is named with line, entry, field, value and what is allowed', async () => {
  const good = JSON.stringify({ id: 's', r: [call(0, 1, 0, 1)] });
  const problem = (...entries: unknown[]): Promise<string> =>
    problemOf(() => collect(parseWeka('f', [good, '', JSON.stringify({ id: 's', r: entries })])));
  const number = 'a number from 0 to 3153600000';
  expect(await problem([0, 1, 1])).toBe(
    'f line 3, entry 1: call: [0,1,1] is not allowed; allowed: [t, in, out, keep, runs, think, api, stop]',
  );
  expect(await problem([0, -5, 1, 0, [], 0, 1, ''])).toBe(
    'f line 3, entry 1: in: -5 is not allowed; allowed: an integer from 0 up',
  );
  expect(await problem([0, 5, 1.5, 0, [], 0, 1, ''])).toContain('entry 1: out: 1.5 is not allowed');
  expect(await problem(call(0, 1, 0, 1), [1, 5, 1, 1, [], 0, 1, ''])).toBe(
    'f line 3, entry 2: keep: 1 is not allowed; allowed: at most 0 (the blocks before)',
  );
  expect(await problem([0, 127, 1, 0, [[1, 2]], 0, 1, ''])).toContain(
    'in: 127 is not allowed; allowed: at least',
  );
  expect(await problem([0, 128, 1, 0, [[1, 0]], 0, 1, ''])).toContain('count of a run: 0 is not allowed');
  expect(await problem([0, 128, 1, 0, [[1]], 0, 1, ''])).toContain('runs: [1] is not allowed');
  expect(await problem([0, 1, 1, 0, [], -2, 1, ''])).toBe(
    `f line 3, entry 1: think: -2 is not allowed; allowed: ${number}`,
  );
  expect(await problem([0, 1, 1, 0, [], -1e-9, 1, ''])).toContain('think: -1e-9 is not allowed');
  expect(await problem([0, 1, 1, 0, [], 0, 'x', ''])).toContain(
    `api: "x" is not allowed; allowed: ${number}`,
  );
  expect(await problem(call(9, 1, 0, 1), call(8, 1, 0, 1))).toContain(
    't: 8 is not allowed; allowed: at least 9',
  );
  expect(await problem({ ...child('a', 9, 1), status: 'lost' })).toContain('status: "lost" is not allowed');
  expect(await problem({ ...child('a', 9, 1), sub: [[]] })).toContain('f line 3, entry 1, entry 1: call: []');
  expect(await problem()).toContain('f line 3: r: [] is not allowed; allowed: at least one call');
});

test('a line that is not JSON, is cut off or holds no session is named', async () => {
  const problem = (line: string): Promise<string> => problemOf(() => collect(parseWeka('f', [line])));
  expect(await problem('{"id":"s","r":[[0,')).toBe(
    'f line 1: not a whole JSON value (the text ends too early); allowed: one JSON value',
  );
  expect(await problem('{"id" "s"}')).toBe(
    String.raw`f line 1: "{\"id\" \"s\"}" is not JSON (unexpected "\"", column 7); allowed: one JSON value`,
  );
  expect(await problem('{"id":"s"}')).toBe('f line 1: r: missing; allowed: a JSON array');
  expect(await problem('{"id":4,"r":[]}')).toBe('f line 1: id: 4 is not allowed; allowed: a string');
  expect(await problem('{"id":"s","r":[[1e999,1,1,0,[],0,1,""]]}')).toContain('t: Infinity is not allowed');
  expect(await problem('[1]')).toContain('session: [1] is not allowed; allowed: a JSON object');
});
