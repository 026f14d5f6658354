import { expect, test } from 'vitest';

import { entryOf, Tokens } from '../../src/server/auth/tokens.ts';
import { openServer } from '../support/open-server.ts';

const asking = { messages: [{ role: 'user', content: 'ask_person {"question":"How many?"}' }] };

interface Listed {
  readonly processes: readonly {
    readonly pid: number;
    readonly state: string;
    readonly run: string;
    readonly waitingOn: string;
  }[];
}

test('the kernel shows its processes, takes signals to them, and tells its budgets and policies', async () => {
  await using server = await openServer({
    words: ['--model', 'scripted', '--approve', 'ask', '--budget-tokens', '9000'],
  });
  const { trace_id: run } = (await (await server.post('/api/traces', asking)).json()) as { trace_id: string };
  const listed = async (query = ''): Promise<Listed> =>
    (await (await server.get(`/api/processes${query}`)).json()) as Listed;
  await expect.poll(async () => (await listed()).processes[0]?.waitingOn).toBe('person');
  const { pid } = (await listed(`?run=${run}`)).processes[0]!;
  expect(await (await server.get(`/api/processes/${pid}`)).json()).toMatchObject({
    pid,
    run,
    state: 'waiting',
  });
  expect((await listed('?state=running')).processes).toEqual([]);
  const signalled = await server.post(`/api/processes/${pid}/signal`, { signal: 'terminate' });
  expect(await signalled.json()).toEqual({ pid, signal: 'terminate', state: 'terminated' });
  // What is over leaves the kernel.
  await expect
    .poll(async () => (await server.post(`/api/processes/${pid}/signal`, { signal: 'kill' })).status)
    .toBe(404);
  expect((await server.post('/api/processes/999/signal', { signal: 'kill' })).status).toBe(404);
  expect((await server.post(`/api/processes/${pid}/signal`, { signal: 'hup' })).status).toBe(422);
  expect(await (await server.get('/api/budgets')).json()).toMatchObject({
    budgets: [{ name: 'run', parent: '', limits: [{ resource: 'tokens', limit: 9_000, reserved: 0 }] }],
  });
  const policies = (await (await server.get('/api/policies')).json()) as {
    active: unknown[];
    paging: string[];
  };
  expect(policies.active).toMatchObject([{ engine: 'scripted', scheduling: 'priority', paging: 'keep-all' }]);
  expect(policies.paging).toContain('s3-fifo');
  expect(await (await server.get('/api/kernel')).json()).toMatchObject({
    engines: [{ scheduler: 'priority' }],
  });
});

test('a tenant sees its own processes alone, and signals no others', async () => {
  const tokens = new Tokens(
    ['acme', 'other'].map((name) => entryOf(`${name}-token`, { name, scope: 'run', tenant: name })),
  );
  await using server = await openServer({
    words: ['--model', 'scripted', '--approve', 'ask'],
    guards: { tokens },
  });
  const as = (name: string) => ({ Authorization: `Bearer ${name}-token` });
  await server.post('/api/traces', asking, as('acme'));
  const seen = async (name: string) =>
    ((await (await server.get('/api/processes', as(name))).json()) as Listed).processes;
  const [own] = await seen('acme');
  expect(own).toBeDefined();
  expect(await seen('other')).toEqual([]);
  expect(
    (await server.post(`/api/processes/${own!.pid}/signal`, { signal: 'kill' }, as('other'))).status,
  ).toBe(404);
  for (const path of ['/api/kernel', '/api/budgets', '/api/policies'])
    expect((await server.get(path, as('acme'))).status).toBe(403);
});

test('Prometheus is told the figures of the kernel', async () => {
  await using server = await openServer();
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'What is 6*7?' }] });
  const { trace_id: run } = (await made.json()) as { trace_id: string };
  await expect
    .poll(async () => ((await (await server.get(`/api/traces/${run}`)).json()) as { status: string }).status)
    .toBe('completed');
  const answer = await server.get('/metrics');
  expect(answer.headers.get('Content-Type')).toContain('text/plain; version=');
  const text = await answer.text();
  expect(text).toMatch(/^# TYPE ringzero_\w+ (counter|gauge|histogram)$/m);
  expect(text).toMatch(/^gen_ai_client_token_usage\w*_count\{.*\} [1-9]/m);
  expect(text).not.toContain(run);
});
