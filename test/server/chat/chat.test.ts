import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4, LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { expect, test } from 'vitest';

import { entryOf, Tokens } from '../../../src/server/auth/tokens.ts';
import type { ChatCompletion } from '../../../src/server/chat/chat-schemas.ts';
import { listen } from '../../../src/server/listen.ts';
import { chunk, HostileServer, type Behaviour } from '../../support/hostile-server.ts';
import { openServer, type OpenServer } from '../../support/open-server.ts';

/** A model server's whole answer. */
const whole =
  (text: string): Behaviour =>
  (exchange) =>
    exchange.send(
      `data: ${chunk({ role: 'assistant', content: text })}\n\ndata: ${chunk({}, { finish: 'stop', usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } })}\n\ndata: [DONE]\n\n`,
    );

/** An agent's provider, as it is; only its base URL leads here. */
function modelOf(
  server: OpenServer,
  headers: Record<string, string> = {},
  model = 'scripted',
): LanguageModelV4 {
  return createOpenAICompatible({
    name: 'any',
    baseURL: 'http://localhost/v1',
    apiKey: 'none',
    includeUsage: true,
    headers,
    fetch: async (url, init) =>
      server.app.request(url as string, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), Host: 'localhost' },
      }),
  }).chatModel(model);
}

const said = (text: string): LanguageModelV4Prompt[number] => ({
  role: 'user',
  content: [{ type: 'text', text }],
});
const answered = (text: string): LanguageModelV4Prompt[number] => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
});

async function partsOf(
  model: LanguageModelV4,
  prompt: LanguageModelV4Prompt,
): Promise<LanguageModelV4StreamPart[]> {
  const { stream } = await model.doStream({ prompt });
  const parts: LanguageModelV4StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

async function generated(model: LanguageModelV4, prompt: LanguageModelV4Prompt) {
  const { content, response, ...rest } = await model.doGenerate({ prompt });
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  return { ...rest, text, run: response!.headers!['x-ringzero-run']! };
}

const chat = (server: OpenServer, body: unknown, headers: Record<string, string> = {}) =>
  server.post('/v1/chat/completions', body, headers);
const hello = { model: 'scripted', messages: [{ role: 'user', content: 'Hello' }] };

// ---- What an agent gets -----------------------------------------------------------------------------------------------------------

test('an agent gets a whole answer, and its call is a call of a process', async () => {
  await using server = await openServer();
  const { text, run, finishReason, usage } = await generated(modelOf(server), [said('Hello')]);
  expect(text).toContain('I am a script');
  expect(finishReason.unified).toBe('stop');
  expect(usage.inputTokens.total).toBeGreaterThan(0);
  expect(usage.outputTokens.total).toBeGreaterThan(0);
  const { trace_id: id, status } = (await (await server.get(`/api/traces/${run}`)).json()) as Record<
    string,
    unknown
  >;
  expect({ id, status }).toEqual({ id: run, status: 'running' });
  const audit = await server.world.storage.audit(run);
  expect(audit.map(({ record }) => record.action)).toContain('think');
  expect((await server.world.storage.verifyAudit(run)).ok).toBe(true);
});

test('an agent gets an answer in pieces, with its usage', async () => {
  await using server = await openServer();
  const parts = await partsOf(modelOf(server), [said('Hello')]);
  const text = parts.flatMap((part) => (part.type === 'text-delta' ? [part.delta] : []));
  expect(text.length).toBeGreaterThan(3);
  expect(text.join('')).toContain('I am a script');
  expect(parts.at(-1)).toMatchObject({
    type: 'finish',
    finishReason: { unified: 'stop' },
    usage: { inputTokens: { total: expect.any(Number) }, outputTokens: { total: expect.any(Number) } },
  });
});

test.each([false, true])(
  'tool calls go back to the agent, and their results go on with the same run (streamed: %j)',
  async (isStreamed) => {
    await using server = await openServer();
    const model = modelOf(server);
    const tools = [{ type: 'function' as const, name: 'add', inputSchema: { type: 'object' as const } }];
    const prompt: LanguageModelV4Prompt = [
      { role: 'system', content: 'Be brief.' },
      said('Please add {"a": 1}'),
    ];
    let asked: { toolCallId: string; toolName: string; input: string } | undefined;
    if (isStreamed) {
      const { stream } = await model.doStream({ prompt, tools });
      for await (const part of stream) if (part.type === 'tool-call') asked = part;
    } else {
      const { content } = await model.doGenerate({ prompt, tools });
      asked = content.find((part) => part.type === 'tool-call');
    }
    expect(asked).toMatchObject({ toolName: 'add', input: '{"a":1}' });
    const { toolCallId, toolName } = asked!;
    prompt.push(
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I call add.' },
          { type: 'tool-call', toolCallId, toolName, input: { a: 1 } },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: 'three' } }],
      },
    );
    const { content } = await model.doGenerate({ prompt, tools });
    expect(content).toEqual([{ type: 'text', text: expect.stringContaining('add: three') }]);
    // One conversation, of which nothing was sent or stored twice.
    const runs = await server.world.storage.runs();
    expect(runs).toHaveLength(1);
    const kinds = (await server.world.storage.history(runs[0]!.run)).map(({ kind }) => kind);
    expect(kinds).toEqual(['receive', 'allocate', 'allocate', 'think', 'receive', 'allocate', 'think']);
  },
);

