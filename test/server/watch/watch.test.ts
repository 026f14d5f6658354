/** Runs watched over real connections. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../../src/kernel/storage.ts';
import { listen, type Listening } from '../../../src/server/listen.ts';
import { HostileServer, says, type Behaviour } from '../../support/hostile-server.ts';
import { openServer, type OpenServer } from '../../support/open-server.ts';
import { isNumbered, overEventStream, overWebSocket, type Told } from '../../support/watching.ts';

let model: HostileServer;
let server: OpenServer;
let port: Listening;
let storage: StorageManager;
beforeEach(async () => {
  storage = new MemoryStorage();
  model = await HostileServer.start();
  await open();
});
afterEach(async () => {
  await close();
  await model.close();
});

async function open(): Promise<void> {
  server = await openServer({
    words: ['--model', 'm', '--model-url', model.url, '--retries', '0'],
    storage,
  });
  port = await listen(server.app, { host: '127.0.0.1', port: 0 });
}
async function close(): Promise<void> {
  await server.services.close(Promise.resolve());
  await port.close(0);
  await server[Symbol.asyncDispose]();
}
async function begun(content: string, more: object = {}): Promise<string> {
  const answer = await server.post('/api/traces', { messages: [{ role: 'user', content }], ...more });
  return ((await answer.json()) as { trace_id: string }).trace_id;
}
const goOn = (id: string, body: object = {}): Promise<Response> => server.post(`/api/traces/${id}/run`, body);
const says1 = (content: string): object => ({ messages: [{ role: 'user', content }] });
const pathOf = (id: string, after?: string): string =>
  `/api/traces/${id}/watch${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`;
const typesOf = (events: readonly Told[]): string[] => events.map(({ type }) => type);
const piece = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
/** Says this much and then nothing. */
const stallsBehind =
  (...words: readonly string[]): Behaviour =>
  async (exchange) => {
    for (const word of words) await exchange.send(piece(word));
    await exchange.stall();
  };

test('a run is told from its start to its end, the same over both protocols, and from any event on', async () => {
  model.behave(says('It is 42.'));
  const id = await begun('What is 6*7?');
  const { events, code, reason } = await overWebSocket(port.url, pathOf(id));
  expect([code, reason]).toEqual([1_000, 'over']);
  const numbered = events.filter(isNumbered);
  expect(numbered.map((event) => event.id)).toEqual(['1', '2', '3', '4']);
  expect(typesOf(numbered)).toEqual(['trace_started', 'llm_call_completed', 'conclusion', 'trace_completed']);
  expect(numbered[1]).toMatchObject({ step: 1, data: { text: 'It is 42.' }, usage: expect.anything() });
  const again = await overEventStream(port.url, pathOf(id));
  expect(again.events.filter(isNumbered)).toEqual(numbered);
  for (const [index, { id: after }] of numbered.entries())
    expect((await overWebSocket(port.url, pathOf(id, after))).events).toEqual(numbered.slice(index + 1));
  const rest = await overEventStream(port.url, pathOf(id, '1'), { headers: { 'Last-Event-ID': '3' } });
  expect(rest.events).toEqual(numbered.slice(3));
  // A browser takes this for the end, and does not come again.
  expect((await fetch(`${port.url}${pathOf(id, '4')}`)).status).toBe(204);
});

test('who comes while an answer is under way gets the text so far, and who comes back goes on behind the last piece', async () => {
  model.behave(stallsBehind('One ', 'word ', 'more.'));
  const id = await begun('Tell me.');
  const first = await overWebSocket(port.url, pathOf(id), { until: ({ type }) => type === 'text_delta' });
  const [under, ...others] = (
    await overWebSocket(port.url, pathOf(id), {
      until: ({ type, text, steps }) =>
        String(text).endsWith('more.') || (type === 'under_way' && JSON.stringify(steps).includes('more.')),
    })
  ).events.filter((event) => !isNumbered(event));
  expect(under!.type).toBe('under_way');
  const [{ text }] = under!['steps'] as [{ text: string }];
  expect(text + others.map((event) => event['text']).join('')).toBe('One word more.');
  const last = first.events.at(-1)!;
  // The same life of the log: nothing is told twice, and nothing in one piece that was not.
  const back = await overEventStream(port.url, pathOf(id, last.id), {
    until: (event) => String(event['text']).endsWith('more.'),
  });
  const before = first.events.filter(({ type }) => type === 'text_delta').map((event) => event['text']);
  const behind = back.events.map(({ type, text: more }) => `${type} ${String(more)}`);
  expect(behind.every((line) => line.startsWith('text_delta'))).toBe(true);
  expect([...before, ...back.events.map((event) => event['text'])].join('')).toBe('One word more.');
});

test('a place of another life gets what is under way in one event', async () => {
  model.behave(stallsBehind('One ', 'word.'));
  const id = await begun('Tell me.');
  await expect.poll(() => model.exchanges.length).toBe(1);
  const { events } = await overWebSocket(port.url, pathOf(id, '1.otherlife.7'), {
    until: ({ type }) => type === 'under_way' || type === 'text_delta' || type === 'step_started',
  });
  expect(typesOf(events)).toEqual(['under_way']);
});

