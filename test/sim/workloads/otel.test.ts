import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AgentSpec } from '../../../src/agents/steps.ts';
import { parseOtel } from '../../../src/sim/workloads/otel.ts';
import { readWorkload } from '../../../src/sim/workloads/read-workload.ts';
import { tokensOfWorkload } from '../../../src/sim/workloads/workload.ts';
import { chat, exportOf, jsonLines, type SpanWords } from './agent-logs.ts';
import { problemOf, source } from './support.ts';

const agentsOf = (text: string): Promise<AgentSpec[]> => parseOtel('log', source(text).lines());
const read = (...spans: readonly SpanWords[]): Promise<AgentSpec[]> =>
  agentsOf(JSON.stringify(exportOf(...spans)));
const operation = (name: string, more: SpanWords['attributes'] = {}): SpanWords['attributes'] => ({
  'gen_ai.operation.name': name,
  ...more,
});
const opsOf = ({ steps }: AgentSpec): string[] => steps.map(({ op }) => op);

test('an agent with its calls, its tools and a sub-agent, at the recorded times', async () => {
  const [agent, ...others] = await read(
    { id: 'a', from: 0, to: 20, attributes: operation('invoke_agent', { 'gen_ai.agent.name': 'planner' }) },
    { id: 'b', parent: 'a', from: 1, to: 3, attributes: chat(640, 20) },
    {
      id: 'c',
      parent: 'a',
      from: 3,
      to: 5,
      attributes: operation('execute_tool', { 'gen_ai.tool.name': 'look up' }),
    },
    {
      id: 'd',
      parent: 'a',
      from: 4,
      to: 7,
      failed: true,
      attributes: operation('execute_tool', { 'gen_ai.tool.name': 'read' }),
    },
    {
      id: 'e',
      parent: 'a',
      from: 8,
      to: 12,
      attributes: operation('invoke_agent', { 'gen_ai.agent.name': 'worker' }),
    },
    { id: 'f', parent: 'e', from: 9, to: 12, attributes: chat(64, 5) },
    { id: 'g', parent: 'a', from: 13, to: 20, attributes: chat(1_280, 7, 640) },
  );
  expect(others).toEqual([]);
  expect(agent!.name).toBe('t1/planner');
  expect(agent!.steps).toEqual(
    [
      { op: 'ask', durationUs: 0 },
      { op: 'sleep', us: 1_000_000 },
      { op: 'context', space: 't1/planner', blockTokens: 64, keep: 0, runs: [[0, 10]] },
      { op: 'think', tokensIn: 640, tokensOut: 20, durationUs: 2_000_000, keep: false },
      {
        op: 'tools',
        keep: false,
        calls: [
          { tool: 'look_up', arguments: {}, result: '', durationUs: 2_000_000 },
          { tool: 'read', arguments: {}, result: '', failed: true, durationUs: 2_000_000 },
        ],
      },
      { op: 'sleep', us: 2_000_000 },
      {
        op: 'spawn',
        key: 't1/planner/worker-1',
        agent: {
          name: 't1/planner/worker-1',
          steps: [
            { op: 'context', space: 't1/planner/worker-1', blockTokens: 64, keep: 0, runs: [[0, 1]] },
            { op: 'think', tokensIn: 64, tokensOut: 5, durationUs: 3_000_000, keep: false },
          ],
        },
      },
      { op: 'wait', key: 't1/planner/worker-1' },
      { op: 'sleep', us: 1_000_000 },
      { op: 'context', space: 't1/planner', blockTokens: 64, keep: 10, runs: [[10, 10]] },
      { op: 'think', tokensIn: 1_280, tokensOut: 7, durationUs: 7_000_000, keep: false },
    ].slice(1),
  );
});

test('turns of one conversation are one agent, and a person waits between them', async () => {
  const turn = (trace: string, from: number): SpanWords[] => [
    {
      id: 'a',
      trace,
      from,
      to: from + 3,
      attributes: operation('invoke_agent', { 'gen_ai.conversation.id': 'talk' }),
    },
    { id: 'b', trace, parent: 'a', from, to: from + 2, attributes: chat(100 + from, 10) },
  ];
  const agents = await read(...turn('t1', 0), ...turn('t2', 60), ...turn('t3', 100));
  expect(agents.map(({ name }) => name)).toEqual(['talk']);
  expect(opsOf(agents[0]!)).toEqual([
    'context',
    'think',
    'ask',
    'context',
    'think',
    'ask',
    'context',
    'think',
  ]);
  expect(agents[0]!.steps[2]).toEqual({ op: 'ask', durationUs: 58_000_000 });
});

test('the older names are read; one export a line, or a document laid out over lines; a span that came twice counts once', async () => {
  const old = { 'gen_ai.system': 'x', 'gen_ai.usage.prompt_tokens': 70, 'gen_ai.usage.completion_tokens': 3 };
  const [a, b] = [
    exportOf({ id: 'a', from: 0, to: 1, attributes: old }),
    exportOf({ id: 'b', from: 2, to: 3, attributes: chat(140, 4) }),
  ];
  for (const text of [
    jsonLines([a, b, a]),
    JSON.stringify(
      { resourceSpans: [a, b, a].flatMap((one) => (one as { resourceSpans: object[] }).resourceSpans) },
      null,
      2,
    ),
  ]) {
    const workload = await readWorkload(source(text));
    expect(workload).toMatchObject({ format: 'otel', facts: { agents: 1, modelCalls: 2 } });
    expect(tokensOfWorkload(workload)).toEqual({ tokensIn: 210, tokensOut: 7 });
  }
});

