import { expect, test } from 'vitest';

import { ApiError } from '../../src/client/api-error.ts';
import { createClient } from '../../src/client/client.ts';
import { eventsOf, type ServerEvent } from '../../src/client/event-stream.ts';
import type { Fetch } from '../../src/client/transport.ts';
import { openServer, type OpenServer } from '../support/open-server.ts';

const hello = { messages: [{ role: 'user' as const, content: 'What is 6*7?' }] };

function clientOf(server: OpenServer) {
  const fetch: Fetch = async (url, request) =>
    server.app.request(url, { ...request, headers: { Host: 'localhost', ...request.headers } });
  return createClient({ baseUrl: 'http://localhost/', fetch });
}

test('an operation is a method: a run is created and looked at', async () => {
  await using server = await openServer();
  const client = clientOf(server);
  const { trace_id: id } = await client.createTrace({ body: hello });
  await expect.poll(async () => (await client.getTrace({ id })).status).toBe('completed');
  expect(await client.getHealth()).toMatchObject({ status: 'ok' });
});

test("Node's fetch is one that the client takes", () => {
  expect(Object.keys(createClient({ baseUrl: 'http://localhost', fetch: globalThis.fetch }))).toContain(
    'createTrace',
  );
});

test('a refusal rejects with its code, its field and its status', async () => {
  await using server = await openServer();
  const refused = clientOf(server).createTrace({ body: { ...hello, temperature: 9 } });
  await expect(refused).rejects.toBeInstanceOf(ApiError);
  await expect(refused).rejects.toMatchObject({
    status: 422,
    code: 'INVALID_ARGUMENT',
    field: 'temperature',
    message: 'temperature: 9 is not allowed; allowed: at most 2',
  });
});

// ---- Repeats ------------------------------------------------------------------------------------------------------------------

const refusal = (status: number, headers: Record<string, string> = {}): Response =>
  new Response('{"error":{"code":"LATER","message":"later"}}', { status, headers });
const created = (): Response => new Response('{"trace_id":"r1"}', { status: 201 });

/** Answers with these one after the other; an error is thrown. */
function scripted(...answers: (Response | Error)[]) {
  const requests: { readonly url: string; readonly headers: Record<string, string> }[] = [];
  const waits: number[] = [];
  let keys = 0;
  const fetch: Fetch = async (url, { headers }) => {
    requests.push({ url, headers: { ...headers } });
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
    return answer;
  };
  const options = { baseUrl: 'http://x', fetch, token: 't', wait: async (ms: number) => void waits.push(ms) };
  return { requests, waits, options, newKey: () => `key-${++keys}` };
}

test('what the server wants repeated later is repeated under the same key, after the time it names', async () => {
  const { requests, waits, options, newKey } = scripted(
    refusal(503, { 'Retry-After': '2' }),
    refusal(429, { 'Retry-After': '1' }),
    created(),
  );
  const client = createClient({ ...options, newKey });
  expect(await client.createTrace({ body: hello })).toEqual({ trace_id: 'r1' });
  expect(waits).toEqual([2_000, 1_000]);
  expect(requests.map(({ headers }) => headers['Idempotency-Key'])).toEqual(['key-1', 'key-1', 'key-1']);
  expect(requests[0]!.headers).toMatchObject({
    Authorization: 'Bearer t',
    'Content-Type': 'application/json',
  });
});

test('a request without an answer is repeated only when it cannot act twice', async () => {
  const keyed = scripted(new Error('reset'), created());
  expect(await createClient({ ...keyed.options, newKey: keyed.newKey }).createTrace({ body: hello })).toEqual(
    { trace_id: 'r1' },
  );
  const own = scripted(new Error('reset'), created());
  await createClient(own.options).createTrace({ body: hello, idempotencyKey: 'mine' });
  expect(own.requests.map(({ headers }) => headers['Idempotency-Key'])).toEqual(['mine', 'mine']);
  const bare = scripted(new Error('reset'), created());
  await expect(createClient(bare.options).createTrace({ body: hello })).rejects.toThrow('reset');
  const looked = scripted(
    new Error('reset'),
    new Error('reset'),
    new Error('reset'),
    new Error('reset'),
    new Error('down'),
  );
  await expect(createClient(looked.options).getTrace({ id: 'a/b?' })).rejects.toThrow('down');
  expect(looked.requests[0]!.url).toBe('http://x/api/traces/a%2Fb%3F');
  expect(looked.waits).toEqual([250, 500, 1_000, 2_000]);
});

