import { expect, test } from 'vitest';

import { KernelError } from '../../src/kernel/errors.ts';
import { refusedOf } from '../../src/server/errors.ts';
import { openServer, type OpenServer } from '../support/open-server.ts';

const hello = { messages: [{ role: 'user', content: 'hello' }] };

async function asked(
  server: OpenServer,
  body: string,
  type: string | undefined,
): Promise<{ readonly status: number; readonly error: Record<string, unknown> }> {
  const answer = await server.app.request('/api/traces', {
    method: 'POST',
    headers: { Host: 'localhost', ...(type === undefined ? {} : { 'Content-Type': type }) },
    body,
  });
  return {
    status: answer.status,
    error: ((await answer.json()) as { readonly error: Record<string, unknown> }).error,
  };
}

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

test.each([
  ['that breaks off', '{', 'application/json', 400, 'MALFORMED', /^body: is no JSON/],
  ['that is empty', '', 'application/json', 400, 'MALFORMED', /^body: is no JSON/],
  ['that is declared as text', '{}', 'text/plain', 415, 'MEDIA_TYPE', /^Content-Type: /],
  [
    'that is declared as something like JSON',
    '{}',
    'application/jsonx',
    415,
    'MEDIA_TYPE',
    /^Content-Type: /,
  ],
  [
    'that is null',
    'null',
    'application/json',
    422,
    'INVALID_ARGUMENT',
    /^body: null is not allowed; allowed: an object$/,
  ],
  ['that is nested', deep, 'application/json', 422, 'INVALID_ARGUMENT', /^body: too deeply/],
] as const)('a body %s is refused', async (_name, body, type, status, code, message) => {
  await using server = await openServer();
  const refused = await asked(server, body, type);
  expect(refused.status).toBe(status);
  expect(refused.error).toMatchObject({ code, message: expect.stringMatching(message) });
});

test.each([
  [{}, 'messages', 'messages: is missing; allowed: a list'],
  [{ messages: [] }, 'messages', 'messages: a list is not allowed; allowed: at least 1 items'],
  [{ ...hello, temperature: 9 }, 'temperature', 'temperature: 9 is not allowed; allowed: at most 2'],
  [{ ...hello, temperature: 'x' }, 'temperature', 'temperature: "x" is not allowed; allowed: a number'],
  [
    { ...hello, max_iterations: 1.5 },
    'max_iterations',
    'max_iterations: 1.5 is not allowed; allowed: an integer',
  ],
  [{ ...hello, tools: ['a', 7] }, 'tools[1]', 'tools[1]: 7 is not allowed; allowed: a text'],
  [{ ...hello, constructor: 1 }, 'constructor', /^constructor: is not known/],
  [{ ...hello, 'a b\n': 1 }, '["a b\\n"]', /^\["a b\\n"\]: is not known/],
])('%j is refused by the name of its field', async (body, field, message) => {
  await using server = await openServer();
  const refused = await asked(server, JSON.stringify(body), 'application/json');
  expect(refused.status).toBe(422);
  expect(refused.error).toEqual({
    code: 'INVALID_ARGUMENT',
    field,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
});

test('a field named __proto__ is a field that is not known', async () => {
  await using server = await openServer();
  const refused = await asked(
    server,
    '{"messages":[{"role":"user","content":"x"}],"__proto__":{"temperature":9}}',
    'application/json',
  );
  expect(refused).toMatchObject({ status: 422, error: { field: '__proto__' } });
});

test('a path that is not there is told apart from a method that it does not have', async () => {
  await using server = await openServer();
  expect((await server.get('/api/nothing')).status).toBe(404);
  const answer = await server.app.request('/openapi.json', {
    method: 'DELETE',
    headers: { Host: 'localhost' },
  });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('Allow')).toBe('GET');
});

test('an error that nobody has foreseen tells nothing but the id under which the log has it', async () => {
  const told: [unknown, string][] = [];
  await using server = await openServer({ onError: (error, id) => told.push([error, id]) });
  const failure = new Error('password=hunter2');
  Object.assign(server.world, {
    newRunName() {
      throw failure;
    },
  });
  const answer = await server.post('/api/traces', hello);
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({
    error: { code: 'INTERNAL', message: 'the server failed; its log says why', id: told[0]![1] },
  });
  expect(told).toEqual([[failure, expect.stringMatching(/^[\w-]{21,36}$/)]]);
});

test.each([
  ['STORAGE_FAILED', 500],
  ['PROGRAM_DIVERGED', 500],
  ['STORAGE_UNAVAILABLE', 503],
  ['LEASE_LOST', 409],
  ['UNKNOWN_PROCESS', 404],
  ['INVALID_ARGUMENT', 422],
] as const)('a kernel error %s is a %i', (code, status) => {
  const refused = refusedOf(new KernelError(code, 'at /home/somebody/store.db'));
  expect(refused.status).toBe(status);
  if (status >= 500) expect(refused.message).not.toContain('/home');
});
