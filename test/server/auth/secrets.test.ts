import { connect } from 'node:net';

import { expect, test } from 'vitest';

import { entryOf, Tokens } from '../../../src/server/auth/tokens.ts';
import { listen } from '../../../src/server/listen.ts';
import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import { openServer } from '../../support/open-server.ts';

const key = 'sk-of-the-environment-1234567890';
const token = 'token-of-the-caller-1234567890';

test('neither a key of the environment nor a token comes out again: not in a run, an event, a list, a figure or the storage', async () => {
  const storage = new MemoryStorage();
  const tokens = new Tokens([entryOf(token, { name: 'ann', scope: 'admin' })]);
  await using server = await openServer({ storage, guards: { tokens }, environment: { MY_API_KEY: key } });
  const headers = { Authorization: `Bearer ${token}` };
  const content = `calculator {"expression":"6*7"} with ${key}`;
  const made = await server.post(
    '/api/traces',
    { messages: [{ role: 'user', content }], name: `of ${key}` },
    headers,
  );
  const { trace_id: run } = (await made.json()) as { trace_id: string };
  await expect
    .poll(
      async () =>
        ((await (await server.get(`/api/traces/${run}`, headers)).json()) as { status: string }).status,
    )
    .toBe('completed');
  const told = await Promise.all(
    [
      `/api/traces/${run}`,
      '/api/traces',
      `/api/traces/${run}/steps`,
      `/api/traces/${run}/watch`,
      '/api/kernel',
      '/api/processes?state=terminated',
      '/metrics',
      '/openapi.json',
    ].map(async (path) => {
      const answer = await server.get(path, headers);
      expect(answer.status, path).toBe(200);
      return answer.text();
    }),
  );
  const kept = await storage.whole(run);
  const all = [...told, JSON.stringify(kept), JSON.stringify(await storage.audit(run))].join('\n');
  expect(all).toContain('[redacted:MY_API_KEY]');
  expect(all).not.toContain(key);
  expect(all).not.toContain(token);
});

test('who sends a request byte by byte, or holds more connections than there are, is cut off', async () => {
  await using server = await openServer();
  const listening = await listen(server.app, {
    host: '127.0.0.1',
    port: 0,
    connections: 3,
    headMs: 200,
    requestMs: 200,
  });
  const { port } = new URL(listening.url);
  const ended = (sent: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(sent));
      let heard = '';
      socket.on('data', (data) => (heard += data.toString()));
      socket.on('error', () => {});
      socket.on('close', () => resolve(heard));
    });
  const slow = await Promise.all(
    [
      'GET / HTTP/1.1\r\nHo',
      'POST /api/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
    ].map(ended),
  );
  for (const heard of slow) expect(heard).toMatch(/HTTP\/1\.1 408|^$/);
  const many = Array.from({ length: 6 }, () => ended(''));
  // Those that came too late are gone at once, the others with their time.
  await Promise.all(many);
  expect((await fetch(`${listening.url}/health`)).status).toBe(200);
  await listening.close(0);
});
