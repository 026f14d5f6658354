/** What is learned: feedback on steps, reflections on runs, and the experiences that came of them. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { callerOf, type ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import { traceParams } from '../runs/trace-routes.ts';
import {
  experienceList,
  experienceQuery,
  feedbackGiven,
  feedbackTaken,
  reflected,
} from './experience-schemas.ts';
import type { ExperienceService } from './experience-service.ts';
import type { ReflectionService } from './reflection-service.ts';

const list = createRoute({
  method: 'get',
  path: '/api/experiences',
  operationId: 'listExperiences',
  summary: 'What a tenant has learned',
  request: { query: experienceQuery },
  responses: {
    200: jsonAnswer('experiences', experienceList),
    ...refusals({ 403: 'the tenant is not that of the token' }),
  },
});

const feedback = createRoute({
  method: 'post',
  path: '/api/traces/{id}/steps/{sequence}/feedback',
  operationId: 'stepFeedback',
  summary: 'Say something of a step: it becomes an experience',
  request: {
    params: traceParams.extend({ sequence: z.coerce.number().int().min(1) }),
    body: jsonBody(feedbackGiven),
  },
  responses: {
    201: jsonAnswer('the experience is durable', feedbackTaken),
    ...refusals({ 404: 'no such run', 409: 'nothing is left of what it did' }),
  },
});

const reflect = createRoute({
  method: 'post',
  path: '/api/traces/{id}/reflect',
  operationId: 'reflectTrace',
  summary: 'Let the model judge a run, in a branch beside it: what it finds becomes an experience',
  request: { params: traceParams },
  responses: {
    200: jsonAnswer('the reflection has ended', reflected),
    ...refusals({
      404: 'no such run',
      409: 'it is running or stopped, or has done nothing',
      429: 'too many runs are going on; Retry-After tells when to ask again',
    }),
  },
});

export function addExperienceRoutes(
  app: OpenAPIHono<ServerEnv>,
  experiences: ExperienceService,
  reflections: ReflectionService,
): void {
  app.openapi(list, async (context) =>
    context.json({ experiences: await experiences.list(context.req.valid('query'), callerOf(context)) }, 200),
  );
  app.openapi(feedback, async (context) => {
    const { id, sequence } = context.req.valid('param');
    const said = context.req.valid('json');
    const experience = await experiences.feedback(id, sequence, said, callerOf(context));
    return context.json({ trace_id: id, step: sequence, experience }, 201);
  });
  app.openapi(reflect, async (context) =>
    context.json(await reflections.reflect(context.req.valid('param').id, callerOf(context)), 200),
  );
}
