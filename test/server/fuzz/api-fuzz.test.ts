/** Requests drawn from the document: never a 500, never a hang, every answer as documented, and nothing is left behind. `npm run soak` sends 10,000. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { ApiDocument, ApiOperation, ApiParameter } from '../../../src/server/openapi/document.ts';
import { documentOf } from '../../../src/server/openapi/document.ts';
import { exampleOf } from '../../../src/server/openapi/example.ts';
import { ApiConformity } from '../../support/api-conformity.ts';
import { openServer, type OpenServer } from '../../support/open-server.ts';
import { seedCount } from '../../support/seeds.ts';
import { drawn } from './drawn-values.ts';

interface DrawnRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: ApiOperation;
}

/** Longest answer, ms: none of them waits for anybody. */
const patienceMs = 10_000;
/** Of a hundred values. */
const twists = [0, 5, 40];

test('whatever is sent, the server answers as documented and goes on', async () => {
  await using server = await openServer({ options: { chat: { idleUs: 100_000 } } });
  const document = documentOf(server.app, '0.0.0');
  const known = await knownIds(server);
  const conformity = new ApiConformity(document);
  const requests = fc.oneof(...operationsOf(document).map((placed) => drawnRequest(document, placed, known)));
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const { method, path, headers, body } = request;
      const { status, type, text } = await answerTo(server, request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect(status, `${method} ${path} ${JSON.stringify(headers)} ${body}: ${text}`).not.toBe(500);
      expect(conformity.problemOf(method, path, status, type, text)).toBeUndefined();
    }),
    { seed: 7, numRuns: seedCount(300, 10_000), endOnFailure: true },
  );
  // A test in which everything is refused at the door shows nothing.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(20);
  expect(statuses.get(201) ?? 0).toBeGreaterThan(0);
  expect(statuses.get(422) ?? 0).toBeGreaterThan(20);
  await checkNothingLeft(server);
});

function operationsOf({ paths }: ApiDocument): Placed[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
}

/** Of a run that has ended and of one that is stopped; ids that there are lead further than others. */
async function knownIds(server: OpenServer): Promise<readonly string[]> {
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'Hello' }] });
  const { trace_id: id } = (await made.json()) as { readonly trace_id: string };
  await expect.poll(() => server.services.runs.driven.get(id)).toBeUndefined();
  return [id, '1', 'scripted'];
}

// ---- Requests ---------------------------------------------------------------------------------------------------------------

function drawnRequest(
  document: ApiDocument,
  { method, path, operation }: Placed,
  known: readonly string[],
): fc.Arbitrary<DrawnRequest> {
  const { parameters = [], requestBody } = operation;
  const inPlace = (place: ApiParameter['in'], isText: boolean) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((one) => one.in === place)
          .map((one) => [one.name, drawnText(document, one, known, isText)]),
      ),
      {
        requiredKeys:
          place === 'path' ? parameters.filter((one) => one.in === 'path').map(({ name }) => name) : [],
      },
    );
  const schema = requestBody?.content['application/json']?.schema;
  const body =
    schema === undefined
      ? fc.constantFrom(undefined, '{}')
      : fc.oneof(
          { weight: 12, arbitrary: fc.constant(JSON.stringify(exampleOf(document, schema))) },
          ...twists.map((twist) => ({
            weight: 6,
            arbitrary: anchored(drawn(document, schema, twist), exampleOf(document, schema)).map((value) =>
              JSON.stringify(value),
            ),
          })),
          {
            weight: 1,
            arbitrary: fc.constantFrom('', '{', '[1,', 'null', '"x"', '{"a":1}x', '\ufeff{}', undefined),
          },
        );
  const type = fc.oneof(
    { weight: 30, arbitrary: fc.constant<string | undefined>('application/json') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        undefined,
        'text/plain',
        'application/json; charset=utf-8',
        'multipart/form-data',
      ),
    },
  );
  return fc
    .tuple(inPlace('path', true), inPlace('query', true), inPlace('header', true), body, type)
    .map(([inPath, inQuery, inHeader, text, contentType]) => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(inPath[name] ?? ''),
      );
      const query = new URLSearchParams(inQuery as Record<string, string>).toString();
      const headers: Record<string, string> = { Host: 'localhost' };
      for (const [name, value] of Object.entries(inHeader)) headers[name] = headerText(value);
      const isSent = text !== undefined && method !== 'get';
      if (isSent && contentType !== undefined) headers['Content-Type'] = contentType;
      return {
        method: method.toUpperCase(),
        path: query === '' ? filled : `${filled}?${query}`,
        headers,
        body: isSent ? text : undefined,
      };
    });
}

/** With some fields of the example: a model that there is, a task, without which most of a request is never looked at. */
function anchored(values: fc.Arbitrary<unknown>, example: unknown): fc.Arbitrary<unknown> {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) return values;
  const fields = fc.subarray(Object.entries(example));
  return fc
    .tuple(values, fields)
    .map(([value, kept]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { ...value, ...Object.fromEntries(kept) }
        : value,
    );
}

function drawnText(
  document: ApiDocument,
  { name, schema, in: place }: ApiParameter,
  known: readonly string[],
  isText: boolean,
) {
  // One that comes twice is mostly refused: another body.
  if (name === 'Idempotency-Key')
    return fc.oneof(
      { weight: 20, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.constantFrom('k1', 'a b') },
    );
  const value = drawn(document, schema, isText ? 4 : 0).map((one) =>
    (typeof one === 'string' ? one : (JSON.stringify(one) ?? '')).replaceAll(/\p{Surrogate}/gu, '?'),
  );
  if (place !== 'path') return value;
  return fc.oneof(
    fc.constantFrom(...known),
    value.filter((text) => text !== ''),
  );
}

/** What a header can carry at all. */
const headerText = (text: string): string =>
  text
    .replaceAll(/[^\t -~]/g, '?')
    .trim()
    .slice(0, 4_000);

// ---- Answers ----------------------------------------------------------------------------------------------------------------

async function answerTo(server: OpenServer, { method, path, headers, body }: DrawnRequest) {
  const hangUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${method} ${path}: no answer`)), patienceMs);
  });
  try {
    const init = { method, headers, signal: hangUp.signal, ...(body === undefined ? {} : { body }) };
    const answer = await Promise.race([server.app.request(path, init), late]);
    const type = answer.headers.get('Content-Type') ?? '';
    // A watcher may look for ever.
    const isStream = type.startsWith('text/event-stream');
    const text = isStream ? '-' : await Promise.race([answer.text(), late]);
    if (isStream) await answer.body?.cancel();
    return { status: answer.status, type, text };
  } finally {
    clearTimeout(timer);
    hangUp.abort();
  }
}

/** Everything that still runs is told to end, and does; the server takes new work. */
async function checkNothingLeft(server: OpenServer): Promise<void> {
  const { live } = server.world;
  const alive = () => live.kernel.snapshot().processes.filter(({ state }) => state !== 'terminated');
  for (const { pid } of alive()) live.signal(pid as never, 'kill');
  await expect.poll(() => alive().length).toBe(0);
  await expect.poll(() => server.services.runs.driven.all().length, { timeout: 5_000 }).toBe(0);
  live.kernel.checkInvariants();
  expect((await server.get('/health')).status).toBe(200);
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'Hello' }] });
  expect(made.status).toBe(201);
}