test.each([
  [429, {}],
  [503, { 'Retry-After': '3600' }],
  [500, { 'Retry-After': '1' }],
])('a %i with %j is told at once', async (status, headers) => {
  const { requests, options, newKey } = scripted(refusal(status, headers));
  await expect(createClient({ ...options, newKey }).createTrace({ body: hello })).rejects.toMatchObject({
    status,
    code: 'LATER',
  });
  expect(requests).toHaveLength(1);
});

test('an answer that is not of the server is an error all the same', async () => {
  const { options } = scripted(new Response('<html>Bad Gateway', { status: 502 }));
  await expect(createClient(options).getTrace({ id: 'x' })).rejects.toMatchObject({
    status: 502,
    code: 'UNKNOWN',
    message: 'the server answered 502',
  });
});

// ---- Event streams ------------------------------------------------------------------------------------------------------------

async function readAll(text: string, pieces: number): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text);
  const { body } = new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += pieces) controller.enqueue(bytes.slice(at, at + pieces));
        controller.close();
      },
    }),
  );
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(body!.getReader())) events.push(event);
  return events;
}

test.each([1, 2, 3, 7, 1_000])(
  'events come whole, whatever the pieces (%i bytes) they arrive in',
  async (pieces) => {
    const stream =
      ': hello\nid: 1\nevent: greeting\ndata: über €\ndata:😀\n\nretry: 10\r\ndata: plain\r\n\r\nid\rdata\r\rdata: cut off';
    expect(await readAll(stream, pieces)).toEqual([
      { id: '1', type: 'greeting', data: 'über €\n😀' },
      { id: '1', type: 'message', data: 'plain' },
      { id: '', type: 'message', data: '' },
    ]);
  },
);

test('a watched run whose connection breaks goes on behind the last event, and ends with its end', async () => {
  await using server = await openServer();
  const asked: (string | undefined)[] = [];
  const fetch: Fetch = async (url, request) => {
    asked.push(request.headers['last-event-id']);
    const answer = await server.app.request(url, {
      ...request,
      headers: { Host: 'localhost', ...request.headers },
    });
    return asked.length % 2 === 1 && url.includes('/watch') ? brokenBehind(answer, 2) : answer;
  };
  const client = createClient({ baseUrl: 'http://localhost', fetch, wait: async () => {} });
  const { trace_id: id } = await client.createTrace({ body: hello });
  asked.length = 0;
  const events: { readonly id: string; readonly type: string }[] = [];
  for await (const { id: eventId, data } of client.watchTrace({ id }))
    events.push({ id: eventId, type: (JSON.parse(data) as { readonly type: string }).type });
  expect(events[0]!.type).toBe('trace_started');
  expect(events.at(-1)!.type).toBe('trace_completed');
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.slice(1).every((last) => last !== undefined)).toBe(true);
});

/** The connection is lost behind so many events. */
function brokenBehind(answer: Response, events: number): Response {
  const reader = answer.body!.getReader();
  let left = events;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (left <= 0) {
        await reader.cancel();
        return controller.error(new Error('connection lost'));
      }
      const { done, value } = await reader.read();
      if (done) return controller.close();
      const text = new TextDecoder().decode(value);
      const whole = text.split('\n\n').slice(0, -1);
      controller.enqueue(
        new TextEncoder().encode(
          whole
            .slice(0, left)
            .map((one) => `${one}\n\n`)
            .join(''),
        ),
      );
      left -= whole.length;
      return undefined;
    },
  });
  return new Response(stream, answer);
}
