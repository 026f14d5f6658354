/** What a program gets of a model server that behaves badly: through real HTTP, the real provider package and the live kernel. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { openAiCompatible } from '../../../src/adapters/models/openai-compatible.ts';
import { pageOf } from '../../../src/agents/model/messages.ts';
import type { NumberedDelta } from '../../../src/host/answer-streams.ts';
import type { ModelReply } from '../../../src/host/ports.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import type { Answer, ModelRequest, Program, SyscallResult } from '../../../src/kernel/syscalls.ts';
import {
  chunk,
  event,
  fragment,
  HostileServer,
  inPieces,
  refuses,
  says,
  sends,
  streamOf,
  usageChunk,
  type Behaviour,
} from '../../support/hostile-server.ts';
import { live } from '../../support/live.ts';
import { modelCall } from '../../support/model-call.ts';
import { seedCount } from '../../support/seeds.ts';

let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  server.exchanges.length = 0;
  server.aborted = 0;
});

const key = 'sk-very-secret-0123456789';

/** Asks its model one thing and gives what came of it. */
const asker = (request: ModelRequest): Program => ({
  name: 'asker',
  version: 1,
  body: function* () {
    yield { kind: 'allocate', tokens: 2, text: pageOf({ role: 'user', text: 'Hello' }) };
    const reply = (yield { kind: 'think', maxOutput: 50, request }) as SyscallResult<Answer>;
    if (!reply.ok) return { code: reply.code, message: reply.message, ...reply.failure };
    const { page: _, content: __, ...answer } = reply.value;
    return answer;
  },
});

/** What the program gets, and what watchers saw. */
async function ask(
  behaviour: Behaviour,
  request: ModelRequest = {},
): Promise<{ readonly got: Json; readonly seen: readonly NumberedDelta['delta'][] }> {
  server.behave(behaviour);
  const { live: kernel } = live({
    program: asker({ model: 'm1', ...request }),
    model: openAiCompatible({ url: server.url, key }),
  });
  const seen: NumberedDelta['delta'][] = [];
  kernel.answers.watch(({ delta }) => seen.push(delta));
  const { outcome, value, message } = await kernel.spawn({
    program: 'asker',
    arguments: null,
    name: 'agent',
    run: 'r1',
  }).end;
  expect({ outcome, message }).toEqual({ outcome: 'completed', message: '' });
  expect(JSON.stringify(value)).not.toContain(key);
  return { got: value, seen };
}

/** An answer that asks for a tool with these arguments. */
const finished = [chunk({}, { finish: 'tool_calls' }), usageChunk];
const called = (id: string, args: Json): Json => ({ id, tool: 'search', arguments: args });

test('a server that behaves: text, usage with what its cache held, the reason of the end', async () => {
  const { got, seen } = await ask(says('Hällo 🌍'));
  expect(got).toEqual({ text: 'Hällo 🌍', tokensIn: 20, tokensCached: 16, tokensOut: 7, finish: 'stop' });
  expect(seen.map(({ text }) => text).join('')).toBe('Hällo 🌍');
  expect(server.exchanges[0]).toMatchObject({
    path: '/v1/chat/completions',
    headers: { authorization: `Bearer ${key}` },
    body: {
      model: 'm1',
      max_tokens: 50,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hello' }],
    },
  });
});

test('reasoning is told to watchers and is no part of the text', async () => {
  const { got, seen } = await ask(
    sends(chunk({ reasoning_content: 'hmm' }), chunk({ content: 'yes' }), chunk({}, { finish: 'stop' })),
  );
  expect(got).toMatchObject({ text: 'yes' });
  expect(seen).toEqual([
    { type: 'reasoning', text: 'hmm' },
    { type: 'text', text: 'yes' },
  ]);
});

test('usage missing: the tokens are counted here', async () => {
  const { got } = await ask(sends(chunk({ content: 'twelve chars' }), chunk({}, { finish: 'stop' })));
  expect(got).toMatchObject({ text: 'twelve chars', tokensOut: 3, tokensIn: 2 });
});

