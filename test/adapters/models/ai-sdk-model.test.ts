/** The adapter before a provider that is played: what it is asked, and what is made of what it streams. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { expect, test } from 'vitest';

import { AiSdkModel, modelsByName } from '../../../src/adapters/models/ai-sdk-model.ts';
import type { ModelCall } from '../../../src/agents/model/model-call.ts';
import type { Message } from '../../../src/agents/model/messages.ts';
import type { ModelDelta, ModelReply } from '../../../src/host/ports.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { modelCall } from '../../support/model-call.ts';

const noUsage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};
const finish = (
  unified: LanguageModelV4FinishReason['unified'],
  raw?: string,
): LanguageModelV4StreamPart => ({
  type: 'finish',
  finishReason: { unified, raw },
  usage: noUsage,
});
const text = (delta: string): LanguageModelV4StreamPart => ({ type: 'text-delta', id: 't', delta });
const asks = (toolCallId: string, toolName: string, input: string): LanguageModelV4StreamPart => ({
  type: 'tool-call',
  toolCallId,
  toolName,
  input,
});

/** A provider that streams these parts and keeps what it was asked. */
function provider(
  stream: () =>
    | ReadableStream<LanguageModelV4StreamPart>
    | Promise<ReadableStream<LanguageModelV4StreamPart>>,
): { readonly model: LanguageModelV4; readonly asked: LanguageModelV4CallOptions[] } {
  const asked: LanguageModelV4CallOptions[] = [];
  const model: LanguageModelV4 = {
    specificationVersion: 'v4',
    provider: 'played',
    modelId: 'm',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('never asked')),
    doStream: async (options) => {
      asked.push(options);
      return { stream: await stream() };
    },
  };
  return { model, asked };
}

const streamOf = (parts: readonly LanguageModelV4StreamPart[]): ReadableStream<LanguageModelV4StreamPart> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });

async function replyTo(
  parts: readonly LanguageModelV4StreamPart[],
  call: Partial<ModelCall> = {},
): Promise<{
  readonly reply: ModelReply;
  readonly options: LanguageModelV4CallOptions;
  readonly seen: readonly ModelDelta[];
}> {
  const { model, asked } = provider(() => streamOf(parts));
  const seen: ModelDelta[] = [];
  const port = new AiSdkModel({ model: () => model });
  const reply = await port.call(modelCall(call), new StopSwitch(), (delta) => seen.push(delta));
  return { reply, options: asked[0]!, seen };
}

const promptFor = async (messages: readonly Message[], tools: readonly string[] = []) => {
  const offered = tools.map((name) => ({ name, description: '', parameters: {} }));
  return (await replyTo([finish('stop')], { messages, tools: offered })).options.prompt;
};

const call = (id: string, args: Json = {}) => ({ id, tool: 'search', arguments: args });
const result = (id: string, value: Json, ok = true): Message => ({
  role: 'tool',
  id,
  tool: 'search',
  ok,
  value,
});

test('what a model is asked: the prompt, its limit, the tools with their schemas, temperature and format', async () => {
  const { options } = await replyTo([finish('stop')], {
    messages: [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Hello' },
      { role: 'assistant', text: 'Hi' },
    ],
    maxOutput: 77,
    request: { temperature: 0.3, format: { type: 'object' } },
    tools: [{ name: 'search', description: 'finds', parameters: { type: 'object', properties: {} } }],
  });
  expect(options).toMatchObject({
    prompt: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] },
    ],
    maxOutputTokens: 77,
    temperature: 0.3,
    responseFormat: { type: 'json', schema: { type: 'object' } },
    tools: [
      {
        type: 'function',
        name: 'search',
        description: 'finds',
        inputSchema: { type: 'object', properties: {} },
      },
    ],
  });
});

test('tool calls keep their ids, and each has its result: text, JSON, or an error that says so', async () => {
  expect(
    await promptFor([
      { role: 'assistant', text: '', toolCalls: [call('c1', { q: 1 }), call('c2'), call('c3')] },
      result('c1', 'found'),
      result('c2', { n: 2 }),
      result('c3', 'no such file', false),
    ]),
  ).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'tool-call', toolCallId: 'c1', toolName: 'search', input: { q: 1 } },
        { type: 'tool-call', toolCallId: 'c2', toolName: 'search', input: {} },
        { type: 'tool-call', toolCallId: 'c3', toolName: 'search', input: {} },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'c1',
          toolName: 'search',
          output: { type: 'text', value: 'found' },
        },
        {
          type: 'tool-result',
          toolCallId: 'c2',
          toolName: 'search',
          output: { type: 'json', value: { n: 2 } },
        },
        {
          type: 'tool-result',
          toolCallId: 'c3',
          toolName: 'search',
          output: { type: 'error-text', value: 'Error: no such file' },
        },
      ],
    },
  ]);
});

