import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseClaudeCode } from '../../../src/sim/workloads/claude-code.ts';
import { readWorkload } from '../../../src/sim/workloads/read-workload.ts';
import { tokensOfWorkload } from '../../../src/sim/workloads/workload.ts';
import { ClaudeCodeSession, jsonLines, type Usage } from './agent-logs.ts';
import { problemOf, source } from './support.ts';

const agentsOf = (lines: readonly object[]) =>
  parseClaudeCode(
    'log',
    lines.map((line) => JSON.stringify(line)),
  );

test('a session becomes its calls, tools and waits for a person, at the recorded times', async () => {
  const { lines } = new ClaudeCodeSession('s')
    .says(0, 'mend it')
    .answers(4, 'm1', { input: 10, created: 990, output: 40 }, { id: 'u1', name: 'Bash' })
    .result(6, 'u1', true)
    .answers(9, 'm2', { input: 4, read: 1_000, created: 60, output: 30 })
    .says(30, 'thanks')
    .answers(32, 'm3', { input: 2, read: 1_064, created: 34, output: 5 });
  const space = { op: 'context', space: 's', blockTokens: 64 };
  const think = { op: 'think', keep: false };
  expect(await agentsOf(lines)).toEqual([
    {
      name: 's',
      arrivalUs: 0,
      steps: [
        { ...space, keep: 0, runs: [[0, 15]] },
        { ...think, tokensIn: 1_000, tokensOut: 40, durationUs: 4_000_000 },
        {
          op: 'tools',
          calls: [{ tool: 'Bash', arguments: {}, result: '', failed: true, durationUs: 2_000_000 }],
          keep: false,
        },
        { ...space, keep: 15, runs: [[15, 1]] },
        { ...think, tokensIn: 1_064, tokensOut: 30, durationUs: 3_000_000 },
        { op: 'ask', durationUs: 21_000_000 },
        { ...space, keep: 16, runs: [[16, 1]] },
        { ...think, tokensIn: 1_100, tokensOut: 5, durationUs: 2_000_000 },
      ],
    },
  ]);
});

test('an answer on several lines, or in a session that was resumed, is counted once, with its last usage', async () => {
  const first = new ClaudeCodeSession('s')
    .says(0, 'go')
    .answers(1, 'm1', { input: 100, output: 1 }, { id: 'u1', name: 'Read' })
    .result(3, 'u1')
    .answers(4, 'm1', { input: 100, output: 50 }, { id: 'u2', name: 'Read' })
    .result(6, 'u2');
  const again = new ClaudeCodeSession('resumed')
    .says(0, 'go')
    .answers(1, 'm1', { input: 100, output: 50 })
    .says(50, 'on')
    .answers(51, 'm2', { input: 7, read: 120, output: 3 });
  // Lines that were copied keep their uuid.
  const agents = await agentsOf([...first.lines, first.lines[1]!, ...again.lines]);
  expect(tokensOfWorkload({ agents })).toEqual({ tokensIn: 227, tokensOut: 53 });
  const tools = agents[0]!.steps.filter((step) => step.op === 'tools');
  expect(tools.map(({ calls }) => calls.map(({ durationUs }) => durationUs))).toEqual([
    [2_000_000],
    [2_000_000],
  ]);
});

test('a sub-agent is a child of who asked for it, and is waited for where its call was', async () => {
  const main = new ClaudeCodeSession('s')
    .says(0, 'find out')
    .answers(2, 'm1', { input: 640, output: 9 }, { id: 'u1', name: 'Task', prompt: 'look at a' })
    .result(20, 'u1')
    .answers(22, 'm2', { input: 700, output: 9 });
  const side = new ClaudeCodeSession('s', 'x')
    .says(3, 'look at a')
    .answers(5, 'm3', { input: 128, output: 4 }, { id: 'v1', name: 'Grep' })
    .result(6, 'v1')
    .answers(18, 'm4', { input: 256, output: 4 });
  for (const lines of [
    [...main.lines, ...side.lines],
    [...main.lines, ...side.lines.map((line) => ({ ...line, agentId: 'a7' }))],
  ]) {
    const [agent, ...others] = await agentsOf(lines);
    expect(others).toEqual([]);
    const ops = agent!.steps.map(({ op }) => op);
    expect(ops).toEqual(['context', 'think', 'sleep', 'spawn', 'wait', 'sleep', 'context', 'think']);
    const spawn = agent!.steps.find((step) => step.op === 'spawn')!;
    expect(spawn.agent.steps.map(({ op }) => op)).toEqual(['context', 'think', 'tools', 'context', 'think']);
    expect(agent!.steps.filter(({ op }) => op === 'sleep')).toEqual([
      { op: 'sleep', us: 1_000_000 },
      { op: 'sleep', us: 2_000_000 },
    ]);
  }
  // The file of a sub-agent alone is an agent of its own.
  expect(await agentsOf(side.lines)).toHaveLength(1);
});

