/** What real model servers send beside the format, through real HTTP and the real provider package. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openAiCompatible } from '../../../src/adapters/models/openai-compatible.ts';
import type { ModelCall } from '../../../src/agents/model/model-call.ts';
import type { ModelReply } from '../../../src/host/ports.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import {
  chunk,
  event,
  fragment,
  HostileServer,
  sends,
  type Behaviour,
} from '../../support/hostile-server.ts';
import { modelCall } from '../../support/model-call.ts';

let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start();
});
afterAll(() => server.close());

function ask(behaviour: Behaviour, call: Partial<ModelCall> = {}): Promise<ModelReply> {
  server.behave(behaviour);
  return openAiCompatible({ url: server.url, model: 'm1' }).call(modelCall(call), new StopSwitch(), () => {});
}

const end = chunk({}, { finish: 'stop' });
const choice = (told: object): string => JSON.stringify({ choices: [{ index: 0, ...told }] });
const tool = (told: object): string => choice({ delta: { tool_calls: [told] } });
const json = (body: unknown, status = 200): Behaviour => {
  return async (exchange) => {
    exchange.head(status, { 'content-type': 'application/json; charset=utf-8' });
    await exchange.send(JSON.stringify(body));
  };
};

test('events without an answer in them, before, between and behind its pieces', async () => {
  for (const odd of [
    '{}',
    '{"prompt_filter_results":[]}',
    '{"choices":null}',
    '{"choices":[null]}',
    '{"choices":[],"error":null}',
  ])
    expect(await ask(sends(odd, chunk({ content: 'a' }), odd, chunk({ content: 'b' }), end, odd))).toEqual({
      text: 'ab',
      toolCalls: [],
      finish: 'stop',
      usage: {},
    });
});

test('usage in an event whose choices are missing', async () => {
  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  for (const odd of [{ usage }, { choices: null, usage }])
    expect(await ask(sends(chunk({ content: 'a' }), end, JSON.stringify(odd)))).toMatchObject({
      usage: { tokensIn: 9, tokensOut: 2 },
    });
});

test('roles that are none, and empty fields', async () => {
  const fields = { content: null, tool_calls: null, reasoning_content: null, refusal: null };
  for (const role of [null, '', 'model', 'ASSISTANT', 7])
    expect(await ask(sends(chunk({ ...fields, role }), chunk({ role, content: 'a' }), end))).toMatchObject({
      text: 'a',
      finish: 'stop',
    });
});

test('a tool call whose arguments are an object, whose index is a text, whose id is a number, that is no list', async () => {
  const asked = { name: 'search', arguments: { q: [1, 'x'] } };
  for (const odd of [
    tool({ index: 0, id: 'c1', function: asked }),
    tool({ id: 'c1', function: asked }),
    tool({ index: '0', id: 'c1', function: { ...asked, arguments: '{"q":[1,"x"]}' } }),
    choice({ delta: { tool_calls: { index: 0, id: 'c1', function: asked } } }),
    choice({ delta: { tool_calls: [{ index: 0, id: 'c1', function: asked }] }, finish_reason: 'stop' }),
  ])
    expect(await ask(sends(odd, end))).toMatchObject({
      finish: 'tool-calls',
      toolCalls: [{ id: 'c1', tool: 'search', arguments: { q: [1, 'x'] } }],
    });
  const numbered = [tool({ index: 0, id: 7, function: { name: 'search', arguments: '{' } })];
  expect(
    await ask(sends(...numbered, tool({ index: 0, id: 7, function: { arguments: '}' } }), end)),
  ).toMatchObject({ toolCalls: [{ id: '7', tool: 'search', arguments: {} }] });
});

test('fragments of indexes that are texts, mixed: each to its own call', async () => {
  const part = (index: string, text: string, name?: string): string =>
    tool({ index, ...(name && { id: `c${index}` }), function: { ...(name && { name }), arguments: text } });
  expect(
    await ask(
      sends(part('0', '{"q"', 'search'), part('1', '{"q"', 'time'), part('0', ':1}'), part('1', ':2}'), end),
    ),
  ).toMatchObject({
    toolCalls: [
      { id: 'c0', tool: 'search', arguments: { q: 1 } },
      { id: 'c1', tool: 'time', arguments: { q: 2 } },
    ],
  });
});

test('a call in the form before there were several', async () => {
  const call = (told: object): string => choice({ delta: { function_call: told } });
  const reply = await ask(
    sends(
      call({ name: 'search', arguments: '{"q"' }),
      call({ arguments: ':1}' }),
      chunk({}, { finish: 'function_call' }),
    ),
  );
  expect(reply).toMatchObject({
    finish: 'tool-calls',
    toolCalls: [{ tool: 'search', arguments: { q: 1 } }],
  });
});

test('a whole message in the place of pieces is the answer, and behind pieces it is not said again', async () => {
  const whole = { message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' };
  expect(await ask(sends(choice(whole)))).toMatchObject({ text: 'whole', finish: 'stop' });
  expect(await ask(sends(chunk({ content: 'whole' }), choice(whole)))).toMatchObject({ text: 'whole' });
});

test('a server that does not stream: its answer, its calls, its error', async () => {
  const message = { role: 'assistant', content: 'whole' };
  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  expect(await ask(json({ choices: [{ message, finish_reason: 'stop' }], usage }))).toMatchObject({
    text: 'whole',
    finish: 'stop',
    usage: { tokensIn: 9, tokensOut: 2 },
  });
  const calls = [1, 2].map((q) => ({ id: `c${q}`, function: { name: 'search', arguments: `{"q":${q}}` } }));
  const asking = { role: 'assistant', content: null, tool_calls: calls };
  expect(
    (await ask(json({ choices: [{ message: asking, finish_reason: 'tool_calls' }] }))).toolCalls,
  ).toMatchObject([{ arguments: { q: 1 } }, { arguments: { q: 2 } }]);
  expect((await ask(json({ error: { message: 'no such model', code: 404 } }))).failed).toEqual({
    code: 'MODEL_FAILED',
    message: `${server.url} gave up its answer: no such model`,
    failure: { retryable: false, status: 404 },
  });
  expect((await ask(json('hello'))).failed?.code).toBe('EMPTY_STREAM');
});

test('errors within the stream in each form that servers have', async () => {
  for (const [told, said] of [
    [{ error: 'out of memory' }, 'out of memory'],
    [{ error: { message: 'overloaded', type: 'server_error', param: null, code: null } }, 'overloaded'],
    [{ error: { reason: 'x' } }, '{"reason":"x"}'],
    [{ object: 'error', message: 'too long', type: 'BadRequestError' }, 'too long'],
    [{ detail: 'not here' }, 'not here'],
  ] as const) {
    const { text, failed } = await ask(sends(chunk({ content: 'a' }), JSON.stringify(told)));
    expect({ text, message: failed?.message }).toEqual({
      text: 'a',
      message: `${server.url} gave up its answer: ${said}`,
    });
  }
});

test('an end without the empty line behind it is an end, and a piece of one is none', async () => {
  const start = event(chunk({ content: 'a' }));
  const raw =
    (bytes: string): Behaviour =>
    (exchange) =>
      exchange.send(bytes);
  for (const last of [`data: ${end}\n`, `data: ${end}`, `data:${end}\r`])
    expect(await ask(raw(start + last))).toMatchObject({ text: 'a', finish: 'stop' });
  for (const last of [`data: ${end.slice(0, -2)}`, 'data: {"choi\n'])
    expect((await ask(raw(start + last))).failed).toMatchObject({ code: 'STREAM_INCOMPLETE' });
});

test('lines that end in CR, and in CR and LF that arrive apart', async () => {
  const stream = [chunk({ content: 'a' }), chunk({ content: 'b' }), end].map((data) => event(data)).join('');
  const pieces = (...parts: readonly string[]): Behaviour => {
    return async (exchange) => {
      for (const part of parts) await exchange.send(part);
    };
  };
  expect(await ask(pieces(stream.replaceAll('\n', '\r')))).toMatchObject({ text: 'ab', finish: 'stop' });
  const apart = stream.replaceAll('\n', '\r\n').split(/(?<=\r)/);
  expect(await ask(pieces(...apart))).toMatchObject({ text: 'ab', finish: 'stop' });
});

test('a server that goes on and on is left when the answer is longer than it can be', async () => {
  const before = server.aborted;
  const endless: Behaviour = async (exchange) => {
    while (!exchange.response.destroyed) await exchange.send(event(chunk({ content: 'x'.repeat(1_000) })));
  };
  const { text, finish, toolCalls } = await ask(endless, { maxOutput: 50 });
  expect({ finish, toolCalls }).toEqual({ finish: 'length', toolCalls: [] });
  expect(text.length).toBeLessThan(10_000);
  await expect.poll(() => server.aborted).toBe(before + 1);
  const args = fragment({ index: 0, id: 'c1', name: 'search', arguments: '{}' + ' '.repeat(10_000) });
  expect(await ask(sends(chunk(args), end), { maxOutput: 50 })).toMatchObject({
    finish: 'length',
    toolCalls: [{ id: 'c1', malformed: expect.any(String) as string }],
  });
});

test("OpenAI's reasoning models are asked as they want it", async () => {
  server.behave(sends(chunk({ content: 'a' }), end));
  const port = openAiCompatible({ url: server.url });
  const bodyOf = async (model: string) => {
    const call = modelCall({ request: { model, temperature: 0.3 } });
    await port.call(call, new StopSwitch(), () => {});
    const { max_tokens, max_completion_tokens, temperature } = server.exchanges.at(-1)!.body;
    return { max_tokens, max_completion_tokens, temperature };
  };
  for (const model of ['o3', 'o4-mini', 'gpt-5', 'gpt-5-mini-2025-08-07', 'openai/gpt-5-nano'])
    expect(await bodyOf(model)).toEqual({ max_completion_tokens: 50 });
  for (const model of ['gpt-4o', 'gpt-5-chat-latest', 'olmo', 'qwen3'])
    expect(await bodyOf(model)).toEqual({ max_tokens: 50, temperature: 0.3 });
});
