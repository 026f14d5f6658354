/** Simulations as jobs. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import { createJob, jobList, jobView } from './job-schemas.ts';
import type { JobService } from './job-service.ts';

const params = z.object({ id: z.string().min(1).max(200) });
const noSuchJob = 'no such job, or not any more';

const create = createRoute({
  method: 'post',
  path: '/api/jobs',
  operationId: 'createJob',
  summary: 'Simulate a scenario, with each scheduler and each seed',
  request: { body: jsonBody(createJob) },
  responses: {
    202: jsonAnswer('it waits or runs', jobView),
    ...refusals({ 429: 'too many jobs are waiting' }),
  },
});

const list = createRoute({
  method: 'get',
  path: '/api/jobs',
  operationId: 'listJobs',
  summary: 'All jobs that are known, the latest first',
  responses: { 200: jsonAnswer('jobs without their rows', jobList) },
});

const get = createRoute({
  method: 'get',
  path: '/api/jobs/{id}',
  operationId: 'getJob',
  summary: 'A job with what has come of it so far',
  request: { params },
  responses: { 200: jsonAnswer('the job', jobView), ...refusals({ 404: noSuchJob }) },
});

const cancel = createRoute({
  method: 'delete',
  path: '/api/jobs/{id}',
  operationId: 'cancelJob',
  summary: 'End a job at once; one that has ended stays as it is',
  request: { params },
  responses: { 200: jsonAnswer('the job', jobView), ...refusals({ 404: noSuchJob }) },
});

export function addJobRoutes(app: OpenAPIHono<ServerEnv>, jobs: JobService): void {
  app.openapi(create, (context) => context.json(jobs.create(context.req.valid('json')), 202));
  app.openapi(list, (context) =>
    context.json({ jobs: jobs.list().map(({ rows: _rows, ...summary }) => summary) }, 200),
  );
  app.openapi(get, (context) => context.json(jobs.get(context.req.valid('param').id), 200));
  app.openapi(cancel, (context) => context.json(jobs.cancel(context.req.valid('param').id), 200));
}
