/** `/v1/chat/completions` and `/v1/models`: an agent that points its base URL here runs under the kernel, without a line changed. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';

import { callerOf, type ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody } from '../openapi/answers.ts';
import type { ServedWorld } from '../served-world.ts';
import { ChatRefused, chatErrorBody, chatRefusal, chatRefusedOf } from './chat-errors.ts';
import { messagesOf, modelRequestOf } from './chat-messages.ts';
import { ChatReply } from './chat-reply.ts';
import { chatChunk, chatCompletion, chatRequest, modelCard, modelList } from './chat-schemas.ts';
import type { ChatService, ChatTurn } from './chat-service.ts';

const requestHeaders = z.object({
  'x-ringzero-run': z.string().max(200).optional().openapi({
    description:
      'a name for the conversation: requests under it are one process, one after the other; absent: known by what was said',
  }),
  'x-ringzero-priority': z.coerce
    .number()
    .int()
    .min(0)
    .max(100)
    .optional()
    .openapi({ description: 'smaller runs first; default 50' }),
});

const complete = createRoute({
  method: 'post',
  path: '/v1/chat/completions',
  operationId: 'createChatCompletion',
  summary: 'One answer of a model, as a call of a process of the kernel',
  request: { headers: requestHeaders, body: jsonBody(chatRequest) },
  responses: {
    200: {
      description: 'the answer, or with `stream` the pieces of it',
      headers: z.object({
        'X-Ringzero-Run': z.string().openapi({ description: 'the run of the conversation' }),
      }),
      content: { 'application/json': { schema: chatCompletion }, 'text/event-stream': { schema: chatChunk } },
    },
    404: jsonAnswer('there is no such model here', chatRefusal),
    502: jsonAnswer("the model's server failed", chatRefusal),
    504: jsonAnswer("the model's server took too long", chatRefusal),
  },
});

const models = createRoute({
  method: 'get',
  path: '/v1/models',
  operationId: 'listModels',
  summary: 'The models that may be asked here',
  responses: { 200: jsonAnswer('all of them', modelList) },
});

const oneModel = createRoute({
  method: 'get',
  path: '/v1/models/{model}',
  operationId: 'getModel',
  summary: 'One model that may be asked here',
  request: { params: z.object({ model: z.string() }) },
  responses: {
    200: jsonAnswer('the model', modelCard),
    404: jsonAnswer('there is no such model here', chatRefusal),
  },
});

export function addChatRoutes(app: OpenAPIHono<ServerEnv>, world: ServedWorld, chat: ChatService): void {
  app.openapi(models, (context) =>
    context.json({ object: 'list' as const, data: world.models.map(cardOf) }, 200),
  );
  app.openapi(oneModel, (context) => {
    const { model } = context.req.valid('param');
    checkModel(world, model);
    return context.json(cardOf(model), 200);
  });
  app.openapi(complete, async (context) => {
    const given = context.req.valid('json');
    const named = context.req.valid('header');
    checkModel(world, given.model);
    const { tenant = '' } = callerOf(context);
    const turn: ChatTurn = {
      messages: messagesOf(given.messages),
      request: modelRequestOf(given),
      maxOutput: given.max_completion_tokens ?? given.max_tokens ?? undefined,
      scope: {
        tenant,
        user: given.user ?? '',
        priority: named['x-ringzero-priority'] ?? 50,
        key: named['x-ringzero-run'] ?? given.metadata?.['run'] ?? '',
      },
    };
    const reply = new ChatReply(given);
    const answered = chat.answer(turn, reply, context.req.raw.signal);
    answered.catch(() => {});
    if (given.stream !== true) {
      const answer = await answered;
      context.header('X-Ringzero-Run', reply.run);
      return context.json(reply.completion(answer), 200);
    }
    // What fails before anything was said is told by the status.
    await Promise.race([reply.begun, answered]);
    context.header('X-Ringzero-Run', reply.run);
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => reply.close());
      const write = (data: unknown): Promise<void> => stream.writeSSE({ data: JSON.stringify(data) });
      try {
        for await (const chunk of reply.chunks(answered)) await write(chunk);
      } catch (error) {
        await write(chatErrorBody(chatRefusedOf(error, reply.run)));
      }
      await stream.writeSSE({ data: '[DONE]' });
    });
  });
}

function checkModel({ models: known }: ServedWorld, model: string): void {
  if (known.includes(model)) return;
  throw new ChatRefused(
    404,
    'invalid_request_error',
    'model_not_found',
    `model: ${JSON.stringify(model.slice(0, 100))} is not here; allowed: ${known.join(', ')}`,
    { param: 'model' },
  );
}

const cardOf = (id: string): z.infer<typeof modelCard> => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'ringzero',
});