test('a malformed call is shown to the model as what it wrote', async () => {
  const [message] = await promptFor([
    { role: 'assistant', text: '', toolCalls: [{ id: 'c1', tool: 'search', malformed: '{"q' }] },
  ]);
  expect(message).toMatchObject({ content: [{ type: 'tool-call', input: { malformed: '{"q' } }] });
});

test('a window from which pages were dropped is a prompt that servers take, with all that is left', async () => {
  const prompt = await promptFor([
    result('c0', 'of a dropped call'),
    { role: 'assistant', text: 'Let me see', toolCalls: [call('c1'), call('c2')] },
    { role: 'user', text: 'hurry' },
    result('c2', 'late'),
    { role: 'assistant', text: '' },
    result('c1', 'later than the next answer'),
  ]);
  expect(prompt.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'user']);
  expect(prompt[2]).toMatchObject({
    content: [
      { toolCallId: 'c1', output: { type: 'error-text' } },
      { toolCallId: 'c2', output: { type: 'text', value: 'late' } },
    ],
  });
  const said = JSON.stringify(prompt);
  for (const part of ['of a dropped call', 'hurry', 'late', 'later than the next answer'])
    expect(said).toContain(part);
});

test('tools whose names no server takes are told under others, and told back', async () => {
  const long = 'x'.repeat(80);
  const { reply, options, seen } = await replyTo(
    [
      asks('c1', 'files_read', '{}'),
      asks('c2', 'files_read_2', '{}'),
      asks('c3', 'x'.repeat(64), '{}'),
      finish('tool-calls'),
    ],
    {
      messages: [
        { role: 'assistant', text: '', toolCalls: [{ id: 'c0', tool: 'files.read', arguments: {} }] },
      ],
      tools: ['files.read', 'files_read', long].map((name) => ({ name, description: '', parameters: {} })),
    },
  );
  expect(options.tools?.map(({ name }) => name)).toEqual(['files_read_2', 'files_read', 'x'.repeat(64)]);
  expect(reply.toolCalls.map(({ tool }) => tool)).toEqual(['files_read', 'files.read', long]);
  expect(seen).toMatchObject([{ tool: 'files_read' }, { tool: 'files.read' }, { tool: long }]);
  expect(options.prompt[0]).toMatchObject({ content: [{ toolName: 'files_read_2' }] });
});

test('each reason to end, and what is no end', async () => {
  for (const reason of ['stop', 'length', 'tool-calls', 'content-filter', 'other'] as const)
    expect((await replyTo([text('x'), finish(reason)])).reply.finish).toBe(reason);
  for (const reason of ['error', 'interrupted'] as const)
    expect((await replyTo([text('x'), finish(reason)])).reply).toMatchObject({
      text: 'x',
      failed: { code: 'STREAM_INCOMPLETE', failure: { retryable: true } },
    });
});

test('a stream that says nothing at all, even with an end that its package made up', async () => {
  for (const parts of [[], [finish('other')], [finish('error')]])
    expect((await replyTo(parts)).reply.failed?.code).toBe('EMPTY_STREAM');
  // A model may have nothing to say.
  expect((await replyTo([finish('stop', 'stop')])).reply).toMatchObject({ text: '', finish: 'stop' });
});

test('ids that a provider gives twice, or that the conversation has already, become others', async () => {
  const { reply } = await replyTo(
    [
      asks('c1', 'search', '{"q":1}'),
      asks('c1', 'search', '{"q":2}'),
      asks('', 'search', '{"q":3}'),
      asks('c9', 'search', '{"q":4}'),
      finish('tool-calls'),
    ],
    { messages: [{ role: 'assistant', text: '', toolCalls: [call('c9')] }] },
  );
  expect(reply.toolCalls.map(({ arguments: args }) => args)).toEqual([1, 2, 3, 4].map((q) => ({ q })));
  const ids = reply.toolCalls.map(({ id }) => id);
  expect(new Set([...ids, '', 'c9']).size).toBe(6);
});

test('a provider that tells a call twice has told one call', async () => {
  const { reply } = await replyTo([
    { type: 'tool-input-start', id: 'c1', toolName: 'search' },
    { type: 'tool-input-start', id: 'c1', toolName: 'search' },
    { type: 'tool-input-delta', id: 'c1', delta: '{"q":1}' },
    asks('c1', 'search', '{"q":1}'),
    asks('c1', 'search', '{ "q": 1 }'),
    finish('tool-calls'),
  ]);
  expect(reply.toolCalls).toEqual([call('c1', { q: 1 })]);
});