test('a prompt that shrank keeps what its provider still had', async () => {
  const { lines } = new ClaudeCodeSession('s')
    .says(0, 'go')
    .answers(1, 'm1', { input: 6_400, output: 1 })
    .says(2, 'compact')
    .answers(3, 'm2', { input: 640, read: 128, output: 1 });
  const [agent] = await agentsOf(lines);
  expect(agent!.steps.filter(({ op }) => op === 'context')).toEqual([
    { op: 'context', space: 's', blockTokens: 64, keep: 0, runs: [[0, 100]] },
    { op: 'context', space: 's', blockTokens: 64, keep: 2, runs: [[100, 10]] },
  ]);
});

test('lines of other types, made-up answers and summaries are passed over; the format is found by content', async () => {
  const { lines } = new ClaudeCodeSession('s').says(0, 'go').answers(1, 'm1', { input: 5, output: 2 });
  const others = [
    { type: 'summary', summary: 'what it was about', leafUuid: 'x' },
    { type: 'file-history-snapshot', messageId: 'm', snapshot: {}, isSnapshotUpdate: false },
    { parentUuid: null, isSidechain: false, type: 'system', content: 'x', sessionId: 's' },
  ];
  const synthetic = new ClaudeCodeSession('z')
    .answers(2, 'm2', { input: 9, output: 9 })
    .lines.map((line) => ({
      ...line,
      message: { model: '<synthetic>', content: [] },
    }));
  for (const other of [...others, ...lines.slice(0, 1)]) {
    const workload = await readWorkload(source(jsonLines([other, ...lines, ...synthetic])));
    expect(workload).toMatchObject({ format: 'claude-code', hasArrivals: true });
    expect(tokensOfWorkload(workload)).toEqual({ tokensIn: 5, tokensOut: 2 });
  }
});

test('a wrong line is told with its number', async () => {
  const { lines } = new ClaudeCodeSession('s').says(0, 'go').answers(1, 'm1', { input: 5, output: 2 });
  const [user, answer] = lines.map((line) => structuredClone(line) as Record<string, unknown>);
  const cases: readonly [line: unknown, problem: RegExp][] = [
    [[], /^log line 3: line: \[\] is not allowed; allowed: a JSON object$/],
    [
      { ...user, uuid: 'n', timestamp: 'noon' },
      /^log line 3: timestamp: "noon" is not allowed; allowed: a time such as/,
    ],
    [{ ...user, uuid: 'n', timestamp: '2025-13-01T00:00:00Z' }, /line 3: timestamp/],
    [{ ...user, uuid: 'n', sessionId: undefined }, /^log line 3: sessionId: missing/],
    [
      { ...answer, uuid: 'n', message: { content: [] } },
      /^log line 3: message\.usage: missing; allowed: a JSON object$/,
    ],
    [
      { ...answer, uuid: 'n', message: { content: [], usage: { input_tokens: -1, output_tokens: 2 } } },
      /^log line 3: message\.usage\.input_tokens: -1 is not allowed; allowed: an integer from 0 up$/,
    ],
    [
      { ...answer, uuid: 'n', message: { content: 3, usage: { input_tokens: 1, output_tokens: 2 } } },
      /message\.content: 3/,
    ],
    [{ uuid: 'n' }, /^log line 3: type: missing/],
  ];
  for (const [line, problem] of cases)
    expect(await problemOf(() => agentsOf([...lines, line as object]))).toMatch(problem);
  expect(await problemOf(() => parseClaudeCode('log', [JSON.stringify(user), '{"type":"us']))).toMatch(
    /^log line 2: not a whole JSON value/,
  );
});

test('property: the tokens of the workload are those of the log', async () => {
  const count = fc.integer({ min: 0, max: 50_000 });
  const call = fc.record({
    usage: fc.record({ input: count, created: count, read: count, output: count }),
    lines: fc.integer({ min: 1, max: 3 }),
    gap: fc.integer({ min: 0, max: 100 }),
    after: fc.constantFrom('person', 'tool', 'nothing' as const),
    isSide: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (calls) => {
      const main = new ClaudeCodeSession('s').says(0, 'go');
      const side = new ClaudeCodeSession('s', 'x').says(0, 'help');
      let seconds = 0;
      let [tokensIn, tokensOut] = [0, 0];
      for (const [index, { usage, lines, gap, after, isSide }] of calls.entries()) {
        const session = isSide ? side : main;
        const { input, created, read, output }: Required<Usage> = usage;
        tokensIn += input + created + read;
        tokensOut += output;
        for (let line = 0; line < lines; line++)
          session.answers((seconds += gap), `m${index}`, usage, { id: `u${index}-${line}`, name: 'Bash' });
        if (after === 'person') session.says((seconds += gap), 'and?');
        else if (after === 'tool') session.result((seconds += gap), `u${index}-0`);
      }
      const agents = await agentsOf([...main.lines, ...side.lines]);
      expect(tokensOfWorkload({ agents })).toEqual({ tokensIn, tokensOut });
    }),
    { seed: 5, numRuns: 60 },
  );
});
