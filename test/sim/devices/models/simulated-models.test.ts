import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { pageOf } from '../../../../src/agents/model/messages.ts';
import type { ModelCall, SimulatedModel } from '../../../../src/agents/model/model-call.ts';
import { rngFor } from '../../../../src/base/rng.ts';
import type { KernelEvent } from '../../../../src/kernel/events.ts';
import type { Json, Pid } from '../../../../src/kernel/ids.ts';
import type { Input } from '../../../../src/kernel/inputs.ts';
import { Kernel } from '../../../../src/kernel/kernel.ts';
import { compileSchema } from '../../../../src/kernel/schema/compile.ts';
import { problemOf } from '../../../../src/kernel/schema/problem.ts';
import { malformedAnswer } from '../../../../src/kernel/syscall-arguments.ts';
import type { Answer, OfferedTool, Program, SyscallResult } from '../../../../src/kernel/syscalls.ts';
import { importanceLru } from '../../../../src/policies/paging/importance-lru.ts';
import { priority } from '../../../../src/policies/scheduling/priority.ts';
import { faultyModel, noModelFaults } from '../../../../src/sim/devices/models/faulty-model.ts';
import { randomValue } from '../../../../src/sim/devices/models/random-json.ts';
import { randomModel } from '../../../../src/sim/devices/models/random-model.ts';
import { hashOfPrompt, recordedAnswers } from '../../../../src/sim/devices/models/recorded-answers.ts';
import { ReplayedModel } from '../../../../src/sim/devices/models/replayed-model.ts';
import { saying, scriptedModel } from '../../../../src/sim/devices/models/scripted-model.ts';
import { Simulation } from '../../../../src/sim/simulation.ts';
import { modelCall } from '../../../support/model-call.ts';
import { seedCount } from '../../../support/seeds.ts';

interface Agent {
  readonly line: string;
  readonly calls: number;
  readonly timeoutUs?: number;
}

interface Ran {
  /** What each agent heard, a failure by its code. */
  readonly heard: readonly Json[][];
  readonly events: readonly KernelEvent[];
  readonly inputs: readonly Input[];
}

/** Says its line, thinks as often as its arguments say, and hears what it is told. */
function talker(heard: (pid: Pid, what: Json) => void): Program {
  return {
    name: 'talker',
    version: 1,
    body: function* (sys) {
      const { line, calls, timeoutUs } = sys.args as unknown as Agent;
      yield { kind: 'allocate', tokens: 5, text: pageOf({ role: 'user', text: line }) };
      for (let call = 0; call < calls; call++) {
        const request = timeoutUs === undefined ? {} : { timeoutUs };
        const reply = (yield { kind: 'think', maxOutput: 200, request }) as SyscallResult<Answer>;
        heard(sys.pid, reply.ok ? reply.value.text : { code: reply.code, ...reply.failure });
      }
    },
  };
}

const kernelOptions = (program: Program, cores = 2) => ({
  seed: 1,
  scheduling: priority,
  paging: importanceLru,
  engines: [{ name: 'model', cores }],
  programs: [program],
});

function run(model: SimulatedModel, agents: readonly Agent[], cores?: number): Ran {
  const events: KernelEvent[] = [];
  const inputs: Input[] = [];
  const heard: Json[][] = agents.map(() => []);
  const simulation = new Simulation({
    kernel: kernelOptions(
      talker((pid, what) => heard[pid - 1]!.push(what)),
      cores,
    ),
    model,
    onEvent: (event) => events.push(event),
    onInput: (input) => inputs.push(input),
  });
  for (const [index, agent] of agents.entries())
    simulation.spawn(index * 1_000, {
      program: 'talker',
      arguments: { ...agent },
      name: `a${index}`,
      run: `r${index}`,
    });
  simulation.run();
  return { heard, events, inputs };
}

const answersIn = (inputs: readonly Input[]) =>
  recordedAnswers(new Kernel(kernelOptions(talker(() => {}))), inputs);

test('a scripted list is told to each process from its beginning, and behind its end calls fail', () => {
  const { heard } = run(scriptedModel([saying('one'), saying('two')]), [
    { line: 'x', calls: 3 },
    { line: 'y', calls: 1 },
  ]);
  expect(heard).toEqual([['one', 'two', { code: 'MODEL_FAILED', retryable: false }], ['one']]);
});

