/** Open questions of runs, and their answers. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { callerOf, type ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import type { AnswerTokens } from './answer-tokens.ts';
import { answerByToken, answered, answerGiven, questionList, questionView } from './question-schemas.ts';
import type { QuestionService } from './question-service.ts';

const params = z.object({ id: z.string().min(1).max(300) });

const list = createRoute({
  method: 'get',
  path: '/api/questions',
  operationId: 'listQuestions',
  summary: 'The questions that wait for a person',
  request: { query: z.object({ trace_id: z.string().max(200).optional() }) },
  responses: { 200: jsonAnswer('all of them', questionList) },
});

const get = createRoute({
  method: 'get',
  path: '/api/questions/{id}',
  operationId: 'getQuestion',
  summary: 'An open question',
  request: { params },
  responses: {
    200: jsonAnswer('the question', questionView),
    ...refusals({ 404: 'no such question', 409: 'it is not open any more' }),
  },
});

const answer = createRoute({
  method: 'post',
  path: '/api/questions/{id}/answer',
  operationId: 'answerQuestion',
  summary: 'Approve, edit, deny or answer',
  request: { params, body: jsonBody(answerGiven) },
  responses: {
    200: jsonAnswer('the answer is durable', answered),
    ...refusals({ 404: 'no such question', 409: 'it is not open any more' }),
  },
});

const byToken = createRoute({
  method: 'post',
  path: '/api/answers',
  operationId: 'answerByToken',
  summary: 'The same for whoever was told of a question by webhook: the token is that of the question',
  security: [],
  request: { body: jsonBody(answerByToken) },
  responses: {
    200: jsonAnswer('the answer is durable', answered),
    ...refusals({ 403: 'the token is that of no question', 409: 'it is not open any more' }),
  },
});

export function addQuestionRoutes(
  app: OpenAPIHono<ServerEnv>,
  questions: QuestionService,
  tokens: AnswerTokens | undefined,
): void {
  app.openapi(list, async (context) => {
    const { trace_id: run } = context.req.valid('query');
    return context.json({ questions: await questions.list(run, callerOf(context)) }, 200);
  });
  app.openapi(get, async (context) =>
    context.json(await questions.get(context.req.valid('param').id, callerOf(context)), 200),
  );
  app.openapi(answer, async (context) => {
    const { id } = context.req.valid('param');
    return context.json(await questions.answer(id, context.req.valid('json'), callerOf(context)), 200);
  });
  app.openapi(byToken, async (context) => {
    const { token, ...given } = context.req.valid('json');
    const id = tokens?.questionOf(token);
    if (id === undefined)
      throw new Refused(403, 'FORBIDDEN', 'token: it is that of no question; allowed: that of the webhook', {
        field: 'token',
      });
    return context.json(await questions.decide(id, given, 'webhook'), 200);
  });
}