test('a server that counts only a part: what it does not say is not told as nothing', async () => {
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  for (const [usage, told] of [
    [
      { prompt_tokens: 9, completion_tokens: 2 },
      { tokensIn: 9, tokensOut: 2 },
    ],
    [
      { prompt_tokens: null, completion_tokens: 2 },
      { tokensIn: undefined, tokensOut: 2 },
    ],
    [
      { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } },
      { tokensIn: 9, tokensCached: 0, tokensOut: 2 },
    ],
    [{ prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 8 }, { tokensCached: 8 }],
    [{ prompt_tokens: 9, completion_tokens: 2, cached_tokens: 7 }, { tokensCached: 7 }],
    // What is thought is counted with the answer, or beside it.
    [
      {
        prompt_tokens: 9,
        completion_tokens: 12,
        total_tokens: 21,
        completion_tokens_details: { reasoning_tokens: 10 },
      },
      { tokensIn: 9, tokensOut: 12, tokensReasoning: 10 },
    ],
    [
      {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 21,
        completion_tokens_details: { reasoning_tokens: 10 },
      },
      { tokensIn: 9, tokensOut: 12, tokensReasoning: 10 },
    ],
  ] as const) {
    server.behave(sends(chunk({ content: 'x' }), chunk({}, { finish: 'stop', usage })));
    expect((await port.call(modelCall(), new StopSwitch(), () => {})).usage).toEqual({
      tokensIn: 9,
      tokensOut: 2,
      ...told,
    });
  }
});

test('an answer that is to go on stands at the end of the prompt, and only its rest is told', async () => {
  server.behave(says('upon a time'));
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  const { text } = await port.call(modelCall({ partial: 'Once ' }), new StopSwitch(), () => {});
  expect(text).toBe('upon a time');
  expect(server.exchanges[0]?.body['messages']).toEqual([
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Once ' },
  ]);
});

test('a refused call has used nothing', async () => {
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  server.behave(refuses(503, 'busy'));
  const { usage } = await port.call(modelCall(), new StopSwitch(), () => {});
  expect(usage).toEqual({ tokensIn: 0, tokensCached: 0, tokensOut: 0 });
});

test('usage that no tokens are is as good as none', async () => {
  const usage = { prompt_tokens: -5, completion_tokens: 2.5, prompt_tokens_details: { cached_tokens: 9 } };
  const { got } = await ask(sends(chunk({ content: 'twelve chars' }), chunk({}, { finish: 'stop', usage })));
  expect(got).toMatchObject({ tokensOut: 3, tokensIn: 2 });
});

test('events with CRLF, comments, pings and empty lines between them', async () => {
  const parts = ['a', 'b', 'c'].map((content) => event(chunk({ content }), '\r\n'));
  const end = event(chunk({}, { finish: 'stop' }), '\r\n') + event('[DONE]', '\r\n');
  const { got } = await ask(async (exchange) => {
    for (const part of [...parts, end]) await exchange.send(`: ping\r\n\r\nevent: chunk\r\n${part}\r\n`);
  });
  expect(got).toMatchObject({ text: 'abc', finish: 'stop' });
});

test('no [DONE]: an answer with its reason to end is whole', async () => {
  const { got } = await ask(async (exchange) => {
    await exchange.send(event(chunk({ content: 'done' })));
    await exchange.send(event(chunk({}, { finish: 'stop' })));
  });
  expect(got).toMatchObject({ text: 'done', finish: 'stop' });
});

test('no event at all: EMPTY_STREAM', async () => {
  const { got } = await ask((exchange) => exchange.head());
  expect(got).toEqual({
    code: 'EMPTY_STREAM',
    message: `${server.url} answered without any event`,
    retryable: true,
  });
});

test('only comments, or only the end mark: EMPTY_STREAM', async () => {
  for (const nothing of [': ping\n\n: ping\n\n', event('[DONE]')])
    expect((await ask((exchange) => exchange.send(nothing))).got).toMatchObject({ code: 'EMPTY_STREAM' });
});

test('a page instead of a stream: EMPTY_STREAM', async () => {
  const { got } = await ask(async (exchange) => {
    exchange.head(200, { 'content-type': 'text/html' });
    await exchange.send('<html><body>welcome</body></html>');
  });
  expect(got).toMatchObject({ code: 'EMPTY_STREAM' });
});

test('the connection drops in the middle: STREAM_INCOMPLETE with what had come', async () => {
  const { got } = await ask(async (exchange) => {
    await exchange.send(event(chunk({ content: 'Once upon' })));
    exchange.cut();
  });
  expect(got).toMatchObject({ code: 'STREAM_INCOMPLETE', retryable: true, partial: 'Once upon' });
});

