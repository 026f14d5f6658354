import { afterEach, beforeEach, expect, test } from 'vitest';

import { HostileServer, says, type Behaviour } from '../support/hostile-server.ts';
import { openServer, type OpenServer } from '../support/open-server.ts';

let model: HostileServer;
let server: OpenServer;
beforeEach(async () => {
  model = await HostileServer.start();
  server = await openServer({ words: ['--model', 'm', '--model-url', model.url, '--retries', '0'] });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await model.close();
});

interface Answered<Body> {
  readonly status: number;
  readonly body: Body;
}
type Fields = Readonly<Record<string, unknown>>;

async function post<Body = Fields>(path: string, body: unknown = {}): Promise<Answered<Body>> {
  const answer = await server.post(path, body);
  return { status: answer.status, body: (await answer.json()) as Body };
}
async function get<Body = Fields>(path: string): Promise<Answered<Body>> {
  const answer = await server.get(path);
  return { status: answer.status, body: (await answer.json()) as Body };
}
const says1 = (content: string) => [{ role: 'user', content }];

async function begun(content: string, more: Fields = {}): Promise<string> {
  const { status, body } = await post<{ trace_id: string }>('/api/traces', {
    messages: says1(content),
    ...more,
  });
  expect(status).toBe(201);
  return body.trace_id;
}
const trace = async (id: string): Promise<Fields> => (await get(`/api/traces/${id}`)).body;
async function until(id: string, status: string): Promise<void> {
  await expect.poll(async () => (await trace(id))['status']).toBe(status);
}
const stalls: Behaviour = async (exchange) => {
  await exchange.send(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Half' } }] })}\n\n`);
  await exchange.stall();
};

test('a run is listed, told of with what it was given, and its steps are numbered', async () => {
  model.behave(says('It is 42.'));
  const id = await begun('What is 6*7?', {
    name: 'sum',
    uid: 'ann',
    temperature: 0.7,
    max_iterations: 3,
    system_prompt: 'Be brief.',
    tools: ['calculator'],
  });
  await until(id, 'completed');
  expect(await trace(id)).toMatchObject({
    trace_id: id,
    name: 'sum',
    uid: 'ann',
    model: 'm',
    answer: 'It is 42.',
    error: null,
    branch: 'main',
    temperature: 0.7,
    max_iterations: 3,
    system_prompt: 'Be brief.',
    tools: ['calculator'],
    usage: { model_calls: 1 },
  });
  expect(model.exchanges[0]!.body).toMatchObject({ temperature: 0.7 });
  const { body } = await get<{ steps: Fields[] }>(`/api/traces/${id}/steps`);
  expect(body.steps.map(({ id: one, sequence, type, status }) => [one, sequence, type, status])).toEqual([
    [expect.stringMatching(/^1\.\d+\.0$/), 1, 'llm_call', 'done'],
    ['1.0.0', 2, 'conclusion', 'done'],
  ]);
  expect((await get(`/api/traces/${id}/steps?limit=1`)).body).toMatchObject({ next_after: 1 });
  expect((await get(`/api/traces/${id}/steps?after=1`)).body).toMatchObject({
    steps: [{ type: 'conclusion' }],
    next_after: null,
  });
});

test('the list is of pages, the latest first, and is filtered by status and tenant', async () => {
  model.behave(says('Yes.'));
  const ids = [
    await begun('one', { uid: 'a' }),
    await begun('two', { uid: 'b' }),
    await begun('three', { uid: 'a' }),
  ];
  for (const id of ids) await until(id, 'completed');
  const list = async (query: string): Promise<string[]> => {
    const { body } = await get<{ traces: { trace_id: string }[] }>(`/api/traces?${query}`);
    return body.traces.map(({ trace_id: id }) => id);
  };
  expect(await list('')).toEqual(ids.toReversed());
  const { body: page } = await get<{ next_cursor: string }>('/api/traces?limit=2');
  expect(await list(`cursor=${page.next_cursor}`)).toEqual([ids[0]]);
  expect(await list('uid=a')).toEqual([ids[2], ids[0]]);
  expect(await list('status=failed')).toEqual([]);
  expect((await get('/api/traces?cursor=x')).status).toBe(422);
  expect((await get('/api/traces?limit=0')).body).toMatchObject({ error: { field: 'limit' } });
});

test('stop breaks off the call in flight, keeps what had come of it, and the run stays where it is', async () => {
  model.behave(stalls);
  const id = await begun('Tell me.');
  await expect.poll(() => model.exchanges.length).toBe(1);
  expect((await get<{ traces: Fields[] }>('/api/traces/running')).body.traces).toMatchObject([
    { trace_id: id },
  ]);
  expect((await get<{ steps: Fields[] }>(`/api/traces/${id}/steps`)).body.steps).toMatchObject([
    { type: 'llm_call', status: 'open', sequence: null },
  ]);
  expect((await post(`/api/traces/${id}/run`, {})).status).toBe(409);
  expect((await post(`/api/traces/${id}/stop`)).body).toEqual({ trace_id: id, status: 'stopping' });
  await until(id, 'stopped');
  await expect.poll(() => model.aborted).toBe(1);
  expect((await post(`/api/traces/${id}/stop`)).body).toEqual({ trace_id: id, status: 'not_running' });
  expect((await get<{ traces: Fields[] }>('/api/traces/running')).body.traces).toEqual([]);
  const journal = await server.world.storage.records(id, 'main');
  expect(journal).toContainEqual(expect.objectContaining({ type: 'answer.partial', text: 'Half' }));
  model.behave(says('All of it.'));
  expect((await post(`/api/traces/${id}/run`, {})).body).toMatchObject({
    branch: 'main',
    insert_after: null,
  });
  await until(id, 'completed');
  expect(await trace(id)).toMatchObject({ answer: 'All of it.' });
});

test('what is not there is 404, and bad input names its field', async () => {
  for (const path of ['', '/steps']) expect((await get(`/api/traces/none${path}`)).status).toBe(404);
  for (const path of ['run', 'stop']) expect((await post(`/api/traces/none/${path}`)).status).toBe(404);
  const bad = async (body: unknown): Promise<unknown> => {
    const { status, body: answer } = await post<{ error: { field: string } }>('/api/traces', body);
    expect(status).toBe(422);
    return answer.error.field;
  };
  const messages = says1('x');
  expect(await bad({})).toBe('messages');
  expect(await bad({ messages: [] })).toBe('messages');
  expect(await bad({ messages: [{ role: 'user', content: ' ' }] })).toBe('messages[0].content');
  expect(await bad({ messages: [{ role: 'assistant', content: 'x' }] })).toBe('messages[0]');
  expect(await bad({ messages, model: 'other' })).toBe('model');
  expect(await bad({ messages, tools: ['calculator', 'rm'] })).toBe('tools[1]');
  expect(await bad({ messages, max_iterations: 0 })).toBe('max_iterations');
});

/** Of the requests to the model, what each was told: the words of roles. */
const told = (): string[][] =>
  model.exchanges.map(({ body }) =>
    (body['messages'] as { role: string; content: unknown }[]).map(
      ({ role, content }) => `${role}: ${String(content)}`,
    ),
  );

test('a run that has ended goes on with what the user says next, and knows what was said', async () => {
  model.behave(says('One.'), says('Two.'), says('Three.'));
  const id = await begun('First?');
  await until(id, 'completed');
  const { body } = await post(`/api/traces/${id}/run`, { messages: says1('Second?') });
  expect(body).toMatchObject({ trace_id: id, branch: 'rewind-1', insert_after: 1, left_behind: 1 });
  await until(id, 'completed');
  expect(await trace(id)).toMatchObject({ answer: 'Two.', branch: 'rewind-1', usage: { model_calls: 2 } });
  await post(`/api/traces/${id}/run`, { messages: [...says1('Third,'), ...says1('please?')] });
  await until(id, 'completed');
  expect(told().at(-1)).toEqual([
    'user: First?',
    'assistant: One.',
    'user: Second?',
    'assistant: Two.',
    'user: Third,',
    'user: please?',
  ]);
});

test('without a message the last answer is given again; the one before it is kept in its branch', async () => {
  model.behave(says('One.'), says('Another.'));
  const id = await begun('First?');
  await until(id, 'completed');
  expect((await post(`/api/traces/${id}/run`, {})).body).toMatchObject({ insert_after: 0 });
  await until(id, 'completed');
  expect(await trace(id)).toMatchObject({ answer: 'Another.' });
  expect(told()[1]).toEqual(['user: First?']);
  const old = await get<{ steps: Fields[] }>(`/api/traces/${id}/steps?branch=main`);
  expect(old.body.steps[0]).toMatchObject({ data: { text: 'One.' } });
});
