/** The loop: model turn, tool calls, results, next turn; what ends it, and how. */
import { expect, test } from 'vitest';

import type { AskedCall } from '../../../src/kernel/syscalls.ts';
import { asks, broken, danglingIn, echo, fails, runAgent, type Reply } from './agent-world.ts';

const S = 1_000_000;
const plain = { tools: ['echo'], reflectEvery: 0 };

test('an answer without tool calls ends the run', () => {
  const { outcome, result, asked, all } = runAgent({ task: { system: 'Be brief.' }, model: ['42'] });
  expect(outcome).toBe('completed');
  expect(result).toEqual({
    reason: 'answered',
    answer: '42',
    isWhole: true,
    message: '',
    iterations: 1,
    toolCalls: 0,
    reflections: 0,
  });
  expect(asked).toMatchObject([
    {
      messages: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', text: 'What is it?' },
      ],
      request: { temperature: 0.3, timeoutUs: 120 * S },
      maxOutput: 4_000,
    },
  ]);
  expect(asked[0]!.request).not.toHaveProperty('tools');
  expect(all('call.ended')).toHaveLength(1);
});

test('results of a batch come back in call order, as messages of their calls', () => {
  const toolCalls: AskedCall[] = [
    { id: 'a', tool: 'echo', arguments: { n: 1 } },
    { id: 'b', tool: 'broken', arguments: {} },
    { id: 'c', tool: 'echo', arguments: { n: 2 } },
  ];
  const { result, asked } = runAgent({
    task: { ...plain, tools: ['echo', 'broken'] },
    tools: [echo, broken],
    model: [{ text: 'Let me see.', toolCalls }, 'done'],
  });
  expect(result).toMatchObject({ reason: 'answered', answer: 'done', iterations: 2, toolCalls: 3 });
  expect(asked[0]!.request.tools).toEqual(['echo', 'broken']);
  expect(asked[1]!.messages.slice(1)).toEqual([
    { role: 'assistant', text: 'Let me see.', toolCalls },
    { role: 'tool', id: 'a', tool: 'echo', ok: true, value: { echo: { n: 1 } } },
    { role: 'tool', id: 'b', tool: 'broken', ok: false, value: 'TOOL_FAILED: it is broken' },
    { role: 'tool', id: 'c', tool: 'echo', ok: true, value: { echo: { n: 2 } } },
  ]);
});

test('a call that was cut off is never made, and a tool that does not exist is told with those that do', () => {
  const { asked, made, result } = runAgent({
    task: plain,
    model: [
      {
        toolCalls: [
          { id: 'a', tool: 'echo', malformed: '{"path": "/et' },
          { id: 'b', tool: 'rm', arguments: {} },
          { id: 'c', tool: 'echo', arguments: { kept: true } },
        ],
      },
      'done',
    ],
  });
  expect(made).toEqual([['echo', { kept: true }]]);
  expect(result.toolCalls).toBe(1);
  expect(asked[1]!.messages.slice(2)).toEqual([
    {
      role: 'tool',
      id: 'a',
      tool: 'echo',
      ok: false,
      value: 'TOOL_ARGUMENTS: the call was not made, its arguments are no JSON object: {"path": "/et',
    },
    {
      role: 'tool',
      id: 'b',
      tool: 'rm',
      ok: false,
      value: 'UNKNOWN_TOOL: there is no tool "rm"; the tools are echo',
    },
    { role: 'tool', id: 'c', tool: 'echo', ok: true, value: { echo: { kept: true } } },
  ]);
});

test('a call told twice is made once; other calls of its id get ids of their own', () => {
  const call = { id: 'x', tool: 'echo', arguments: { n: 1 } };
  const { asked, made } = runAgent({
    task: plain,
    model: [
      {
        toolCalls: [
          call,
          call,
          { ...call, arguments: { n: 2 } },
          { id: '', tool: 'echo', arguments: { n: 3 } },
          { id: '', tool: 'echo', arguments: { n: 3 } },
        ],
      },
      'done',
    ],
  });
  expect(made.map(([, args]) => args)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 3 }]);
  const [, answer, ...results] = asked[1]!.messages;
  expect(answer).toMatchObject({
    toolCalls: [{ id: 'x' }, { id: 'x-2' }, { id: 'call-4' }, { id: 'call-5' }],
  });
  expect(results).toHaveLength(4);
  expect(danglingIn(asked[1]!.messages)).toBeUndefined();
});

