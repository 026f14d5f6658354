/** POST /api/traces and what can be seen and done of a trace. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { callerOf, type ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import type { RunService } from './run-service.ts';
import { createdTrace, createTrace, traceView } from './trace-schemas.ts';

const create = createRoute({
  method: 'post',
  path: '/api/traces',
  operationId: 'createTrace',
  summary: 'Create a run and let it go',
  request: { body: jsonBody(createTrace) },
  responses: { 201: jsonAnswer('the run is durable, and has begun', createdTrace) },
});

const get = createRoute({
  method: 'get',
  path: '/api/traces/{id}',
  operationId: 'getTrace',
  summary: 'One run as it stands',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: jsonAnswer('the run', traceView), ...refusals({ 404: 'no such run' }) },
});

export function addTraceRoutes(app: OpenAPIHono<ServerEnv>, runs: RunService): void {
  app.openapi(create, async (context) =>
    context.json(await runs.create(context.req.valid('json'), callerOf(context)), 201),
  );
  app.openapi(get, (context) =>
    context.json(runs.get(context.req.valid('param').id, callerOf(context)), 200),
  );
}
