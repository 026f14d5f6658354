import { afterEach, beforeEach, expect, test } from 'vitest';

import { HostileServer, refuses, says } from '../support/hostile-server.ts';
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

type Fields = Readonly<Record<string, unknown>>;
const post = async (path: string, body: unknown = {}): Promise<{ status: number; body: Fields }> => {
  const answer = await server.post(path, body);
  return { status: answer.status, body: (await answer.json()) as Fields };
};
const learned = async (query: string): Promise<readonly Fields[]> => {
  const answer = await server.get(`/api/experiences?${query}`);
  return ((await answer.json()) as { experiences: Fields[] }).experiences;
};
const status = async (id: string): Promise<unknown> =>
  ((await (await server.get(`/api/traces/${id}`)).json()) as Fields)['status'];

async function ended(uid: string): Promise<string> {
  model.behave(says('It is 42.'));
  const messages = [{ role: 'user', content: 'What is 6*7?' }];
  const { body } = await post('/api/traces', { messages, uid });
  const id = body['trace_id'] as string;
  await expect.poll(() => status(id)).toBe('completed');
  return id;
}
const judges = (given: Fields) =>
  says(JSON.stringify({ score: 0.9, issues: [], suggestions: [], goOn: true, plan: '', ...given }));
/** All that the storage has of the run but of branches beside. */
const mainOf = async (id: string): Promise<string> =>
  JSON.stringify(
    await Promise.all([
      server.world.storage.records(id, 'main'),
      server.world.storage.history(id, { branch: 'main' }),
    ]),
  );

test('a reflection on good work praises what was done; the run itself stays as it is to the byte', async () => {
  const id = await ended('ann');
  const before = await mainOf(id);
  model.behave(judges({}));
  const { status: code, body } = await post(`/api/traces/${id}/reflect`);
  expect({ code, ...body }).toMatchObject({
    code: 200,
    branch: 'reflect-1',
    status: 'completed',
    score: 0.9,
    experience: { rule: 'It is 42.', source: 'positive', confidence: expect.closeTo(0.8, 3) },
  });
  expect(await mainOf(id)).toBe(before);
  expect(await status(id)).toBe('completed');
  const asked = JSON.stringify(model.exchanges.at(-1)!.body);
  expect(asked).toContain('> Task: What is 6*7?');
  expect(await learned('uid=ann')).toMatchObject([
    { condition: 'working on the task: What is 6*7?', evidence: [{ trace_id: id }] },
  ]);
  expect(await learned('uid=ann&query=what is 6')).toHaveLength(1);
  expect(await learned('uid=bob')).toEqual([]);
  // What it costs is the run's, and a second one has a branch of its own.
  model.behave(judges({ issues: ['It shows no steps.'], suggestions: ['Show the steps.'] }));
  expect((await post(`/api/traces/${id}/reflect`)).body).toMatchObject({
    branch: 'reflect-2',
    experience: { rule: 'Show the steps.', source: 'correction', confidence: expect.closeTo(0.6, 3) },
  });
  const trace = (await (await server.get(`/api/traces/${id}`)).json()) as Fields;
  expect(trace).toMatchObject({ branch: 'main', answer: 'It is 42.', usage: { model_calls: 3 } });
});

test('a reflection that fails leaves nothing but its own branch, and the run goes on as if there had been none', async () => {
  const id = await ended('');
  const before = await mainOf(id);
  for (const [behaviour, code] of [
    [says('I had rather not.'), 'MODEL_FAILED'],
    [refuses(500, ''), 'MODEL_FAILED'],
  ] as const) {
    model.behave(behaviour);
    expect((await post(`/api/traces/${id}/reflect`)).body).toMatchObject({
      status: 'failed',
      experience: null,
      error: { code },
    });
  }
  expect(await mainOf(id)).toBe(before);
  expect(await learned('')).toEqual([]);
  model.behave(says('Seven times six.'));
  const messages = [{ role: 'user', content: 'Why?' }];
  expect((await post(`/api/traces/${id}/run`, { messages })).status).toBe(200);
  await expect.poll(() => status(id)).toBe('completed');
  expect(model.exchanges.at(-1)!.body['messages']).toHaveLength(3);
});

test('a run that goes on, or is not there, is not reflected on', async () => {
  model.behave((exchange) => exchange.stall());
  const { body } = await post('/api/traces', { messages: [{ role: 'user', content: 'x' }] });
  const id = body['trace_id'] as string;
  expect((await post(`/api/traces/${id}/reflect`)).body).toMatchObject({ error: { code: 'RUNNING' } });
  expect((await post('/api/traces/none/reflect')).status).toBe(404);
});

test('what somebody says of a step becomes an experience of the tenant, and is surer when it is said again', async () => {
  const id = await ended('ann');
  const path = `/api/traces/${id}/steps/1/feedback`;
  expect(await post(path, { kind: 'positive' })).toMatchObject({
    status: 201,
    body: { step: 1, experience: { rule: 'It is 42.', confidence: expect.closeTo(0.8, 3) } },
  });
  await post(path, { kind: 'positive', text: 'quite so' });
  expect(await learned('uid=ann')).toMatchObject([{ confidence: expect.closeTo(0.95, 3) }]);
  await post(path, { kind: 'correction', text: 'Say 42 alone.' });
  expect(await learned('uid=ann')).toMatchObject([
    { rule: 'Say 42 alone.', source: 'correction', confidence: expect.closeTo(0.6, 3) },
    { source: 'positive', confidence: expect.closeTo(0.475, 3) },
  ]);
  const field = async (sequence: string, said: Fields): Promise<unknown> => {
    const { status: code, body } = await post(`/api/traces/${id}/steps/${sequence}/feedback`, said);
    expect(code).toBe(422);
    return (body['error'] as Fields)['field'];
  };
  expect(await field('9', { kind: 'positive' })).toBe('step');
  expect(await field('1', { kind: 'correction' })).toBe('text');
  expect(await field('1', { kind: 'wrong' })).toBe('kind');
  expect((await post('/api/traces/none/steps/1/feedback', { kind: 'positive' })).status).toBe(404);
  // Nothing of it is a run.
  const { traces } = (await (await server.get('/api/traces')).json()) as { traces: unknown[] };
  expect(traces).toHaveLength(1);
});