test('only one tool is called where the agent wants no more', async () => {
  await using server = await openServer();
  const tools = ['add', 'sub'].map((name) => ({ type: 'function', function: { name } }));
  const messages = [{ role: 'user', content: 'add {} sub {}' }];
  const asked = { model: 'scripted', messages, tools };
  const callsOf = async (answer: Response) =>
    ((await answer.json()) as ChatCompletion).choices[0]!.message.tool_calls!.map(
      (call) => call.function.name,
    );
  expect(await callsOf(await chat(server, asked))).toEqual(['add', 'sub']);
  expect(await callsOf(await chat(server, { ...asked, parallel_tool_calls: false }))).toEqual(['add']);
});

// ---- Conversations ----------------------------------------------------------------------------------------------------------------

test('a conversation goes on with its run, and what the agent changed of it leaves the prompt', async () => {
  await using server = await openServer();
  const model = modelOf(server);
  const first = await generated(model, [said('One')]);
  const second = await generated(model, [said('One'), answered(first.text), said('Two')]);
  const changed = await generated(model, [said('One'), answered('Something else.'), said('Two')]);
  expect([second.run, changed.run]).toEqual([first.run, first.run]);
  const history = await server.world.storage.history(first.run);
  expect(history.map(({ kind }) => kind)).toEqual(
    'receive allocate think receive allocate think receive drop allocate allocate think'.split(' '),
  );
  const other = await generated(model, [said('Another')]);
  expect(other.run).not.toBe(first.run);
});

test('conversations of different users, priorities and names are never taken for one', async () => {
  await using server = await openServer();
  const runOf = async (body: object, headers: Record<string, string> = {}) =>
    (await chat(server, { ...hello, ...body }, headers)).headers.get('X-Ringzero-Run');
  const runs = [
    await runOf({}),
    await runOf({ user: 'a' }),
    await runOf({ user: 'b' }),
    await runOf({}, { 'X-Ringzero-Priority': '10' }),
    await runOf({}, { 'X-Ringzero-Run': 'mine' }),
  ];
  expect(new Set(runs).size).toBe(runs.length);
  expect(await runOf({ user: 'b' })).toBe(runs[2]);
  expect(await runOf({ metadata: { run: 'mine' } })).toBe(runs[4]);
  const { processes } = server.world.live.kernel.snapshot();
  expect(processes.map(({ priority }) => priority)).toEqual([50, 50, 50, 10, 50]);
});

test('a tenant never goes on with a conversation of another', async () => {
  const entries = ['acme', 'other'].map((name) =>
    entryOf(`${name}-0123456789abcdef`, { name, scope: 'run', tenant: name }),
  );
  await using server = await openServer({ guards: { tokens: new Tokens(entries) } });
  const asked = (name: string) =>
    chat(server, hello, { Authorization: `Bearer ${name}-0123456789abcdef`, 'X-Ringzero-Run': 'shared' });
  const [acme, other] = [await asked('acme'), await asked('other')];
  expect(acme.headers.get('X-Ringzero-Run')).not.toBe(other.headers.get('X-Ringzero-Run'));
  const run = acme.headers.get('X-Ringzero-Run')!;
  const seen = await server.get(`/api/traces/${run}`, { Authorization: 'Bearer other-0123456789abcdef' });
  expect(seen.status).toBe(404);
  expect((await server.post('/v1/chat/completions', hello)).status).toBe(401);
});

