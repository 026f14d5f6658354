/** GET /api/traces/{id}/watch: the events of a run, by WebSocket or as server-sent events. */
import { upgradeWebSocket } from '@hono/node-server';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { LRUCache } from 'lru-cache';
import type { WebSocket } from 'ws';

import { parseEventId, type EventPlace } from '../../agents/traces/watch-event.ts';
import { callerOf, type Caller, type ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import { refusals } from '../openapi/answers.ts';
import type { KnownRuns } from '../runs/known-runs.ts';
import { eventStream } from './event-stream.ts';
import type { SeesRun } from './kernel-feed.ts';
import type { Watches } from './open-watches.ts';
import type { Watcher } from './watcher.ts';
import { WebSocketSink } from './web-socket.ts';

export interface WatchRoutesOptions {
  readonly watches: Watches;
  /** Whose runs are whose. `factsFor`: rejects with Refused unless the caller may see the run. */
  readonly known: Pick<KnownRuns, 'factsFor' | 'isSeen'>;
}

const after = z.string().max(128).optional().openapi({
  description: 'the id of an event: what came behind it is told; default: everything',
  example: '17',
});

const watch = createRoute({
  method: 'get',
  path: '/api/traces/{id}/watch',
  operationId: 'watchTrace',
  summary: 'Watch a run, by WebSocket or as server-sent events',
  request: {
    params: z.object({ id: z.string() }),
    query: z.object({
      after,
      branch: z
        .string()
        .max(64)
        .optional()
        .openapi({ description: 'default: the one with which the run goes on' }),
    }),
    headers: z.object({
      'last-event-id': after.openapi({ description: 'as `after`, before which it goes' }),
    }),
  },
  responses: {
    101: { description: 'to a WebSocket; each message is a JSON array of events' },
    200: {
      description: 'events, until the run ends or is stopped',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    204: { description: 'the run has ended, and there is nothing behind the event' },
    ...refusals({
      404: 'no such run or branch',
      422: '`after` is no event that the run has told',
      503: 'the storage is not available',
    }),
  },
});

const events = createRoute({
  method: 'get',
  path: '/api/events',
  operationId: 'watchKernel',
  summary: 'Watch the processes of the kernel, by WebSocket or as server-sent events',
  request: {
    query: z.object({
      after: z.string().max(128).optional().openapi({
        description:
          'the id of an event: what came behind it is told, and a `gap` where that is not there any more; `0`: whatever is there; default: what happens from now on',
      }),
    }),
    headers: z.object({
      'last-event-id': after.openapi({ description: 'as `after`, before which it goes' }),
    }),
  },
  responses: {
    101: { description: 'to a WebSocket; each message is a JSON array of events' },
    200: {
      description: 'events, until the server stops',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...refusals({ 422: '`after` is no event of this server' }),
  },
});

export function addWatchRoutes(app: OpenAPIHono<ServerEnv>, { watches, known }: WatchRoutesOptions): void {
  app.openapi(watch, async (context) => {
    const { id } = context.req.valid('param');
    const { after: query, branch } = context.req.valid('query');
    const [field, told] = lastTold(context.req.valid('header')['last-event-id'], query);
    const place = placeOf(field, told);
    await known.factsFor(id, callerOf(context));
    const watcher = await watches.runs.watch(id, { after: place, branch });
    if (watcher === 'unknown')
      throw new Refused(404, 'NOT_FOUND', `trace ${JSON.stringify(id)}: there is none, or no such branch`);
    if (watcher === 'nowhere') throw noEvent(field, told);
    return answer(context, watcher);
  });
  app.openapi(events, (context) => {
    const [field, told] = lastTold(
      context.req.valid('header')['last-event-id'],
      context.req.valid('query').after,
    );
    const caller = callerOf(context);
    const watcher =
      caller.tenant === undefined
        ? watches.kernel.watch(told)
        : watches.kernel.watch(
            told,
            seesRunsOf(caller, known, () => (watcher as Watcher).pump()),
          );
    if (watcher === 'nowhere') throw noEvent(field, told);
    return answer(context, watcher);
  });
}

/** Asks for each run once. */
function seesRunsOf(caller: Caller, known: Pick<KnownRuns, 'isSeen'>, onKnown: () => void): SeesRun {
  const verdicts = new LRUCache<string, { isSeen: boolean | undefined }>({ max: 10_000 });
  return (run) => {
    const before = verdicts.get(run);
    if (before !== undefined) return before.isSeen;
    const verdict: { isSeen: boolean | undefined } = { isSeen: undefined };
    verdicts.set(run, verdict);
    const know = (isSeen: boolean): void => {
      verdict.isSeen = isSeen;
      onKnown();
    };
    known.isSeen(run, caller).then(know, () => know(false));
    return undefined;
  };
}

/** Connects whoever asked with `watcher`. */
async function answer(context: Context, watcher: Watcher): Promise<Response> {
  if (context.req.header('upgrade')?.toLowerCase() === 'websocket') {
    const upgrade = upgradeWebSocket(() => ({
      onOpen: (_event, { raw }) => void new WebSocketSink(raw as WebSocket, watcher),
    }));
    return (await upgrade(context, () => Promise.resolve())) ?? context.body(null, 400);
  }
  if (context.req.method === 'HEAD' || watcher.hasNothing) {
    watcher.end('gone');
    return context.body(null, context.req.method === 'HEAD' ? 200 : 204);
  }
  return context.body(eventStream(watcher), 200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
}

/** What a browser says when it connects again is later than what the address has said from the start. */
function lastTold(
  header: string | undefined,
  query: string | undefined,
): readonly [field: string, told: string | undefined] {
  return header === undefined || header === '' ? ['after', query] : ['Last-Event-ID', header];
}

function placeOf(field: string, told: string | undefined): EventPlace | undefined {
  if (told === undefined || told === '0') return undefined;
  const place = parseEventId(told);
  if (place === undefined) throw noEvent(field, told);
  return place;
}

function noEvent(field: string, told: string | undefined): Refused {
  return new Refused(
    422,
    'INVALID_ARGUMENT',
    `${field}: ${JSON.stringify(told)} is not allowed; allowed: the id of an event that the run has told`,
    { field },
  );
}