test('the stream ends without a reason: STREAM_INCOMPLETE with what had come', async () => {
  const { got } = await ask(sends(chunk({ content: 'Once upon' })));
  expect(got).toEqual({
    code: 'STREAM_INCOMPLETE',
    message: `${server.url} sent an answer without an end`,
    retryable: true,
    partial: 'Once upon',
  });
});

test('the connection drops before the first event: a failure that may be tried again', async () => {
  for (const drop of [
    (exchange: Parameters<Behaviour>[0]) => exchange.cut(),
    async (exchange: Parameters<Behaviour>[0]) => {
      await exchange.send(': hello\n\n');
      exchange.cut();
    },
  ])
    expect((await ask(drop)).got).toMatchObject({ retryable: true });
});

test('a server that stalls is given up after the time the request allows, and hears of it', async () => {
  const { got } = await ask(
    async (exchange) => {
      await exchange.send(event(chunk({ content: 'Wait' })));
      await exchange.stall();
    },
    { timeoutUs: 60_000 },
  );
  expect(got).toMatchObject({ code: 'MODEL_TIMEOUT', retryable: true, partial: 'Wait' });
  await expect.poll(() => server.aborted).toBe(1);
});

test('a server that stalls before its head is given up, too', async () => {
  const { got } = await ask(({ response }) => new Promise((resolve) => response.on('close', resolve)), {
    timeoutUs: 60_000,
  });
  expect(got).toMatchObject({ code: 'MODEL_TIMEOUT' });
});

test('a killed process ends its request', async () => {
  let begun = (): void => {};
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  server.behave(async (exchange) => {
    await exchange.send(event(chunk({ content: 'Wait' })));
    begun();
    await exchange.stall();
  });
  const { live: kernel } = live({
    program: asker({ model: 'm1' }),
    model: openAiCompatible({ url: server.url }),
  });
  const { pid, end } = kernel.spawn({ program: 'asker', arguments: null, name: 'agent', run: 'r1' });
  await isBegun;
  kernel.signal(pid, 'kill');
  expect(await end).toMatchObject({ outcome: 'killed' });
  await expect.poll(() => server.aborted).toBe(1);
});

test('429 with Retry-After in seconds', async () => {
  const { got } = await ask(refuses(429, 'slow down', { 'retry-after': '2' }));
  expect(got).toEqual({
    code: 'MODEL_FAILED',
    message: `${server.url} answered 429: slow down`,
    retryable: true,
    status: 429,
    retryAfterUs: 2_000_000,
  });
});

test('429 with Retry-After as a date', async () => {
  const date = new Date(Date.now() + 90_000).toUTCString();
  const { got } = await ask(refuses(429, 'slow down', { 'retry-after': date }));
  const { retryAfterUs } = got as { retryAfterUs: number };
  expect(retryAfterUs).toBeGreaterThan(80_000_000);
  expect(retryAfterUs).toBeLessThanOrEqual(90_000_000);
});

test('which statuses may be tried again', async () => {
  for (const [status, retryable] of [
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [409, true],
    [422, false],
    [429, true],
    [500, true],
    [503, true],
  ] as const)
    expect((await ask(refuses(status, 'no'))).got).toMatchObject({ code: 'MODEL_FAILED', status, retryable });
});

test('500 with a page of text: one line of it', async () => {
  const { got } = await ask(async (exchange) => {
    exchange.head(500, { 'content-type': 'text/plain' });
    await exchange.send(`Traceback\n  line 1\n${'x'.repeat(5_000)}`);
  });
  const { message } = got as { message: string };
  expect(message).toMatch(/answered 500: Traceback line 1 x+…$/);
  expect(message.length).toBeLessThan(400);
});

test('a key that the server repeats is not told', async () => {
  const { got } = await ask(refuses(401, `Incorrect API key provided: ${key}.`));
  expect(got).toMatchObject({
    message: `${server.url} answered 401: Incorrect API key provided: ***. (is the key right?)`,
  });
});