test('a scripted function sees the conversation', () => {
  const { heard } = run(
    scriptedModel((call, nth) => saying(`${nth}: ${call.messages.map(({ role }) => role).join(' ')}`)),
    [{ line: 'x', calls: 2 }],
  );
  expect(heard).toEqual([['1: user', '2: user assistant']]);
});

test('a call that was stopped and goes on keeps its place in the script', () => {
  const slow = { ...saying('slow'), durationUs: 200_000_000 };
  const { heard, events } = run(
    scriptedModel([slow, saying('next')]),
    [
      { line: 'x', calls: 2 },
      { line: 'y', calls: 2 },
    ],
    1,
  );
  expect(events.some(({ type }) => type === 'call.stopped')).toBe(true);
  expect(heard).toEqual([
    ['slow', 'next'],
    ['slow', 'next'],
  ]);
});

test('a replayed run is the recorded one, to the event', () => {
  const agents = Array.from({ length: 6 }, (_, index) => ({ line: `line ${index}`, calls: 4 }));
  const model = faultyModel(randomModel(3), 4, {
    faults: { ...noModelFaults, refused: 0.2, brokenOff: 0.2 },
    latency: { medianUs: 2_000_000, p90Us: 9_000_000 },
  });
  const recorded = run(model, agents);
  const replayed = new ReplayedModel(answersIn(recorded.inputs));
  const again = run(replayed, agents);
  expect(again.events).toEqual(recorded.events);
  expect(again.heard).toEqual(recorded.heard);
  expect(replayed.counts).toEqual({ matching: 24, changed: 0, missing: 0 });
});

test('what a recorded model only thought is paid for again, and no part of the prompt', () => {
  const thinker = scriptedModel(() => ({ text: 'Hi', tokensOut: 105, pageTokens: 5 }));
  const recorded = run(thinker, [{ line: 'x', calls: 2 }]);
  const again = run(new ReplayedModel(answersIn(recorded.inputs)), [{ line: 'x', calls: 2 }]);
  expect(again.events).toEqual(recorded.events);
  const asked = again.events.flatMap((event) =>
    event.type === 'call.requested' ? [event.promptTokens] : [],
  );
  expect(asked).toEqual([5, 10]);
});

test('a replay counts the calls whose prompt is another, and those that the recording does not have', () => {
  const recorded = run(scriptedModel([saying('one'), saying('two')]), [{ line: 'x', calls: 2 }]);
  const replayed = new ReplayedModel(
    answersIn(recorded.inputs),
    scriptedModel(() => saying('else')),
  );
  const { heard } = run(replayed, [
    { line: 'another line', calls: 3 },
    { line: 'y', calls: 1 },
  ]);
  expect(heard).toEqual([['one', 'two', 'else'], ['else']]);
  expect(replayed.counts).toEqual({ matching: 0, changed: 2, missing: 2 });
});

test('a replay finds an answer by its prompt where the process has another pid', () => {
  const answers = ['a', 'b'].map((text, index) => ({
    identity: { run: 'r1', branch: '', pid: (index + 2) as Pid, n: 2, index: 0 },
    nth: 1,
    prompt: hashOfPrompt([{ role: 'user', text }]),
    answer: saying(`to ${text}`),
  }));
  const replayed = new ReplayedModel(answers);
  const asked = (pid: number, text: string): string | undefined =>
    replayed.answer(
      modelCall({
        identity: { run: 'r1', branch: '', pid: pid as Pid, n: 2, index: 0 },
        messages: [{ role: 'user', text }],
      }),
    ).text;
  expect([asked(3, 'a'), asked(2, 'b')]).toEqual(['to a', 'to b']);
  // The call that goes on is no other one.
  expect(asked(3, 'a')).toBe('to a');
  expect(replayed.counts).toEqual({ matching: 2, changed: 0, missing: 0 });
});

// ---- Random within a schema ------------------------------------------------------------------------------------------

