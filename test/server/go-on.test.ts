/** POST /api/traces/{id}/run: where a run is cut, what it keeps, and what is refused. */
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import {
  chunk,
  fragment,
  HostileServer,
  says,
  sends,
  usageChunk,
  type Behaviour,
} from '../support/hostile-server.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { openServer, type OpenServer } from '../support/open-server.ts';
import { runCli, scratch } from '../support/run-cli.ts';

const files = scratch();
let model: HostileServer;
let server: OpenServer;
beforeEach(async () => {
  model = await HostileServer.start();
  server = await openServer({
    words: ['--model', 'm', '--model-url', model.url, '--retries', '0'],
    options: { active: 2 },
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await model.close();
});

type Fields = Readonly<Record<string, unknown>>;
const says1 = (content: string) => [{ role: 'user', content }];
const post = async (path: string, body: unknown = {}): Promise<{ status: number; body: Fields }> => {
  const answer = await server.post(path, body);
  return { status: answer.status, body: (await answer.json()) as Fields };
};
const get = async (path: string): Promise<Fields> => (await (await server.get(path)).json()) as Fields;
async function until(id: string, status: string): Promise<void> {
  await expect.poll(async () => (await get(`/api/traces/${id}`))['status']).toBe(status);
}
const errorOf = ({ status, body }: { status: number; body: Fields }): unknown => {
  const { code, field } = body['error'] as Fields;
  return field === undefined ? [status, code] : [status, code, field];
};

const stalls: Behaviour = (exchange) => exchange.stall();
/** Both at once, side by side. */
const calculatesTwice: Behaviour = sends(
  chunk(fragment({ index: 0, id: 'c1', name: 'calculator', arguments: '{"expression":"6*7"}' })),
  chunk(fragment({ index: 1, id: 'c2', name: 'calculator', arguments: '{"expression":"1+1"}' })),
  chunk({}, { finish: 'tool_calls' }),
  usageChunk,
);
/** Steps: 1 the answer that asks, 2 and 3 its calls, 4 the final answer, 5 the end. */
async function calculated(more: Fields = {}): Promise<string> {
  model.behave(calculatesTwice, says('42 and 2.'));
  const { body } = await post('/api/traces', { messages: says1('Calculate.'), ...more });
  const id = body['trace_id'] as string;
  await until(id, 'completed');
  return id;
}
const rolesOf = (): string[] =>
  (model.exchanges.at(-1)!.body['messages'] as { role: string }[]).map(({ role }) => role);
const goOn = (id: string, body: Fields) => post(`/api/traces/${id}/run`, body);

test('a cut inside a batch of tool calls, or before it, moves behind it; the calls are not made again', async () => {
  for (const after of [1, 2, 3, '1.2.0'] as const) {
    const id = await calculated();
    const steps = (await get(`/api/traces/${id}/steps`))['steps'] as { id: string }[];
    model.behave(says('Only 42.'));
    const given = after === '1.2.0' ? steps[1]!.id : after;
    const { body } = await goOn(id, { insert_after: given, messages: says1('Only the first.') });
    expect([after, body['insert_after'], body['left_behind']]).toEqual([after, 3, 2]);
    await until(id, 'completed');
    expect(rolesOf()).toEqual(['user', 'assistant', 'tool', 'tool', 'user']);
    expect(await get(`/api/traces/${id}`)).toMatchObject({ answer: 'Only 42.', branch: 'rewind-1' });
  }
});

test('from its start, and from behind its final answer; the settings stay', async () => {
  const id = await calculated({ temperature: 1.5, tools: ['calculator'], system_prompt: 'Be brief.' });
  model.behave(says('Anew.'));
  expect((await goOn(id, { insert_after: 0 })).body).toMatchObject({ insert_after: 0, left_behind: 5 });
  await until(id, 'completed');
  expect(rolesOf()).toEqual(['system', 'user']);
  expect(model.exchanges.at(-1)!.body).toMatchObject({ temperature: 1.5 });
  expect(model.exchanges.at(-1)!.body['tools']).toHaveLength(1);
  model.behave(says('Again.'));
  // Step 1 is the final answer now: given again.
  expect((await goOn(id, { insert_after: 1 })).body).toMatchObject({ branch: 'rewind-2', insert_after: 0 });
  await until(id, 'completed');
  expect(await get(`/api/traces/${id}`)).toMatchObject({ answer: 'Again.', temperature: 1.5 });
});

test('a step that is not there, the branch of before, and other roles are refused; nothing has changed', async () => {
  const id = await calculated();
  const before = await server.world.storage.branches(id);
  expect(errorOf(await goOn(id, { insert_after: 6 }))).toEqual([422, 'INVALID_ARGUMENT', 'insert_after']);
  expect(errorOf(await goOn(id, { insert_after: '1.99.0' }))).toEqual([
    422,
    'INVALID_ARGUMENT',
    'insert_after',
  ]);
  expect(errorOf(await goOn(id, { insert_after: -1 }))).toEqual([422, 'INVALID_ARGUMENT', 'insert_after']);
  expect(errorOf(await goOn(id, { branch: 'rewind-7' }))).toEqual([409, 'STALE_BRANCH', 'branch']);
  expect(errorOf(await goOn(id, { messages: [{ role: 'assistant', content: 'x' }] }))).toEqual([
    422,
    'INVALID_ARGUMENT',
    'messages[0].role',
  ]);
  expect(errorOf(await goOn(id, { messages: says1(' ') }))).toMatchObject([
    422,
    'INVALID_ARGUMENT',
    'messages[0].content',
  ]);
  expect(await server.world.storage.branches(id)).toEqual(before);
  model.behave(says('x'));
  await goOn(id, { messages: says1('More.') });
  await until(id, 'completed');
  // The steps that the client knows are those of main.
  expect(errorOf(await goOn(id, { insert_after: 2, branch: 'main' }))).toEqual([
    409,
    'STALE_BRANCH',
    'branch',
  ]);
});

test('a run that failed goes on from before the call that failed, and a stopped one with what is said', async () => {
  model.behave((exchange) => exchange.cut());
  const { body } = await post('/api/traces', { messages: says1('Hello.') });
  const id = body['trace_id'] as string;
  await until(id, 'failed');
  expect(await get(`/api/traces/${id}`)).toMatchObject({ error: { code: 'MODEL_FAILED' } });
  model.behave((exchange) => exchange.stall());
  expect((await goOn(id, {})).body).toMatchObject({ insert_after: 0 });
  await expect.poll(() => model.exchanges.length).toBe(2);
  await post(`/api/traces/${id}/stop`);
  await until(id, 'stopped');
  model.behave(says('Hello, both.'));
  await goOn(id, { messages: says1('And hello again.') });
  await until(id, 'completed');
  expect(rolesOf()).toEqual(['user', 'user']);
});

test('two that want it to go on at once: one of them is told that it is running; and too many runs are 429', async () => {
  const id = await calculated();
  model.behave((exchange) => exchange.stall());
  const both = await Promise.all([goOn(id, {}), goOn(id, {})]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect((await post('/api/traces', { messages: says1('two') })).status).toBe(201);
  const third = await server.post('/api/traces', { messages: says1('three') });
  expect([third.status, third.headers.get('Retry-After')]).toEqual([429, '1']);
  await post(`/api/traces/${id}/stop`);
  expect((await post('/api/traces', { messages: says1('three') })).status).toBe(201);
});

test('a run of the command line is listed and goes on here, within its own budget, or is refused where its world is another', async () => {
  const run = (words: string[]) =>
    runCli(['run', 'Hello.', '--store', files.path('store'), ...words], {
      environment: { RINGZERO_MODEL_URL: model.url },
    });
  model.behave(says('Hello.'));
  await run(['--model', 'm', '--budget-tokens', '9000']);
  await run(['--model', 'other']);
  const storage = await openSqliteStorage(join(files.path('store'), 'runs.db'), 'normal');
  await server[Symbol.asyncDispose]();
  server = await openServer({ words: ['--model', 'm', '--model-url', model.url], storage });
  const { traces } = (await get('/api/traces')) as { traces: { trace_id: string; uid: string }[] };
  expect(traces).toMatchObject([{ uid: '', status: 'completed' }, { task: 'Hello.' }]);
  expect(errorOf(await goOn(traces[0]!.trace_id, {}))).toEqual([422, 'INVALID_ARGUMENT']);
  expect(await goOn(traces[1]!.trace_id, { messages: says1('And you?') })).toMatchObject({ status: 200 });
  await expect
    .poll(async () => (await get(`/api/traces/${traces[1]!.trace_id}`))['status'])
    .not.toBe('running');
  expect(await get(`/api/traces/${traces[1]!.trace_id}`)).toMatchObject({ status: 'completed', error: null });
  const { budgets } = (await get('/api/budgets')) as { budgets: { name: string; limits: Fields[] }[] };
  expect(budgets.at(-1)).toMatchObject({
    name: `run/${traces[1]!.trace_id}`,
    // Twice 27: what the command line spent counts.
    limits: [{ limit: 9_000, used: 54 }],
  });
  await server[Symbol.asyncDispose]();
  await storage.close();
  server = await openServer();
});

test('a stop that comes while a run is about to go on holds it: it does not run on as one that is stopped', async () => {
  await server[Symbol.asyncDispose]();
  const storage = new MemoryStorage();
  let openGate: (() => void) | undefined;
  let isGated = false;
  let gate = Promise.resolve();
  const lease = storage.lease.bind(storage);
  storage.lease = async (given) => {
    isGated = openGate !== undefined;
    await gate;
    return lease(given);
  };
  server = await openServer({ words: ['--model', 'm', '--model-url', model.url], storage });
  model.behave((exchange) => exchange.stall());
  const { body } = await post('/api/traces', { messages: says1('Hello.') });
  const id = body['trace_id'] as string;
  await expect.poll(() => model.exchanges.length).toBe(1);
  await post(`/api/traces/${id}/stop`);
  await expect.poll(() => server.services.runs.driven.get(id)).toBeUndefined();
  gate = new Promise((resolve) => (openGate = resolve));
  const goingOn = post(`/api/traces/${id}/run`);
  await expect.poll(() => isGated).toBe(true);
  const stopped = post(`/api/traces/${id}/stop`);
  openGate!();
  expect(await goingOn).toMatchObject({ status: 200 });
  expect(await stopped).toMatchObject({ status: 200, body: { status: 'stopping' } });
  await expect.poll(() => server.services.runs.driven.get(id)).toBeUndefined();
  expect(await get(`/api/traces/${id}`)).toMatchObject({ status: 'stopped' });
});

test('a conversation is given to the model as it was, also behind a rewinding and by another server of the same storage', async () => {
  await server[Symbol.asyncDispose]();
  const storage = new MemoryStorage();
  const words = ['--model', 'm', '--model-url', model.url, '--retries', '0'];
  server = await openServer({ words, storage });
  model.behave(says('It is 42.'));
  const { body } = await post('/api/traces', {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is 1+1?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'calculator', arguments: '{"expression":"1+1"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '2' },
      { role: 'assistant', content: 'It is 2.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And ' },
          { type: 'text', text: '6*7?' },
        ],
      },
    ],
  });
  const id = body['trace_id'] as string;
  await until(id, 'completed');
  const sent = (): Fields[] => (model.exchanges.at(-1)!.body as { readonly messages: Fields[] }).messages;
  const opened = [
    { role: 'system', content: expect.stringContaining('Be brief.') },
    { role: 'user', content: 'What is 1+1?' },
    { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'calculator' } }] },
    { role: 'tool', tool_call_id: 'c1', content: '2' },
    { role: 'assistant', content: 'It is 2.' },
    { role: 'user', content: 'And 6*7?' },
  ];
  expect(sent()).toMatchObject(opened);
  model.behave(says('It is 43.'));
  expect(await goOn(id, { messages: says1('And 43?') })).toMatchObject({ status: 200 });
  await until(id, 'completed');
  const further = [
    ...opened,
    { role: 'assistant', content: 'It is 42.' },
    { role: 'user', content: 'And 43?' },
  ];
  expect(sent()).toMatchObject(further);
  await server[Symbol.asyncDispose]();
  server = await openServer({ words, storage });
  model.behave(says('Yes.'));
  expect(await goOn(id, {})).toMatchObject({ status: 200 });
  await until(id, 'completed');
  expect(sent()).toMatchObject(further);
});

