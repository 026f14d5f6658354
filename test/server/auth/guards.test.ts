import { expect, test } from 'vitest';

import { entryOf, newToken, parseTokens, Tokens, type TokenEntry } from '../../../src/server/auth/tokens.ts';
import { isLoopbackHost } from '../../../src/server/auth/browsers.ts';
import { documentOf } from '../../../src/server/openapi/document.ts';
import { exampleOf } from '../../../src/server/openapi/example.ts';
import { openServer } from '../../support/open-server.ts';

const task = { messages: [{ role: 'user', content: 'What is 6*7?' }] };
const token = (name: string): string => `${name}-0123456789abcdef`;
const entries: readonly TokenEntry[] = [
  entryOf(token('reader'), { name: 'reader', scope: 'read' }),
  entryOf(token('runner'), { name: 'runner', scope: 'run' }),
  entryOf(token('admin'), { name: 'admin', scope: 'admin' }),
  entryOf(token('acme'), { name: 'acme', scope: 'run', tenant: 'acme' }),
  entryOf(token('other'), { name: 'other', scope: 'run', tenant: 'other' }),
];
const tokens = new Tokens(entries);
const bearer = (name: string) => ({ Authorization: `Bearer ${token(name)}` });

async function refusalOf(answer: Response | Promise<Response>) {
  const { status, headers, json } = await Promise.resolve(answer).then(async (one) => ({
    status: one.status,
    headers: one.headers,
    json: (await one.json()) as { error?: { code: string; message: string } },
  }));
  return { status, headers, ...json.error };
}

test('without a token, and with one that nobody has, nothing is told but that it is missing', async () => {
  await using server = await openServer({ guards: { tokens } });
  for (const headers of [
    {},
    { Authorization: 'Bearer wrong' },
    { Authorization: `Basic ${token('admin')}` },
    { Authorization: 'Bearer ' },
  ]) {
    const { status, code, headers: given } = await refusalOf(server.post('/api/traces', task, headers));
    expect({ status, code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(given.get('WWW-Authenticate')).toBe('Bearer');
  }
  // A path that is not there is no way to learn which are.
  expect((await server.get('/api/nowhere')).status).toBe(401);
  for (const path of ['/health', '/ready', '/openapi.json'])
    expect((await server.get(path)).status).toBe(200);
});

test('a reader looks, a runner starts, and what shows all tenants is not for a token of one', async () => {
  await using server = await openServer({ guards: { tokens } });
  expect(await refusalOf(server.post('/api/traces', task, bearer('reader')))).toMatchObject({
    status: 403,
    code: 'FORBIDDEN',
  });
  expect((await server.post('/api/traces', task, bearer('runner'))).status).toBe(201);
  expect((await server.post('/api/traces', task, bearer('admin'))).status).toBe(201);
  expect(await refusalOf(server.get('/metrics', bearer('acme')))).toMatchObject({ status: 403 });
  expect(await refusalOf(server.post('/api/jobs', {}, bearer('runner')))).toMatchObject({ status: 403 });
});

test('one tenant never sees a run of another, not even that it is there', async () => {
  await using server = await openServer({ guards: { tokens } });
  const made = await server.post('/api/traces', task, bearer('acme'));
  const { trace_id: id } = (await made.json()) as { trace_id: string };
  expect((await server.get(`/api/traces/${id}`, bearer('acme'))).status).toBe(200);
  expect((await server.get(`/api/traces/${id}`, bearer('admin'))).status).toBe(200);
  const [hidden, missing] = [
    await server.get(`/api/traces/${id}`, bearer('other')),
    await server.get(`/api/traces/run-none`, bearer('other')),
  ];
  expect([hidden.status, missing.status]).toEqual([404, 404]);
  expect((await hidden.text()).replaceAll(id, 'X')).toBe((await missing.text()).replaceAll('run-none', 'X'));
});

test('no route at all tells a tenant anything of another, or changes it', async () => {
  await using server = await openServer({ guards: { tokens } });
  const asks = { messages: [{ role: 'user', content: 'ask_person {"question":"MINE"}' }], name: 'MINE' };
  const { trace_id: id } = (await (await server.post('/api/traces', asks, bearer('acme'))).json()) as {
    trace_id: string;
  };
  const own = async (path: string): Promise<string> => (await server.get(path, bearer('acme'))).text();
  await expect.poll(() => own('/api/questions')).toContain(id);
  const [, question] = /"question_id":"([^"]+)"/.exec(await own('/api/questions'))!;
  const [, pid] = /"pid":(\d+)/.exec(await own('/api/processes'))!;
  const before = await own(`/api/traces/${id}`);
  const document = documentOf(server.app, '0.0.0');
  const told: string[] = [];
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { requestBody }] of Object.entries(operations)) {
      const place = path
        .replace('{pid}', pid!)
        .replace('{id}', path.includes('/questions/') ? encodeURIComponent(question!) : id)
        .replace('{sequence}', '1')
        .replace(/events$/, 'events?after=0');
      const schema = requestBody?.content['application/json']?.schema;
      const answer = await server.app.request(place, {
        method,
        headers: { ...bearer('other'), 'Content-Type': 'application/json', Host: 'localhost' },
        ...(method === 'get' ? {} : { body: JSON.stringify(schema ? exampleOf(document, schema) : {}) }),
      });
      told.push(`${method} ${path} ${answer.status}`);
      if (path.includes('{')) expect([403, 404], told.at(-1)).toContain(answer.status);
      const isStream = answer.headers.get('Content-Type')?.startsWith('text/event-stream') === true;
      const text = isStream ? await firstOf(answer) : await answer.text();
      expect(text, told.at(-1)).not.toContain('MINE');
      if (!path.includes('{')) expect(text, told.at(-1)).not.toContain(id);
    }
  for (const path of [
    `/api/questions?trace_id=${id}`,
    `/api/processes?run=${id}`,
    '/api/traces?uid=acme',
    '/api/traces/running',
    '/api/experiences?uid=acme',
  ])
    expect(await (await server.get(path, bearer('other'))).text(), path).not.toContain(id);
  expect(await own(`/api/traces/${id}`)).toBe(before);
  expect(await own('/api/questions')).toContain(question);
  expect((await server.post('/api/traces', { ...task, uid: 'acme' }, bearer('other'))).status).toBe(403);
  const keyed = async (name: string): Promise<unknown> =>
    (await server.post('/api/traces', task, { ...bearer(name), 'Idempotency-Key': 'k' })).json();
  expect(await keyed('other')).not.toEqual(await keyed('acme'));
  expect((await server.get('/api/admin', bearer('admin'))).status).toBe(404);
});