test('requests under one name are answered one after the other, by one process', async () => {
  await using server = await openServer();
  const answers = await Promise.all(
    ['One', 'Two', 'Three'].map((content) =>
      chat(
        server,
        { model: 'scripted', messages: [{ role: 'user', content }] },
        { 'X-Ringzero-Run': 'same' },
      ),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(answers.map(({ headers }) => headers.get('X-Ringzero-Run'))).size).toBe(1);
});

test('a conversation that somebody has stopped keeps no client waiting', async () => {
  await using server = await openServer();
  const named = { 'X-Ringzero-Run': 'mine' };
  const runs = [await chat(server, hello), await chat(server, hello, named)].map(({ headers }) =>
    headers.get('X-Ringzero-Run')!,
  );
  for (const run of runs) expect((await server.post(`/api/traces/${run}/stop`, {})).status).toBe(200);
  const refused = await chat(server, hello, named);
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ error: { code: 'stopped' } });
  const other = await chat(server, hello);
  expect(other.status).toBe(200);
  expect(other.headers.get('X-Ringzero-Run')).not.toBe(runs[0]);
});

test('an idle conversation ends, and the next request begins another', async () => {
  await using server = await openServer({ options: { chat: { idleUs: 20_000 } } });
  const first = (await chat(server, hello)).headers.get('X-Ringzero-Run')!;
  await expect
    .poll(
      async () => ((await (await server.get(`/api/traces/${first}`)).json()) as { status: string }).status,
    )
    .toBe('completed');
  expect((await chat(server, hello)).headers.get('X-Ringzero-Run')).not.toBe(first);
});

test('of many idle conversations the longest idle end', async () => {
  await using server = await openServer({ options: { chat: { idleMax: 2 } } });
  for (const user of ['a', 'b', 'c', 'd']) await chat(server, { ...hello, user });
  await expect
    .poll(
      () =>
        server.world.live.kernel.snapshot().processes.filter(({ state }) => state !== 'terminated').length,
    )
    .toBe(2);
});

// ---- Limits and failures ------------------------------------------------------------------------------------------------------------

test('two agents share a budget, and what it does not hold is an exceeded quota', async () => {
  await using server = await openServer({ words: ['--model', 'scripted', '--budget-tokens', '300'] });
  const ask = (user: string) => chat(server, { ...hello, user, max_tokens: 60 });
  const statuses: number[] = [];
  for (let turn = 0; turn < 12 && !statuses.includes(429); turn++)
    statuses.push((await ask(turn % 2 === 0 ? 'a' : 'b')).status);
  expect(statuses.slice(0, 3)).toEqual([200, 200, 200]);
  const refused = await ask('c');
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({
    error: { type: 'insufficient_quota', code: 'insufficient_quota' },
  });
  await expect(modelOf(server).doGenerate({ prompt: [said('Hello')] })).rejects.toMatchObject({
    statusCode: 429,
  });
  const { budgets } = server.world.live.kernel.snapshot();
  const used = JSON.stringify(budgets);
  expect(used).toContain('run');
});

test.each([
  [{ n: 2 }, 400, { param: 'n' }],
  [{ logprobs: true }, 400, { param: 'logprobs' }],
  [{ functions: [{ name: 'f' }] }, 400, { param: 'functions' }],
  [{ temperature: 3 }, 400, { param: 'temperature' }],
  [{ messages: [] }, 400, { param: 'messages' }],
  [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }, 400, {}],
  [{ model: 'gpt-9' }, 404, { param: 'model', code: 'model_not_found' }],
])('%j is refused in the form that its clients know', async (change, status, error) => {
  await using server = await openServer();
  const answer = await chat(server, { ...hello, ...change });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error', ...error } });
});

test('what asks for nothing that is not there is tolerated', async () => {
  await using server = await openServer();
  const answer = await chat(server, {
    ...hello,
    n: 1,
    logprobs: false,
    stop: null,
    tools: [],
    store: true,
    service_tier: 'auto',
    verbosity: 'low',
    made_up: { a: 1 },
  });
  expect(answer.status).toBe(200);
});

