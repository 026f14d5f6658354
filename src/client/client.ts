/**
 * The typed client of the server's API: a method for each operation of the OpenAPI document. It does no I/O of its own: fetch and waiting are handed in, so that the same client runs in Node, in a
 * browser and in a test without a port.
 */
import { ApiError } from './api-error.ts';
import { operations, type Operations } from './api.ts';
import { eventsOf, type ServerEvent } from './event-stream.ts';
import type { Fetch, FetchAnswer } from './transport.ts';

export interface ClientOptions {
  /** Such as `http://127.0.0.1:4790`. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly token?: string;
  /** Resolves after so many ms. Absent: nothing is repeated. */
  readonly wait?: (ms: number) => Promise<void>;
  /** A new text like no other: each POST that names no Idempotency-Key gets one, so that it may be repeated. Absent: it gets none. */
  readonly newKey?: () => string;
}

/** How one operation is described: where its arguments go, and what comes back. */
export interface OperationRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its parameters in braces. */
  readonly path: string;
  /** By their names here, as HTTP knows them. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: 'json' | 'text' | 'events' | 'none';
}

type Name = keyof Operations;
type Given<Operation extends Name> = Operations[Operation]['arguments'];
/** An event stream goes on by itself when its connection breaks, behind the last event that came. */
type Answered<Operation extends Name> = Operations[Operation]['answer'] extends ServerEvent
  ? AsyncIterableIterator<ServerEvent>
  : Promise<Operations[Operation]['answer']>;

/** Each rejects with ApiError for a refusal, and with what `fetch` rejects with when there is no answer. */
export type Client = {
  readonly [Operation in Name]: (
    ...given: Readonly<Record<string, never>> extends Given<Operation>
      ? [given?: Given<Operation>]
      : [given: Given<Operation>]
  ) => Answered<Operation>;
};

/** Repeats of one request. */
const repeatsMax = 4;
/** A server that wants longer is not waited for, ms. */
const waitMax = 30_000;

export function createClient(options: ClientOptions): Client {
  const methods = Object.entries(operations).map(([name, route]: [string, OperationRoute]) => [
    name,
    (given: Arguments = {}) =>
      route.answer === 'events' ? watched(options, route, given) : answered(options, route, given),
  ]);
  return Object.fromEntries(methods) as Client;
}

type Arguments = Readonly<Record<string, unknown>>;

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

async function answered(options: ClientOptions, route: OperationRoute, given: Arguments): Promise<unknown> {
  const answer = await sent(options, asked(options, route, given));
  const text = await answer.text();
  if (route.answer === 'none') return undefined;
  return route.answer === 'text' ? text : (JSON.parse(text) as unknown);
}

/** Ends when the server says that nothing more comes (204), or its reader stops. */
async function* watched(
  options: ClientOptions,
  route: OperationRoute,
  given: Arguments,
): AsyncGenerator<ServerEvent, void> {
  const request = asked(options, route, given);
  const { wait } = options;
  for (let breaks = 0; ;) {
    try {
      const { status, body } = await sent(options, request);
      if (status === 204 || body === null) return;
      for await (const event of eventsOf(body.getReader())) {
        breaks = 0;
        if (event.id !== '') request.headers['last-event-id'] = event.id;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (wait === undefined || breaks >= repeatsMax) throw error;
    }
    if (wait === undefined || breaks >= repeatsMax) throw new ApiError(0, brokenOff);
    await wait(backOff(breaks++));
  }
}

const brokenOff = '{"error":{"code":"BROKEN_OFF","message":"the event stream ended before its last event"}}';

/** What ends a run ends the stream of its events. */
function isLast({ data }: ServerEvent): boolean {
  try {
    const { type } = JSON.parse(data) as { readonly type?: unknown };
    return typeof type === 'string' && /^trace_(completed|failed|cancelled)$/.test(type);
  } catch {
    return false;
  }
}

/** Repeats what the server wants repeated later, and what got no answer, if that can't act twice. */
async function sent({ fetch, wait }: ClientOptions, { url, ...request }: Asked): Promise<FetchAnswer> {
  const isSafe = request.method === 'GET' || 'Idempotency-Key' in request.headers;
  for (let repeat = 0; ; repeat++) {
    const mayRepeat = wait !== undefined && repeat < repeatsMax;
    let answer: FetchAnswer;
    try {
      answer = await fetch(url, request);
    } catch (error) {
      if (!mayRepeat || !isSafe) throw error;
      await wait(backOff(repeat));
      continue;
    }
    if (answer.status < 400) return answer;
    const told = answer.headers.get('Retry-After');
    const retryAfter = told !== null && /^\d+$/.test(told) ? Number(told) : undefined;
    const refused = new ApiError(answer.status, await answer.text(), retryAfter);
    // Both say that nothing was done.
    const isLater = (answer.status === 429 || answer.status === 503) && retryAfter !== undefined;
    if (!mayRepeat || !isLater || retryAfter * 1_000 > waitMax) throw refused;
    await wait(Math.max(retryAfter * 1_000, backOff(repeat)));
  }
}

const backOff = (repeat: number): number => 250 * (1 << repeat);

function asked(
  { baseUrl, token, newKey }: ClientOptions,
  { method, path, query = {}, headers: named = {}, answer }: OperationRoute,
  given: Arguments,
): Asked {
  const headers: Record<string, string> = {
    Accept: answer === 'events' ? 'text/event-stream' : answer === 'text' ? '*/*' : 'application/json',
  };
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
  for (const [name, header] of Object.entries(named))
    if (given[name] !== undefined) headers[header] = textOf(given[name]);
  if (method === 'POST' && newKey !== undefined) headers['Idempotency-Key'] ??= newKey();
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(textOf(given[name])));
  const pairs = Object.entries(query).flatMap(([name, parameter]) =>
    valuesOf(given[name]).map(
      (value) => `${encodeURIComponent(parameter)}=${encodeURIComponent(textOf(value))}`,
    ),
  );
  const url = `${baseUrl.replace(/\/+$/, '')}${filled}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  if (given['body'] === undefined) return { url, method, headers };
  headers['Content-Type'] = 'application/json';
  return { url, method, headers, body: JSON.stringify(given['body']) };
}

const valuesOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));