test('a run that another program drives is told of with its driver, and neither goes on here nor is stopped', async () => {
  await server[Symbol.asyncDispose]();
  const storage = new MemoryStorage();
  server = await openServer({ words: ['--model', 'm', '--model-url', model.url], storage });
  model.behave(stalls);
  const { body } = await post('/api/traces', { messages: says1('Hello.') });
  const id = body['trace_id'] as string;
  await expect.poll(() => model.exchanges.length).toBe(1);
  await post(`/api/traces/${id}/stop`);
  await expect.poll(() => server.services.runs.driven.get(id)).toBeUndefined();
  const atUs = server.world.clock.nowUs();
  await storage.lease({ run: id, holder: 'a worker', atUs, untilUs: atUs + 60_000_000 });
  expect(await get(`/api/traces/${id}`)).toMatchObject({ status: 'running', driven_by: 'a worker' });
  for (const how of ['run', 'stop', 'reflect'])
    expect(errorOf(await post(`/api/traces/${id}/${how}`)), how).toEqual([409, 'DRIVEN_ELSEWHERE']);
});

test('a run that another program has taken over ends here, and nothing more of it is stored; those beside it go on', async () => {
  await server[Symbol.asyncDispose]();
  const file = join(files.path(''), 'lost.db');
  const storage = await openSqliteStorage(file);
  const others = await openSqliteStorage(file);
  const words = ['--model', 'm', '--model-url', model.url, '--retries', '0'];
  server = await openServer({ words, storage });
  let open: () => void = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const later: Behaviour = async (exchange) => {
    await gate;
    await says('Late.')(exchange);
  };
  model.behave(later, later, says('Next.'));
  const ids: string[] = [];
  for (const content of ['lost', 'kept']) {
    ids.push((await post('/api/traces', { messages: says1(content) })).body['trace_id'] as string);
    await expect.poll(() => model.exchanges.length).toBe(ids.length);
  }
  const [lost, kept] = ids as [string, string];
  const watched = await server.get(`/api/traces/${lost}/watch`);
  const atUs = server.world.clock.nowUs() + 60_000_000;
  await others.lease({ run: lost, holder: 'a worker', atUs, untilUs: atUs + 60_000_000 });
  open();
  await until(kept, 'completed');
  await expect.poll(() => server.services.runs.driven.get(lost)).toBeUndefined();
  // Who watches is told of no end.
  expect(await watched.text()).not.toMatch(/trace_(?:cancelled|failed|completed)/);
  expect(await get(`/api/traces/${lost}`)).toMatchObject({ status: 'running', driven_by: 'a worker' });
  expect((await get(`/api/traces/${lost}/steps`))['steps']).toEqual([]);
  await expect.poll(() => server.world.live.kernel.living()).toEqual([]);
  // And with its call in flight.
  model.behave(stalls, says('Next.'));
  const third = (await post('/api/traces', { messages: says1('third') })).body['trace_id'] as string;
  await expect.poll(() => model.exchanges.length).toBe(3);
  expect(server.services.runs.driven.lost(third)).toBe(true);
  await expect.poll(() => model.aborted).toBe(1);
  await expect.poll(() => server.world.live.kernel.living()).toEqual([]);
  expect((await server.get('/ready')).status).toBe(200);
  const { body } = await post('/api/traces', { messages: says1('next') });
  await until(body['trace_id'] as string, 'completed');
  await server[Symbol.asyncDispose]();
  await storage.close();
  await others.close();
  server = await openServer();
});