test('an error within the stream: the server has given up, with what had come', async () => {
  const { got } = await ask(
    sends(
      chunk({ content: 'Half' }),
      JSON.stringify({ error: { message: `overloaded\n(${key})`, type: 'server_error', code: 503 } }),
    ),
  );
  expect(got).toEqual({
    code: 'MODEL_FAILED',
    message: `${server.url} gave up its answer: overloaded (***)`,
    retryable: true,
    status: 503,
    partial: 'Half',
  });
});

test('an event that is no JSON: no answer with a hole in it', async () => {
  const { got } = await ask(
    sends(chunk({ content: 'a' }), '{"choices": [', chunk({ content: 'c' }), chunk({}, { finish: 'stop' })),
  );
  expect(got).toMatchObject({ code: 'MODEL_FAILED', retryable: true, partial: 'ac' });
});

// ---- Tool calls ------------------------------------------------------------------------------------------------------

test('a tool call in fragments, by index', async () => {
  const { got, seen } = await ask(
    sends(
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '' })),
      chunk(fragment({ index: 0, arguments: '{"q":' })),
      chunk(fragment({ index: 0, arguments: '"x"}' })),
      ...finished,
    ),
  );
  expect(got).toMatchObject({ finish: 'tool-calls', toolCalls: [called('c1', { q: 'x' })] });
  expect(seen).toEqual([
    { type: 'tool-call', index: 0, tool: 'search', text: '{"q":' },
    { type: 'tool-call', index: 0, tool: 'search', text: '"x"}' },
  ]);
});

test('fragments of two calls mixed, by index', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 1, id: 'c2', name: 'search', arguments: '{"q"' })),
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q"' })),
      chunk(fragment({ index: 0, arguments: ':"one"}' })),
      chunk(fragment({ index: 1, arguments: ':"two"}' })),
      ...finished,
    ),
  );
  // In the order in which they began, as their fragments are numbered.
  expect(got).toMatchObject({ toolCalls: [called('c2', { q: 'two' }), called('c1', { q: 'one' })] });
});

test('no index: fragments belong together by id', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ id: 'c1', name: 'search', arguments: '{"q"' })),
      chunk(fragment({ id: 'c2', name: 'search', arguments: '{"q"' })),
      chunk(fragment({ id: 'c1', arguments: ':"one"}' })),
      chunk(fragment({ id: 'c2', arguments: ':"two"}' })),
      ...finished,
    ),
  );
  expect(got).toMatchObject({ toolCalls: [called('c1', { q: 'one' }), called('c2', { q: 'two' })] });
});

test('no index and no id: a fragment continues the one call that is under way', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ name: 'search', arguments: '{"q"' })),
      chunk(fragment({ arguments: ':"one"}' })),
      ...finished,
    ),
  );
  const { toolCalls } = got as { toolCalls: { id: string }[] };
  expect(toolCalls).toMatchObject([{ tool: 'search', arguments: { q: 'one' } }]);
  expect(toolCalls[0]!.id).not.toBe('');
});

test('a fragment of which nobody can tell whose it is: no call of the answer is made', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ name: 'search', arguments: '{"q":[1' })),
      chunk(fragment({ name: 'search', arguments: '{"q":[1' })),
      chunk(fragment({ arguments: ',2' })),
      chunk(fragment({ index: 0, name: 'search', arguments: '{"q":[3]}' })),
      ...finished,
    ),
  );
  const { toolCalls } = got as { toolCalls: { malformed?: string; arguments?: Json }[] };
  expect(toolCalls.length).toBeGreaterThanOrEqual(2);
  for (const call of toolCalls) {
    expect(call.arguments).toBeUndefined();
    expect(call.malformed).toBeDefined();
  }
});

test('ids that are missing or empty: each call has one of its own', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 0, name: 'search', arguments: '{"q":1}' })),
      chunk(fragment({ index: 1, id: '', name: 'search', arguments: '{"q":2}' })),
      ...finished,
    ),
  );
  const { toolCalls } = got as { toolCalls: { id: string; arguments: Json }[] };
  expect(toolCalls.map((call) => call.arguments)).toEqual([{ q: 1 }, { q: 2 }]);
  expect(new Set(toolCalls.map(({ id }) => id.trim())).size).toBe(2);
});

test('one id for two calls: each has one of its own', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":1}' })),
      chunk(fragment({ index: 1, id: 'c1', name: 'search', arguments: '{"q":2}' })),
      ...finished,
    ),
  );
  const { toolCalls } = got as { toolCalls: { id: string; arguments: Json }[] };
  expect(toolCalls.map((call) => call.arguments)).toEqual([{ q: 1 }, { q: 2 }]);
  expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
});

