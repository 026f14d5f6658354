import { expect, test } from 'vitest';

import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import type { Memory } from '../../../src/kernel/storage.ts';
import { KeptAnswers, keptMs } from '../../../src/server/idempotency/kept-answers.ts';
import { openServer, type OpenServer } from '../../support/open-server.ts';

const hello = { messages: [{ role: 'user', content: 'Hello' }] };
const key = (name: string): Record<string, string> => ({ 'Idempotency-Key': name });
const create = (server: OpenServer, name: string, body: unknown = hello) =>
  server.post('/api/traces', body, key(name));
const idOf = async (answer: Response) => ((await answer.json()) as { trace_id: string }).trace_id;
const runsOf = async (server: OpenServer) => (await server.world.storage.runs()).length;

test('the same request under one key acts once and has the same answer', async () => {
  await using server = await openServer();
  const first = await create(server, 'k1');
  const again = await create(server, 'k1');
  expect([first.status, again.status]).toEqual([201, 201]);
  expect([first.headers.get('Idempotent-Replayed'), again.headers.get('Idempotent-Replayed')]).toEqual([
    null,
    'true',
  ]);
  expect(await again.text()).toBe(await first.text());
  expect(await runsOf(server)).toBe(1);
  expect(await idOf(await create(server, 'k2'))).not.toBe(await idOf(await create(server, 'k1')));
});

test('requests that come at once act once', async () => {
  await using server = await openServer();
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(server, 'k')));
  expect(new Set(await Promise.all(answers.map(idOf))).size).toBe(1);
  expect(await runsOf(server)).toBe(1);
});

test('another body under the same key is refused, and another form of the same body is not', async () => {
  await using server = await openServer();
  await create(server, 'k', { messages: [{ role: 'user', content: 'Hello' }], temperature: 0 });
  const other = await create(server, 'k', { ...hello, temperature: 1 });
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ error: { code: 'KEY_REUSED', field: 'Idempotency-Key' } });
  expect((await create(server, 'k', { temperature: 0, ...hello })).status).toBe(201);
  expect((await create(server, 'a b')).status).toBe(422);
  expect((await create(server, 'x'.repeat(201))).status).toBe(422);
});

test('what was refused has done nothing: the key may be used again', async () => {
  await using server = await openServer();
  expect((await create(server, 'k', { ...hello, temperature: 9 })).status).toBe(422);
  expect((await create(server, 'k')).status).toBe(201);
});

test('a streamed answer is given again as it was', async () => {
  await using server = await openServer();
  const asked = { model: 'scripted', messages: [{ role: 'user', content: 'Hello' }], stream: true };
  const first = await server.post('/v1/chat/completions', asked, key('k'));
  const text = await first.text();
  expect(text).toContain('[DONE]');
  const again = await server.post('/v1/chat/completions', asked, key('k'));
  expect(await again.text()).toBe(text);
  expect(again.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
  const [summary] = await server.world.storage.runs();
  expect(
    (await server.world.storage.history(summary!.run)).filter(({ kind }) => kind === 'think'),
  ).toHaveLength(1);
});

/** A storage whose server dies before an answer is stored: what came before is there. */
class DiesBeforeAnswers extends MemoryStorage {
  isDead = false;

  override remember(memory: Memory): Promise<void> {
    const isAnswer = (memory.data as { answer?: unknown } | undefined)?.answer !== undefined;
    return isAnswer && this.isDead ? new Promise(() => {}) : super.remember(memory);
  }
}

test('a server that dies between the act and the answer has made one run, which the next server finds', async () => {
  const storage = new DiesBeforeAnswers();
  storage.isDead = true;
  await using dead = await openServer({ storage });
  void create(dead, 'k');
  await expect.poll(() => runsOf(dead)).toBe(1);
  await dead.services.runs.driven.leaveAll();
  storage.isDead = false;
  await using server = await openServer({ storage });
  const answer = await create(server, 'k');
  expect(answer.status).toBe(201);
  const [summary] = await storage.runs();
  expect(await idOf(answer)).toBe(summary!.run);
  expect(await runsOf(server)).toBe(1);
  // What was answered before it died is given again, too.
  const later = await create(server, 'k2');
  await using third = await openServer({ storage });
  expect(await (await create(third, 'k2')).text()).toBe(await later.text());
});

test('what can not be found again is not repeated behind a crash', async () => {
  const storage = new DiesBeforeAnswers();
  storage.isDead = true;
  const asked = { model: 'scripted', messages: [{ role: 'user', content: 'Hello' }] };
  await using dead = await openServer({ storage });
  void dead.post('/v1/chat/completions', asked, key('k'));
  await expect.poll(() => runsOf(dead)).toBe(1);
  await dead.services.runs.driven.leaveAll();
  await using server = await openServer({ storage });
  const answer = await server.post('/v1/chat/completions', asked, key('k'));
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ error: { code: 'cut_off' } });
});

test('after 24 hours a key is new', async () => {
  let nowMs = 1_000;
  const kept = new KeptAnswers(new MemoryStorage(), () => nowMs);
  const entry = { name: 'abcdefghijklmnop', body: 'b', atMs: nowMs };
  await kept.keep(entry);
  nowMs += keptMs - 1;
  expect(await kept.get(entry.name)).toEqual(entry);
  nowMs += 1;
  expect(await kept.get(entry.name)).toBeUndefined();
});