const schemas: readonly Json[] = [
  { type: 'object', properties: { q: { type: 'string' } }, required: ['q'], additionalProperties: false },
  {
    type: 'object',
    properties: {
      city: { type: 'string', minLength: 3, maxLength: 5 },
      days: { type: 'integer', minimum: 1, maximum: 14 },
      step: { type: 'number', multipleOf: 0.5, exclusiveMinimum: 0, maximum: 10 },
      unit: { enum: ['c', 'f'] },
      when: { type: 'string', format: 'date' },
      tags: { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 4 },
      nested: { type: 'object', properties: { deep: { type: ['string', 'null'] } }, required: ['deep'] },
    },
    required: ['city', 'days', 'step', 'unit', 'when', 'tags', 'nested'],
  },
  {
    type: 'object',
    properties: { to: { anyOf: [{ type: 'integer' }, { $ref: '#/$defs/name' }] }, one: { const: 7 } },
    required: ['to', 'one'],
    $defs: { name: { type: 'string', minLength: 30 } },
  },
  {
    type: 'object',
    allOf: [
      { properties: { a: { type: 'integer' } }, required: ['a'] },
      { properties: { b: { type: 'boolean' } }, required: ['b'] },
    ],
  },
  {
    type: 'object',
    properties: { tree: { $ref: '#/$defs/tree' } },
    required: ['tree'],
    $defs: {
      tree: { type: 'object', properties: { next: { $ref: '#/$defs/tree' }, v: { type: 'integer' } } },
    },
  },
];

test('random values fit their schema', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(...schemas), (seed, schema) => {
      const value = randomValue(schema, rngFor(seed, 'test'));
      expect(value).toBeDefined();
      expect(problemOf(compileSchema(schema, 'schema'), value!)).toBeUndefined();
    }),
    { seed: 7, numRuns: seedCount(200, 5_000) },
  );
});

test('a schema that nothing drawn fits, or that is none, has no value', () => {
  const rng = rngFor(1, 'test');
  expect(randomValue({ type: 'string', pattern: '^[0-9]{17}$' }, rng)).toBeUndefined();
  expect(randomValue({ type: 'nonsense' }, rng)).toBeUndefined();
});

const tools: readonly OfferedTool[] = schemas.map((parameters, index) => ({
  name: `tool${index}`,
  description: 'does something',
  parameters,
}));

const callOf = (seed: number, more: Partial<ModelCall> = {}): ModelCall =>
  modelCall({
    identity: { run: 'r1', branch: '', pid: 1 as Pid, n: seed, index: 0 },
    maxOutput: 4_000,
    tools,
    ...more,
  });

test('a random model is the same for the same call, asks for offered tools only, and for what fits them', () => {
  const model = randomModel(1);
  let asked = 0;
  for (let n = 1; n <= 200; n++) {
    const script = model.answer(callOf(n));
    expect(randomModel(1).answer(callOf(n))).toEqual(script);
    expect(malformedAnswer(script)).toBeUndefined();
    const ids = (script.toolCalls ?? []).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const call of script.toolCalls ?? []) {
      asked++;
      const tool = tools.find(({ name }) => name === call.tool)!;
      expect(problemOf(compileSchema(tool.parameters, 'p'), call.arguments!)).toBeUndefined();
    }
  }
  expect(asked).toBeGreaterThan(100);
});

test('malformed calls and unknown tools come at their rates', () => {
  const model = randomModel(1, { toolCalls: 1, callsMax: 1, malformed: 0.3, unknownTool: 0.2 });
  const calls = Array.from({ length: 1_000 }, (_, n) => model.answer(callOf(n)).toolCalls![0]!);
  const malformed = calls.filter((call) => call.malformed !== undefined);
  for (const { malformed: text = '' } of malformed) expect(() => void JSON.parse(text)).toThrow(SyntaxError);
  expect(malformed.length / 1_000).toBeCloseTo(0.3, 1);
  const unknown = calls.filter((call) => !tools.some(({ name }) => name === call.tool));
  expect(unknown.length / 1_000).toBeCloseTo(0.7 * 0.2, 1);
});

test('an asked format is followed', () => {
  const model = randomModel(1);
  for (let n = 0; n < 50; n++) {
    const { text = '' } = model.answer(callOf(n, { tools: [], request: { format: schemas[1]! } }));
    expect(problemOf(compileSchema(schemas[1]!, 'p'), JSON.parse(text) as Json)).toBeUndefined();
  }
});