test('a call that is sent again whole under its id is one call', async () => {
  const whole = chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":1}' }));
  const { got } = await ask(sends(whole, whole, whole, ...finished));
  expect(got).toMatchObject({ toolCalls: [called('c1', { q: 1 })] });
  expect((got as { toolCalls: Json[] }).toolCalls).toHaveLength(1);
});

test('a fragment that is sent twice: the call is malformed, or the same as without', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":' })),
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":' })),
      chunk(fragment({ index: 0, arguments: '1}' })),
      ...finished,
    ),
  );
  expect(got).toMatchObject({ toolCalls: [{ id: 'c1', malformed: '{"q":{"q":1}' }] });
});

test('arguments that are no JSON object are malformed, never an empty object', async () => {
  for (const text of ['', '{"q":', '{"q":1}}', '[1]', '"x"', 'null', '{} {}', '['.repeat(9_000)]) {
    const { got } = await ask(
      sends(chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: text })), ...finished),
    );
    expect(got).toMatchObject({ toolCalls: [{ id: 'c1', tool: 'search', malformed: text }] });
    expect((got as { toolCalls: { arguments?: Json }[] }).toolCalls[0]!.arguments).toBeUndefined();
  }
});

test('the answer is cut off within a tool call: the whole ones stay, that one is malformed', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":1}' })),
      chunk(fragment({ index: 1, id: 'c2', name: 'search', arguments: '{"q":"lon' })),
      chunk({}, { finish: 'length' }),
      usageChunk,
    ),
  );
  expect(got).toMatchObject({
    finish: 'length',
    toolCalls: [called('c1', { q: 1 }), { id: 'c2', tool: 'search', malformed: '{"q":"lon' }],
  });
});

test('cut off right behind the name of a tool: malformed, not without arguments', async () => {
  const { got } = await ask(
    sends(chunk(fragment({ index: 0, id: 'c1', name: 'search' })), chunk({}, { finish: 'length' })),
  );
  expect(got).toMatchObject({ toolCalls: [{ id: 'c1', tool: 'search', malformed: '' }] });
});

test('a tool call when the connection drops, or the end is missing: the answer has failed', async () => {
  const whole = chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":1}' }));
  for (const behaviour of [
    sends(whole),
    async (exchange: Parameters<Behaviour>[0]) => {
      await exchange.send(event(whole));
      exchange.cut();
    },
  ]) {
    const { got } = await ask(behaviour);
    expect(got).toMatchObject({ code: 'STREAM_INCOMPLETE' });
    expect(got).not.toHaveProperty('toolCalls');
  }
});

test('a fragment without any name: the server has failed, the program goes on', async () => {
  const { got } = await ask(
    sends(chunk({ content: 'x' }), chunk(fragment({ index: 0, arguments: '{}' })), ...finished),
  );
  expect(got).toMatchObject({ code: 'MODEL_FAILED', retryable: true, partial: 'x' });
});

test('a server that says stop and asks for a tool has asked for a tool', async () => {
  const { got } = await ask(
    sends(
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{}' })),
      chunk({}, { finish: 'stop' }),
    ),
  );
  expect(got).toMatchObject({ finish: 'tool-calls', toolCalls: [called('c1', {})] });
});

// ---- The endpoint ----------------------------------------------------------------------------------------------------

test('an endpoint that nobody answers at: one line with its URL', async () => {
  const gone = await HostileServer.start();
  const { url } = gone;
  await gone.close();
  const { live: kernel } = live({ program: asker({ model: 'm1' }), model: openAiCompatible({ url, key }) });
  const { value } = await kernel.spawn({ program: 'asker', arguments: null, name: 'a', run: 'r' }).end;
  expect(value).toEqual({
    code: 'MODEL_FAILED',
    message: `${url} cannot be reached (connect ECONNREFUSED ${new URL(url).host})`,
    retryable: true,
  });
});

test('an unknown model: the line names it and the endpoint', async () => {
  const { got } = await ask(refuses(404, 'model not found'), { model: 'gpt-none' });
  expect(got).toMatchObject({
    code: 'MODEL_FAILED',
    status: 404,
    retryable: false,
    message: `${server.url} answered 404: model not found (is there a model "gpt-none"? is the URL right? most end in /v1)`,
  });
});