test('a call that began and was never told whole is malformed, also in an answer with an end', async () => {
  const { reply } = await replyTo([
    { type: 'tool-input-start', id: 'c1', toolName: 'search' },
    { type: 'tool-input-delta', id: 'c1', delta: '{}' },
    finish('length'),
  ]);
  expect(reply.toolCalls).toEqual([{ id: 'c1', tool: 'search', malformed: '{}' }]);
});

test('a tool that the provider runs itself is none of ours', async () => {
  const { reply } = await replyTo([
    { type: 'tool-input-start', id: 'w1', toolName: 'web', providerExecuted: true },
    { type: 'tool-call', toolCallId: 'w1', toolName: 'web', input: '{}', providerExecuted: true },
    text('found'),
    finish('stop'),
  ]);
  expect(reply).toMatchObject({ text: 'found', toolCalls: [], finish: 'stop' });
});

test('arguments with names of a prototype stay data, and those too deep to walk are malformed', async () => {
  const deep = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
  const { reply } = await replyTo([
    asks('c1', 'search', '{"__proto__":{"x":1}}'),
    asks('c2', 'search', deep),
    finish('tool-calls'),
  ]);
  expect(Object.hasOwn(reply.toolCalls[0]!.arguments as object, '__proto__')).toBe(true);
  expect(reply.toolCalls[1]).toEqual({ id: 'c2', tool: 'search', malformed: deep });
});

test('a provider that does not heed a stop: the call ends all the same, with what had come', async () => {
  const stop = new StopSwitch();
  const { model } = provider(
    () => new ReadableStream({ start: (controller) => controller.enqueue(text('so far')) }),
  );
  const port = new AiSdkModel({ model: () => model });
  const reply = await port.call(modelCall(), stop, () => stop.stop());
  expect(reply).toEqual({ text: 'so far', toolCalls: [], usage: {} });
});

test('a stop before there is a stream: the stream that comes then is cancelled', async () => {
  const stop = new StopSwitch();
  let isCancelled = false;
  let come = (): void => {};
  const { model, asked } = provider(
    () =>
      new Promise((resolve) => {
        come = () => resolve(new ReadableStream({ cancel: () => void (isCancelled = true) }));
      }),
  );
  const port = new AiSdkModel({ model: () => model });
  const called = port.call(modelCall(), stop, () => {});
  await new Promise(setImmediate);
  stop.stop();
  expect(await called).toEqual({ text: '', toolCalls: [], usage: {} });
  expect(asked[0]?.abortSignal?.aborted).toBe(true);
  come();
  await expect.poll(() => isCancelled).toBe(true);
});

test('several models by name; one that is not there is told with those that are', async () => {
  const [small, large] = ['small', 'large'].map((name) =>
    provider(() => streamOf([text(name), finish('stop')])),
  ) as [ReturnType<typeof provider>, ReturnType<typeof provider>];
  const port = new AiSdkModel({
    model: modelsByName({ small: small.model, large: large.model }, 'small'),
  });
  const ask = (request: ModelCall['request']): Promise<ModelReply> =>
    port.call(modelCall({ request }), new StopSwitch(), () => {});
  expect((await ask({})).text).toBe('small');
  expect((await ask({ model: 'large' })).text).toBe('large');
  expect((await ask({ model: 'toString' })).failed).toEqual({
    code: 'MODEL_FAILED',
    message: 'model: "toString" is not allowed; allowed: small, large',
    failure: { retryable: false },
  });
});

test('what a provider throws that is no failed call', async () => {
  const thrown = async (error: unknown, before: LanguageModelV4StreamPart[] = []) => {
    const { model } = provider(() => {
      if (before.length === 0) throw error;
      return new ReadableStream({
        pull(controller) {
          const [part] = before.splice(0, 1);
          if (part === undefined) controller.error(error);
          else controller.enqueue(part);
        },
      });
    });
    return new AiSdkModel({ model: () => model, place: 'here' }).call(
      modelCall(),
      new StopSwitch(),
      () => {},
    );
  };
  expect((await thrown(new Error('bad\nsettings'))).failed).toEqual({
    code: 'MODEL_FAILED',
    message: 'here: bad settings',
    failure: { retryable: false },
  });
  expect((await thrown(new TypeError('fetch failed'))).failed?.failure.retryable).toBe(true);
  expect(await thrown(new Error('reset'), [text('so far')])).toMatchObject({
    text: 'so far',
    failed: { code: 'STREAM_INCOMPLETE', failure: { retryable: true } },
  });
});