test('a stopped run is told to be stopped; who comes back waits for what follows', async () => {
  model.behave(stallsBehind('Half '), says('Whole.'));
  const id = await begun('Tell me.');
  await expect.poll(() => model.exchanges.length).toBe(1);
  const watching = overWebSocket(port.url, pathOf(id));
  await expect.poll(() => server.services.watches.runs.held.logs).toBe(1);
  await server.post(`/api/traces/${id}/stop`, {});
  const { events, code, reason } = await watching;
  expect(code).toBe(1_000);
  expect(reason).toMatch(/^stopped; after=2/);
  expect(events.filter(isNumbered).at(-1)).toMatchObject({ id: '2', type: 'trace_stopped' });
  const rest = overEventStream(port.url, pathOf(id, '2'));
  await expect.poll(async () => (await goOn(id)).status).toBe(200);
  const { events: behind } = await rest;
  expect(typesOf(behind.filter(isNumbered))).toEqual([
    'trace_continued',
    'llm_call_completed',
    'conclusion',
    'trace_completed',
  ]);
  expect(behind.filter(isNumbered)[0]).toMatchObject({ id: '3' });
});

test('a run that goes on behind a step says so; its events are numbered anew, and who was told the others goes on behind them', async () => {
  model.behave(says('First.'), says('Second.'));
  const id = await begun('One.');
  const { events } = await overWebSocket(port.url, pathOf(id));
  const { id: last } = events.filter(isNumbered).at(-1)!;
  expect((await goOn(id, says1('Two.'))).status).toBe(200);
  const behind = (await overWebSocket(port.url, pathOf(id, last))).events.filter(isNumbered);
  expect(behind.map((event) => [event.id, event.type])).toEqual([
    ['rewind-1:1', 'trace_rewound'],
    ['rewind-1:2', 'message_sent'],
    ['rewind-1:3', 'llm_call_completed'],
    ['rewind-1:4', 'conclusion'],
    ['rewind-1:5', 'trace_completed'],
  ]);
  expect(behind[0]).toMatchObject({ branch: 'rewind-1', from: 'main', after: 1 });
  expect(behind[2]).toMatchObject({ step: 2, data: { text: 'Second.' } });
  // The whole line, from storage alone.
  await close();
  await open();
  const whole = (await overEventStream(port.url, pathOf(id))).events;
  expect(whole).toEqual([...events.filter(isNumbered), ...behind]);
  const part = await overEventStream(port.url, pathOf(id, 'rewind-1:3'));
  expect(part.events).toEqual(behind.slice(3));
});

test('a watcher goes on behind what it was told at the server that takes over', async () => {
  model.behave(stallsBehind('Half '), says('Whole.'));
  const id = await begun('Tell me.');
  const watching = overWebSocket(port.url, pathOf(id));
  await expect.poll(() => server.services.watches.runs.held.logs).toBe(1);
  await expect.poll(() => model.exchanges.length).toBe(1);
  await close();
  const { events, code } = await watching;
  expect([1_000, 1_012]).toContain(code);
  const before = events.filter(isNumbered);
  await open();
  const rest = overWebSocket(port.url, pathOf(id, events.findLast(isNumbered)!.id));
  await server.services.left.takeUp();
  const behind = (await rest).events.filter(isNumbered);
  const whole = await overEventStream(port.url, pathOf(id));
  expect([...before, ...behind]).toEqual(whole.events);
  expect(whole.events.at(-1)).toMatchObject({ type: 'trace_completed' });
});

test('whoever watches is told that the server stops', async () => {
  const watching = overWebSocket(port.url, '/api/events');
  const streaming = overEventStream(port.url, '/api/events');
  await begun('Go.');
  await expect.poll(() => server.services.watches.kernel.end).toBeGreaterThan(1);
  server.services.watches.close();
  const { events, code, reason } = await watching;
  expect(events.at(-1)).toMatchObject({ type: 'watch_ended', why: 'shutdown' });
  expect(code).toBe(1_012);
  expect(reason).toMatch(/^shutdown/);
  await streaming.catch(() => {});
});

test('who asks for what is not there, or may not see it, is refused before anything is told', async () => {
  model.behave(says('Yes.'));
  const id = await begun('One.', { uid: 'ann' });
  await expect.poll(async () => (await overEventStream(port.url, pathOf(id))).events.length).toBe(4);
  const refusals: (readonly [string, Record<string, string>, number, string])[] = [
    ['/api/traces/none/watch', {}, 404, 'none'],
    [pathOf(id, '99'), {}, 422, 'after'],
    [pathOf(id, 'x'), {}, 422, 'after'],
    [pathOf(id, 'fork-1:1'), {}, 422, 'after'],
    [`${pathOf(id)}?branch=none`, {}, 404, 'branch'],
    [pathOf(id), { 'Last-Event-ID': '77' }, 422, 'Last-Event-ID'],
    [pathOf(id), { Origin: 'http://elsewhere.example' }, 403, 'Origin'],
    ['/api/events?after=x', {}, 422, 'after'],
  ];
  for (const [path, headers, status, word] of refusals) {
    const answer = await fetch(`${port.url}${path}`, { headers });
    expect([path, answer.status]).toEqual([path, status]);
    expect(JSON.stringify(await answer.json())).toContain(word);
    await expect(overWebSocket(port.url, path, { headers })).rejects.toThrow(`refused with ${status}`);
  }
  const own = { Origin: port.url };
  expect((await overWebSocket(port.url, pathOf(id), { headers: own })).events).toHaveLength(4);
});