test('an excess call is refused singly; then tools are withheld and the model answers', () => {
  const { asked, made, result } = runAgent({
    task: plain,
    model: [asks('echo', {}, 7), asks('echo', {}, 5), 'done'],
  });
  expect(made).toHaveLength(10);
  expect(result).toMatchObject({ reason: 'answered', toolCalls: 10, iterations: 3 });
  const results = asked[2]!.messages.slice(-5);
  expect(results.map((message) => message.role === 'tool' && message.ok)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(results[4]).toMatchObject({ value: expect.stringContaining('TOOL_LIMIT') });
  expect(asked.map(({ request }) => request.tools)).toEqual([['echo'], ['echo'], undefined]);
});

test('out of iterations is an end of its own, not a completed run', () => {
  const { outcome, result } = runAgent({
    task: { ...plain, iterations: 4 },
    model: () => ({ ...asks('echo'), text: 'still looking' }),
  });
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({
    reason: 'ITERATION_LIMIT',
    answer: 'still looking',
    isWhole: false,
    iterations: 4,
    message: 'iterations: no answer after 4; allowed: up to 4',
  });
});

test('an agent that is terminated is cancelled, not out of iterations', () => {
  const { outcome } = runAgent({
    task: plain,
    model: [{ text: 'slow', durationUs: 60 * S }],
    signals: [[S, 'terminate']],
  });
  expect(outcome).toBe('cancelled');
});

test('a failed call is repeated after 1 and 2 s and a bit more; what it cost is metered', () => {
  const { asked, result, all } = runAgent({ task: {}, model: [fails(), fails(), 'done'] });
  expect(result).toMatchObject({ reason: 'answered', answer: 'done', iterations: 1 });
  const ends = all('call.ended').map(({ atUs }) => atUs);
  const waits = [asked[1]!.atUs - ends[0]!, asked[2]!.atUs - ends[1]!];
  expect(waits[0]).toBeGreaterThan(S);
  expect(waits[0]).toBeLessThan(1.25 * S);
  expect(waits[1]).toBeGreaterThan(2 * S);
  expect(waits[1]).toBeLessThan(2.5 * S);
  expect(all('budget.settled')).toHaveLength(3);
});

test('Retry-After is respected', () => {
  const { asked, all } = runAgent({
    task: {},
    model: [fails({ status: 429, retryAfterUs: 30 * S }), 'done'],
  });
  const waitUs = asked[1]!.atUs - all('call.ended')[0]!.atUs;
  expect(waitUs).toBeGreaterThanOrEqual(30 * S);
  expect(waitUs).toBeLessThan(37.5 * S);
});

test('a server that asks for longer than a step may take: the next model answers sooner, the last one is waited for', () => {
  const busy = fails({ status: 429, retryAfterUs: 600 * S });
  const chain = runAgent({
    task: { models: ['a', 'b'] },
    model: ({ request }) => (request.model === 'a' ? busy : 'done'),
  });
  expect(chain.asked.map(({ request }) => request.model)).toEqual(['a', 'b']);
  expect(chain.asked[1]!.atUs).toBeLessThan(100 * S);
  const alone = runAgent({ task: { models: ['a'] }, model: [busy, 'done'] });
  expect(alone.result.answer).toBe('done');
  expect(alone.asked[1]!.atUs).toBeGreaterThanOrEqual(600 * S);
});

test('a model that is too small for the prompt is followed by the next', () => {
  const { asked, result } = runAgent({
    task: { task: 'x'.repeat(8_000), models: ['small', 'large'], maxOutput: 100 },
    model: ['done'],
    kernel: { engines: [{ name: 'small', windowTokens: 1_000 }, { name: 'large' }] },
  });
  expect(asked.map(({ request }) => request.model)).toEqual(['large']);
  expect(result.reason).toBe('answered');
});

test('when no model of the chain is available, the run says what became of each', () => {
  const { result, asked, outcome } = runAgent({
    task: { models: ['a', 'b', 'c'] },
    model: ({ request }) => fails({ retryable: false, status: 404, message: `no ${request.model}` }),
  });
  expect(asked).toHaveLength(3);
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({ reason: 'MODEL_FAILED', message: 'a: no a; b: no b; c: no c' });
});

test('after two repeats the run fails with the code of the failure', () => {
  const { asked, outcome, result } = runAgent({
    task: {},
    model: [fails({ code: 'STREAM_INCOMPLETE', message: 'it broke off' })],
  });
  expect(asked).toHaveLength(3);
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({ reason: 'STREAM_INCOMPLETE', message: 'it broke off', iterations: 0 });
});

test('a step that takes too long is a failure of the step', () => {
  const { asked, result } = runAgent({
    task: { stepTimeoutUs: 2 * S },
    model: [{ text: 'slow', durationUs: 3 * S }, 'quick'],
  });
  expect(asked).toHaveLength(2);
  expect(result.answer).toBe('quick');
});

test('a model that is not available is followed by the next of the chain, for good', () => {
  const { asked, result } = runAgent({
    task: { ...plain, models: ['a', 'b', 'c'] },
    model: ({ request }, index) =>
      request.model === 'a'
        ? fails({ retryable: false, status: 404 })
        : request.model === 'b'
          ? fails()
          : index < 6
            ? asks('echo')
            : 'done',
  });
  expect(result.reason).toBe('answered');
  expect(asked.map(({ request }) => request.model)).toEqual(['a', 'b', 'b', 'b', 'c', 'c', 'c']);
});

test('an answer that was cut off at its longest says so', () => {
  const { result, outcome } = runAgent({ model: [{ text: 'It is becau', finish: 'length' }] });
  expect(outcome).toBe('completed');
  expect(result).toMatchObject({ answer: 'It is becau', isWhole: false });
});

test('a filtered answer is a failure', () => {
  const { result, outcome } = runAgent({ model: [{ text: '', finish: 'content-filter' }] });
  expect(outcome).toBe('failed');
  expect(result.reason).toBe('CONTENT_FILTER');
  // What it asked for before it was stopped is not done either.
  const { made, result: other } = runAgent({
    task: plain,
    model: [{ ...asks('echo'), finish: 'content-filter' }, 'done'],
  });
  expect(other.reason).toBe('CONTENT_FILTER');
  expect(made).toEqual([]);
});

test('a budget that runs out ends the run with its own reason, and what was found so far', () => {
  const { result, outcome, asked } = runAgent({
    task: { ...plain, maxOutput: 100 },
    model: () => ({ ...asks('echo'), text: 'so far' }),
    kernel: {
      budgets: [{ name: 'org', limits: [{ resource: 'calls', amount: 3, window: { kind: 'total' } }] }],
    },
  });
  expect(asked).toHaveLength(3);
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({
    reason: 'BUDGET_EXCEEDED',
    answer: 'so far',
    isWhole: false,
    iterations: 3,
    toolCalls: 3,
  });
});

test('an empty answer is none: the model is asked once more, and the empty message does not stay', () => {
  const { result, asked, outcome } = runAgent({ model: [{ text: ' \n' }, '42'] });
  expect(outcome).toBe('completed');
  expect(result).toMatchObject({ reason: 'answered', answer: '42', iterations: 2 });
  expect(asked[1]!.messages).toEqual([
    { role: 'user', text: 'What is it?' },
    { role: 'user', text: 'Your answer was empty. Answer the task now.' },
  ]);
});

test.each<readonly [string, readonly Reply[], string]>([
  ['twice', [''], ''],
  ['behind tool calls', [{ ...asks('echo'), text: 'I look.' }, '', '', 'x'], 'I look.'],
  ['cut off before its first word', [{ text: '', finish: 'length' }], ''],
])('an empty answer %s is an ending of its own', (_, model, answer) => {
  const { result, outcome, all } = runAgent({ task: plain, model });
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({ reason: 'EMPTY_ANSWER', answer, isWhole: false });
  expect(all('process.terminated')).toMatchObject([{ code: 'EMPTY_ANSWER', message: result.message }]);
});

test('an empty answer and a good one, then a follow-up: the next empty one may be asked for again', () => {
  const { result, asked } = runAgent({
    task: { followUpUs: 500 * S },
    model: ['', 'first', '', 'second'],
    messages: [[200 * S, 'And now?']],
  });
  expect(result).toMatchObject({ reason: 'answered', answer: 'second' });
  expect(asked).toHaveLength(4);
});

test('how a run failed is the code of its process, too', () => {
  const codes = [
    runAgent({ task: { ...plain, iterations: 2 }, model: [asks('echo')] }),
    runAgent({ model: [fails({ retryable: false })] }),
    runAgent({ task: { ...plain, windowTokens: 100, maxOutput: 99 }, model: ['x'] }),
    runAgent({ task: { temperature: 9 }, model: ['x'] }),
  ].map(({ all }) => all('process.terminated')[0]!.code);
  expect(codes).toEqual(['ITERATION_LIMIT', 'MODEL_FAILED', 'WINDOW_EXCEEDED', 'INVALID_ARGUMENT']);
});

test('what had come of an answer that failed is the last that its model said', () => {
  const { result } = runAgent({ model: [fails({ retryable: false, partial: 'It is 4' })] });
  expect(result).toMatchObject({ reason: 'MODEL_FAILED', answer: 'It is 4', isWhole: false });
});

test('a checkpoint every five iterations', () => {
  const { all } = runAgent({
    task: { ...plain, toolCalls: 100 },
    model: (_, index) => (index < 12 ? asks('echo') : 'done'),
  });
  expect(all('checkpoint.saved')).toHaveLength(2);
});

test('a checkpoint that fails is not swallowed', () => {
  const { result, outcome, asked } = runAgent({
    task: { ...plain, checkpointEvery: 1 },
    model: [asks('echo'), 'done'],
    faults: { storageFailure: 1 },
  });
  expect(asked).toHaveLength(1);
  expect(outcome).toBe('failed');
  expect(result.reason).toBe('STORAGE_FAILED');
});