test('a call around a call, and an agent that is a tool, are counted once; calls side by side become children', async () => {
  const agents = await read(
    { id: 'a', from: 0, to: 9, attributes: chat(999, 9) },
    { id: 'b', parent: 'a', from: 1, to: 3, attributes: chat(100, 1) },
    { id: 'c', parent: 'a', from: 2, to: 4, attributes: chat(200, 2) },
    {
      id: 'd',
      parent: 'a',
      from: 5,
      to: 8,
      attributes: operation('execute_tool', { 'gen_ai.tool.name': 'ask' }),
    },
    { id: 'e', parent: 'd', from: 6, to: 7, attributes: operation('invoke_agent') },
    { id: 'f', parent: 'e', from: 6, to: 7, attributes: chat(300, 3) },
  );
  expect(tokensOfWorkload({ agents })).toEqual({ tokensIn: 600, tokensOut: 6 });
  expect(opsOf(agents[0]!)).toEqual(['spawn', 'context', 'think', 'wait', 'sleep', 'spawn', 'wait']);
});

test('what is wrong is told with its place', async () => {
  const span = (more: Partial<SpanWords>) =>
    exportOf({ id: 'a', from: 0, to: 1, attributes: chat(1, 1), ...more });
  const cases: readonly [text: string, problem: RegExp][] = [
    [
      JSON.stringify(span({ attributes: operation('chat') })),
      /^log line 1, resourceSpans 1, scopeSpans 1, span 1: gen_ai\.usage\.input_tokens: missing; allowed: an integer from 0 up$/,
    ],
    [
      `${JSON.stringify(span({}))}\n${JSON.stringify(span({ attributes: chat(1, -1) }))}`,
      /^log line 2, .*: gen_ai\.usage\.output_tokens: -1 is not allowed/,
    ],
    [
      JSON.stringify(span({ attributes: chat(1, 1, 2) })),
      /: 2 cached tokens of 1; allowed: at most all of them$/,
    ],
    [JSON.stringify(span({ from: 2 })), /: ends before it starts/],
    [
      JSON.stringify(span({})).replace(/"endTimeUnixNano":"\d+"/, '"endTimeUnixNano":1e300'),
      /: endTimeUnixNano: 1e\+300 is not allowed; allowed: nanoseconds since 1970/,
    ],
    [
      `${JSON.stringify(span({}))}\n${JSON.stringify(span({})).slice(0, -9)}`,
      /^log line 2: .*the text ends too early/,
    ],
    [JSON.stringify(span({})).slice(0, -9), /^log line 1: .*the text ends too early/],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}', /span 1: startTimeUnixNano: missing/],
    ['{"resourceSpans": 7}', /resourceSpans: 7 is not allowed; allowed: a JSON array$/],
  ];
  for (const [text, problem] of cases) expect(await problemOf(() => agentsOf(text))).toMatch(problem);
  // A call that failed may have no tokens.
  expect(await read({ id: 'a', from: 0, to: 1, failed: true, attributes: operation('chat') })).toEqual([]);
});

test('property: the tokens of the workload are those of the spans, whatever their tree', async () => {
  const spans = fc.array(
    fc.record({
      kind: fc.constantFrom('chat', 'invoke_agent', 'execute_tool', 'other' as const),
      parent: fc.integer({ min: -1, max: 11 }),
      from: fc.integer({ min: 0, max: 100 }),
      length: fc.integer({ min: 0, max: 50 }),
      tokensIn: fc.integer({ min: 0, max: 100_000 }),
      tokensOut: fc.integer({ min: 0, max: 5_000 }),
      trace: fc.constantFrom('t1', 't2'),
    }),
    { minLength: 1, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(spans, async (drawn) => {
      // Calls are leaves: parents are other spans that stand before.
      const words = drawn.map(
        ({ kind, parent, from, length, tokensIn, tokensOut, trace }, index): SpanWords => {
          const above =
            parent >= 0 && parent < index && drawn[parent]!.kind !== 'chat' ? { parent: `s${parent}` } : {};
          const attributes =
            kind === 'chat' ? chat(tokensIn, tokensOut) : kind === 'other' ? {} : operation(kind);
          return { id: `s${index}`, trace, from, to: from + length, attributes, ...above };
        },
      );
      const calls = drawn.filter(({ kind }) => kind === 'chat');
      const sum = (key: 'tokensIn' | 'tokensOut') => calls.reduce((total, call) => total + call[key], 0);
      const agents = await read(...words);
      expect(tokensOfWorkload({ agents })).toEqual({
        tokensIn: sum('tokensIn'),
        tokensOut: sum('tokensOut'),
      });
    }),
    { seed: 7, numRuns: 80 },
  );
});