test('an answer beyond its limit is cut off, and so are its calls', () => {
  const model = randomModel(1, { toolCalls: 1 });
  for (let n = 0; n < 50; n++) {
    const { tokensOut, finish, toolCalls = [] } = model.answer(callOf(n, { maxOutput: 3 }));
    expect({ finish, isShort: tokensOut <= 3 }).toEqual({ finish: 'length', isShort: true });
    for (const call of toolCalls) expect(call).not.toHaveProperty('arguments');
  }
});

// ---- Faults ----------------------------------------------------------------------------------------------------------

const asksTwo = scriptedModel(() => ({
  ...saying(
    'a text of some length',
    { id: 'c1', tool: 'tool0', arguments: { q: 'x' } },
    { id: 'c2', tool: 'tool0', arguments: { q: 'y' } },
  ),
  durationUs: 1_000,
}));

test.each([
  ['refused', { failure: { code: 'MODEL_FAILED', retryable: true }, tokensIn: 0, tokensOut: 0 }],
  ['rejected', { failure: { code: 'MODEL_FAILED', retryable: false }, tokensIn: 0, tokensOut: 0 }],
  ['stalled', { failure: { code: 'EMPTY_STREAM', retryable: true }, durationUs: 600_000_000 }],
  ['empty', { failure: { code: 'EMPTY_STREAM', retryable: true } }],
  ['brokenOff', { failure: { code: 'STREAM_INCOMPLETE', retryable: true } }],
  [
    'cutOff',
    {
      finish: 'length',
      toolCalls: [
        { id: 'c1', arguments: { q: 'x' } },
        { id: 'c2', malformed: '{"q"' },
      ],
    },
  ],
  ['repeated', { toolCalls: [{ id: 'c1' }, { id: 'c2' }, { arguments: { q: 'y' } }] }],
] as const)('a fault by its name: %s', (name, expected) => {
  const script = faultyModel(asksTwo, 1, { faults: { [name]: 1 } }).answer(callOf(1));
  expect(script).toMatchObject(expected);
  expect(malformedAnswer(script)).toBeUndefined();
  if (script.failure !== undefined) expect(script).not.toHaveProperty('toolCalls');
  const ids = (script.toolCalls ?? []).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('refusals have a status, and those of a busy server say how long to wait', () => {
  const model = faultyModel(asksTwo, 1, { faults: { refused: 1 } });
  const failures = Array.from({ length: 100 }, (_, n) => model.answer(callOf(n)).failure!);
  expect(new Set(failures.map(({ status }) => status))).toEqual(new Set([429, 500, 502, 503]));
  for (const { status, retryAfterUs } of failures) expect(retryAfterUs !== undefined).toBe(status === 429);
});

test('a refused call costs nothing; a stalled one times out as its request says', () => {
  const agents = [{ line: 'x', calls: 1, timeoutUs: 5_000_000 }];
  const refused = run(
    faultyModel(
      scriptedModel(() => saying('x')),
      1,
      { faults: { refused: 1 } },
    ),
    agents,
  );
  expect(refused.events.find(({ type }) => type === 'call.ended')).toMatchObject({
    ok: false,
    tokensIn: 0,
    microDollars: 0,
    newPrefillUs: 0,
  });
  const stalled = run(
    faultyModel(
      scriptedModel(() => saying('x')),
      1,
      { faults: { stalled: 1 } },
    ),
    agents,
  );
  expect(stalled.heard).toEqual([[{ code: 'MODEL_TIMEOUT', retryable: true }]]);
});

test('what is no rate is refused', () => {
  expect(() => faultyModel(asksTwo, 1, { faults: { empty: 2 } })).toThrow('faults.empty: 2 is not allowed');
  expect(() => faultyModel(asksTwo, 1, { stallUs: 0.5 })).toThrow('stallUs: 0.5 is not allowed');
  expect(() => randomModel(1, { callsMax: 0 })).toThrow('callsMax: 0 is not allowed');
  expect(() => randomModel(1, { malformed: -1 })).toThrow('malformed: -1 is not allowed');
});
