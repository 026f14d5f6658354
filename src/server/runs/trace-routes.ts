/** POST /api/traces and what can be seen and done of a trace. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { callerOf, type ServerEnv } from '../caller.ts';
import { refusal } from '../errors.ts';
import type { RunService } from './run-service.ts';
import { createdTrace, createTrace, traceView } from './trace-schemas.ts';

const refused = (description: string) => ({
  description,
  content: { 'application/json': { schema: refusal } },
});

const create = createRoute({
  method: 'post',
  path: '/api/traces',
  summary: 'Create a run and let it go',
  request: { body: { required: true, content: { 'application/json': { schema: createTrace } } } },
  responses: {
    201: {
      description: 'the run is durable, and has begun',
      content: { 'application/json': { schema: createdTrace } },
    },
    422: refused('a field is not what it may be'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/api/traces/{id}',
  summary: 'One run as it stands',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'the run', content: { 'application/json': { schema: traceView } } },
    404: refused('no such run'),
  },
});

export function addTraceRoutes(app: OpenAPIHono<ServerEnv>, runs: RunService): void {
  app.openapi(create, async (context) =>
    context.json(await runs.create(context.req.valid('json'), callerOf(context)), 201),
  );
  app.openapi(get, (context) =>
    context.json(runs.get(context.req.valid('param').id, callerOf(context)), 200),
  );
}
