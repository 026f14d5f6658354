/** POST /api/traces, and what can be seen and done of a trace. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { callerOf, type ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import type { RunService } from './run-service.ts';
import {
  createdTrace,
  createTrace,
  goOnTrace,
  listQuery,
  runningList,
  stepList,
  stepQuery,
  stoppedTrace,
  traceList,
  traceView,
  wentOn,
} from './trace-schemas.ts';

export const traceParams = z.object({ id: z.string().min(1).max(200) });

const noSuchTrace = 'no such run';
const tooMany = 'too many runs are going on; Retry-After tells when to ask again';

const create = createRoute({
  method: 'post',
  path: '/api/traces',
  operationId: 'createTrace',
  summary: 'Create a run and let it go',
  request: { body: jsonBody(createTrace) },
  responses: {
    201: jsonAnswer('the run is durable, and has begun', createdTrace),
    ...refusals({ 403: 'the tenant is not that of the token', 429: tooMany }),
  },
});

const list = createRoute({
  method: 'get',
  path: '/api/traces',
  operationId: 'listTraces',
  summary: 'All runs, the latest first',
  request: { query: listQuery },
  responses: { 200: jsonAnswer('a page of them', traceList) },
});

const running = createRoute({
  method: 'get',
  path: '/api/traces/running',
  operationId: 'runningTraces',
  summary: 'The runs that go on here now',
  responses: { 200: jsonAnswer('all of them', runningList) },
});

const get = createRoute({
  method: 'get',
  path: '/api/traces/{id}',
  operationId: 'getTrace',
  summary: 'One run as it stands',
  request: { params: traceParams },
  responses: { 200: jsonAnswer('the run', traceView), ...refusals({ 404: noSuchTrace }) },
});

const steps = createRoute({
  method: 'get',
  path: '/api/traces/{id}/steps',
  operationId: 'traceSteps',
  summary: 'What a run did',
  request: { params: traceParams, query: stepQuery },
  responses: {
    200: jsonAnswer('a page of its steps, and behind them what is under way', stepList),
    ...refusals({ 404: noSuchTrace }),
  },
});

const goOn = createRoute({
  method: 'post',
  path: '/api/traces/{id}/run',
  operationId: 'runTrace',
  summary:
    'Let a run go on: with what the user says, from behind a step, or with its last answer given again',
  request: { params: traceParams, body: jsonBody(goOnTrace) },
  responses: {
    200: jsonAnswer('that it goes on is durable', wentOn),
    ...refusals({
      404: noSuchTrace,
      409: 'it is running, here or elsewhere; another branch has taken over; it cannot go on here',
      429: tooMany,
    }),
  },
});

const stop = createRoute({
  method: 'post',
  path: '/api/traces/{id}/stop',
  operationId: 'stopTrace',
  summary: 'Hold a run where it stands, at once',
  request: { params: traceParams },
  responses: {
    200: jsonAnswer('that it is to stop is durable; or it was not running', stoppedTrace),
    ...refusals({ 404: noSuchTrace, 409: 'another server drives it' }),
  },
});

export function addTraceRoutes(app: OpenAPIHono<ServerEnv>, runs: RunService): void {
  app.openapi(create, async (context) =>
    context.json(
      await runs.create(context.req.valid('json'), callerOf(context), context.get('identity')),
      201,
    ),
  );
  app.openapi(list, async (context) =>
    context.json(await runs.known.list(context.req.valid('query'), callerOf(context)), 200),
  );
  app.openapi(running, async (context) => context.json(await runs.known.running(callerOf(context)), 200));
  app.openapi(get, async (context) =>
    context.json(await runs.known.get(context.req.valid('param').id, callerOf(context)), 200),
  );
  app.openapi(steps, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(await runs.known.steps(id, context.req.valid('query'), callerOf(context)), 200);
  });
  app.openapi(goOn, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(await runs.goOn(id, context.req.valid('json'), callerOf(context)), 200);
  });
  app.openapi(stop, async (context) => {
    const { id } = context.req.valid('param');
    return context.json({ trace_id: id, status: await runs.stop(id, callerOf(context)) }, 200);
  });
}