test('no model is named anywhere', async () => {
  const { live: kernel } = live({ program: asker({}), model: openAiCompatible({ url: server.url }) });
  const { value } = await kernel.spawn({ program: 'asker', arguments: null, name: 'a', run: 'r' }).end;
  expect(value).toMatchObject({
    code: 'MODEL_FAILED',
    retryable: false,
    message: `model: none is named; allowed: the name of a model of ${server.url} (RINGZERO_MODEL)`,
  });
});

test('no key where one is needed: the line says which variable', async () => {
  server.behave(refuses(401, 'missing bearer token'));
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  const { failed } = await port.call(modelCall(), new StopSwitch(), () => {});
  expect(failed?.message).toBe(
    `${server.url} answered 401: missing bearer token (no key is set: RINGZERO_MODEL_KEY)`,
  );
});

test('several models of one endpoint, by name', async () => {
  server.behave(says('ok'));
  const port = openAiCompatible({ url: server.url, model: 'small' });
  for (const request of [{}, { model: 'large' }, {}])
    await port.call(modelCall({ request }), new StopSwitch(), () => {});
  expect(server.exchanges.map(({ body }) => body['model'])).toEqual(['small', 'large', 'small']);
});

// ---- Any split -------------------------------------------------------------------------------------------------------

test('however the bytes of a stream are split, the reply is the same', async () => {
  const stream = streamOf(
    [
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'naïve 🤔' }),
      chunk({ content: 'Zürich → 東京 🗼\n"quoted" \\ data: x\n\n' }),
      chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '' })),
      chunk(fragment({ index: 0, arguments: '{"q":"ü\\n' })),
      chunk(fragment({ index: 0, arguments: '🗼"}' })),
      chunk(fragment({ index: 1, id: 'c2', name: 'time', arguments: '{}' })),
      ...finished,
    ],
    '\r\n',
  );
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  const replyTo = async (cuts: readonly number[]): Promise<ModelReply> => {
    server.behave(inPieces(stream, cuts));
    return port.call(modelCall(), new StopSwitch(), () => {});
  };
  const whole = await replyTo([]);
  expect(whole).toEqual({
    text: 'Zürich → 東京 🗼\n"quoted" \\ data: x\n\n',
    toolCalls: [called('c1', { q: 'ü\n🗼' }), { id: 'c2', tool: 'time', arguments: {} }],
    finish: 'tool-calls',
    usage: { tokensIn: 20, tokensCached: 16, tokensOut: 7 },
  });
  const { length } = new TextEncoder().encode(stream);
  const everyByte = Array.from({ length: length - 1 }, (_, index) => index + 1);
  expect(await replyTo(everyByte)).toEqual(whole);
  await fc.assert(
    fc.asyncProperty(fc.subarray(everyByte, { maxLength: 40 }), async (cuts) => {
      expect(await replyTo(cuts)).toEqual(whole);
    }),
    { seed: 5, numRuns: seedCount(20, 500) },
  );
});

test('wherever a stream breaks off, the call fails with a beginning of the text', async () => {
  const stream = streamOf([
    chunk({ content: 'Zürich ' }),
    chunk({ content: '東京 🗼' }),
    chunk(fragment({ index: 0, id: 'c1', name: 'search', arguments: '{"q":1}' })),
    ...finished,
  ]);
  const end = stream.indexOf('"tool_calls"}');
  const bytes = new TextEncoder().encode(stream.slice(0, end));
  const port = openAiCompatible({ url: server.url, model: 'm1' });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), fc.boolean(), async (length, isCut) => {
      server.behave(async (exchange) => {
        exchange.head();
        if (length > 0) await exchange.send(bytes.subarray(0, length));
        if (isCut) exchange.cut();
      });
      const reply = await port.call(modelCall(), new StopSwitch(), () => {});
      expect(reply.finish).toBeUndefined();
      expect(reply.failed?.failure.retryable).toBe(true);
      expect('Zürich 東京 🗼'.startsWith(reply.text)).toBe(true);
      for (const call of reply.toolCalls) expect(call.arguments).toBeUndefined();
    }),
    { seed: 6, numRuns: seedCount(25, 1_000) },
  );
});