/** Of a stream that would not end. */
async function firstOf(answer: Response): Promise<string> {
  const reader = answer.body!.getReader();
  const first = await Promise.race([
    reader.read(),
    new Promise<{ value: undefined }>((resolve) => setTimeout(() => resolve({ value: undefined }), 50)),
  ]);
  await reader.cancel();
  return new TextDecoder().decode(first.value);
}

test('a page of another site, and a name that leads here from outside, are refused', async () => {
  await using server = await openServer({ guards: { origins: ['https://console.example.org'] } });
  const get = (headers: Record<string, string>) => server.get('/api/traces/run-none', headers);
  expect((await get({ Origin: 'https://evil.example' })).status).toBe(403);
  expect((await get({ Origin: 'null' })).status).toBe(403);
  expect((await get({ Host: 'evil.example' })).status).toBe(403);
  expect((await get({ Host: '127.0.0.1.evil.example' })).status).toBe(403);
  for (const headers of [
    { Origin: 'https://console.example.org' },
    { Host: 'localhost:4790', Origin: 'http://localhost:4790' },
    { Host: '[::1]:80' },
  ])
    expect((await get(headers as Record<string, string>)).status).toBe(404);
  expect(['127.0.0.1', '127.8.8.8', 'localhost', '::1', '[::1]'].map(isLoopbackHost)).not.toContain(false);
  expect(['0.0.0.0', '::', '127.0.0.1.x', 'localhost.x', '10.0.0.1', ''].map(isLoopbackHost)).not.toContain(
    true,
  );
});

test('too much, and too many, are refused with what is allowed', async () => {
  await using server = await openServer({ guards: { bodyBytes: 2_000, requestsPerSecond: 3 } });
  const large = { messages: [{ role: 'user', content: 'x'.repeat(3_000) }] };
  expect(await refusalOf(server.post('/api/traces', large))).toMatchObject({
    status: 413,
    message: 'body: too large; allowed: up to 2000 bytes',
  });
  const answers = await Promise.all(Array.from({ length: 6 }, () => server.get('/api/traces/run-none')));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers } of refused) expect(Number(headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
});

test('a closed server is alive and takes no work', async () => {
  await using server = await openServer();
  expect(await (await server.get('/ready')).json()).toEqual({ status: 'ready', message: '' });
  server.world.live.close();
  const answer = await server.get('/ready');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ status: 'broken' });
  expect((await server.get('/health')).status).toBe(200);
});

test('tokens: each is drawn anew, its file holds no token, and only who has it is known by it', () => {
  const first = newToken({ name: 'a', scope: 'run', tenant: 'acme' });
  const second = newToken({ name: 'b', scope: 'read' });
  expect(first.token).not.toBe(second.token);
  const text = JSON.stringify({ tokens: [first.entry, second.entry] });
  expect(text).not.toContain(first.token.slice(3));
  const known = new Tokens(parseTokens('tokens.json', text));
  expect(known.callerOf(first.token)).toMatchObject({ name: 'a', tenant: 'acme' });
  expect(known.callerOf(second.token)!.scopes).toEqual(new Set(['read']));
  for (const wrong of ['', first.entry.sha256, `${first.token}x`, first.token.slice(0, -1)])
    expect(known.callerOf(wrong)).toBeUndefined();
});

test.each([
  ['{', 'tokens.json: "this text"'],
  ['{"tokens": 1}', 'tokens.json'],
  ['{"tokens": [], "more": 1}', 'tokens.json'],
  ['{"tokens": [{"name": "a b", "sha256": "00", "scope": "run"}]}', 'tokens[0].name'],
  ['{"tokens": [{"name": "a", "sha256": "00", "scope": "run"}]}', 'tokens[0].sha256'],
  [`{"tokens": [{"name": "a", "sha256": "${'0'.repeat(64)}", "scope": "all"}]}`, 'tokens[0].scope'],
  [
    `{"tokens": [{"name": "a", "sha256": "${'0'.repeat(64)}", "scope": "admin", "tenant": "t"}]}`,
    'tokens[0].scope',
  ],
  [
    `{"tokens": [{"name": "a", "sha256": "${'0'.repeat(64)}", "scope": "run", "token": "t"}]}`,
    'tokens[0].token',
  ],
])('a file of tokens: %s is refused in one line', (text, field) => {
  expect(() => parseTokens('tokens.json', text)).toThrow(field);
});