test('the models are told as the API tells them', async () => {
  await using server = await openServer();
  expect(await (await server.get('/v1/models')).json()).toMatchObject({
    object: 'list',
    data: [{ id: 'scripted', object: 'model' }],
  });
  expect((await server.get('/v1/models/scripted')).status).toBe(200);
  expect((await server.get('/v1/models/none')).status).toBe(404);
});

// ---- Over a real model server ---------------------------------------------------------------------------------------------------------

async function overUpstream(...behaviours: Behaviour[]) {
  const upstream = await HostileServer.start();
  upstream.behave(...behaviours);
  const server = await openServer({ words: ['--model', 'm1', '--model-url', upstream.url] });
  return {
    upstream,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

test('what the agent asks of the model reaches the model server', async () => {
  await using world = await overUpstream(whole('Yes.'));
  const asked = {
    model: 'm1',
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Is ' },
          { type: 'text', text: 'it?' },
        ],
      },
    ],
    temperature: 0.1,
    top_p: 0.5,
    seed: 7,
    stop: ['END'],
    presence_penalty: 1,
    max_completion_tokens: 11,
    tools: [
      { type: 'function', function: { name: 'look', description: 'looks', parameters: { type: 'object' } } },
    ],
    tool_choice: { type: 'function', function: { name: 'look' } },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'object', required: ['a'] } },
    },
  };
  const answer = await chat(world.server, asked);
  expect(answer.status).toBe(200);
  expect(world.upstream.exchanges[0]!.body).toMatchObject({
    model: 'm1',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Is it?' },
    ],
    temperature: 0.1,
    top_p: 0.5,
    seed: 7,
    stop: ['END'],
    presence_penalty: 1,
    max_tokens: 11,
    tools: [{ function: { name: 'look', description: 'looks' } }],
    tool_choice: { function: { name: 'look' } },
    response_format: { type: 'json_schema', json_schema: { schema: { required: ['a'] } } },
  });
});

test.each([
  [429, 429, '3', 'rate_limit_exceeded'],
  [400, 400, null, null],
  [500, 502, null, 'model_failed'],
  [401, 502, null, 'model_failed'],
])('a model server that answers %i is a %i here', async (from, to, retryAfter, code) => {
  await using world = await overUpstream((exchange) => {
    exchange.head(from, {
      'content-type': 'application/json',
      ...(from === 429 ? { 'retry-after': '3' } : {}),
    });
    return exchange.send('{"error":{"message":"no"}}');
  });
  for (const stream of [false, true]) {
    const answer = await chat(world.server, { ...hello, model: 'm1', stream });
    expect(answer.status).toBe(to);
    expect(answer.headers.get('Retry-After')).toBe(retryAfter);
    expect(await answer.json()).toMatchObject({ error: { code } });
  }
});

test('a client that hangs up ends its call, and its process with it', async () => {
  await using world = await overUpstream(async (exchange) => {
    await exchange.send(`data: ${chunk({ role: 'assistant', content: 'Well, ' })}\n\n`);
    await exchange.stall();
  });
  const { app } = world.server;
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  const client = new AbortController();
  const answer = await fetch(`${listening.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...hello, model: 'm1', stream: true }),
    signal: client.signal,
  });
  const run = answer.headers.get('X-Ringzero-Run')!;
  const reader = answer.body!.getReader();
  await reader.read();
  expect(world.upstream.aborted).toBe(0);
  client.abort();
  await expect.poll(() => world.upstream.aborted).toBe(1);
  await expect
    .poll(
      async () =>
        ((await (await world.server.get(`/api/traces/${run}`)).json()) as { status: string }).status,
    )
    .toBe('cancelled');
  await listening.close(0);
});

test('an answer that breaks off in the middle ends its stream with an error', async () => {
  await using world = await overUpstream(async (exchange) => {
    await exchange.send(`data: ${chunk({ role: 'assistant', content: 'Well, ' })}\n\n`);
    exchange.cut();
  });
  const answer = await chat(world.server, { ...hello, model: 'm1', stream: true });
  expect(answer.status).toBe(200);
  const events = (await answer.text()).split('\n\n').filter((event) => event !== '');
  expect(JSON.parse(events.at(-2)!.slice('data: '.length))).toMatchObject({
    error: { type: 'server_error' },
  });
  expect(events.at(-1)).toBe('data: [DONE]');
});
