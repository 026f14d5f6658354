/** `/v1/chat/completions` and `/v1/models`: an agent that points its base URL here runs under the kernel, without a line changed. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';

import type { Answer } from '../../kernel/syscalls.ts';
import { callerOf, type ServerEnv } from '../caller.ts';
import { jsonAnswer, jsonBody } from '../openapi/answers.ts';
import type { ServedWorld } from '../served-world.ts';
import { ChatRefused, chatErrorBody, chatRefusal, chatRefusedOf } from './chat-errors.ts';
import { messagesOf, modelRequestOf, toldCall } from './chat-messages.ts';
import {
  chatChunk,
  chatCompletion,
  chatRequest,
  modelCard,
  modelList,
  type ChatChunk,
  type ChatCompletion,
  type ChatFinish,
  type ChatRequest,
  type ChatToolCall,
  type ChatUsage,
} from './chat-schemas.ts';
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
    const reply = new Reply(given);
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
    }) as never;
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

/** One answer in the forms of chat completions. */
class Reply {
  run = '';
  /** Resolves when the first piece has come. */
  readonly begun: Promise<void>;
  private readonly given: ChatRequest;
  private readonly created = Math.floor(Date.now() / 1_000);
  private readonly thoughts: string[] = [];
  private pieces: { readonly type: 'text' | 'reasoning'; readonly text: string }[] = [];
  private begin: () => void = () => {};
  private wake: () => void = () => {};
  private isClosed = false;
  /** Characters of the answer's text that came in pieces. */
  private said = '';

  constructor(given: ChatRequest) {
    this.given = given;
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  // ---- As a listener -----------------------------------------------------------------------------------------------------

  onRun(run: string): void {
    this.run = run;
  }

  onText(type: 'text' | 'reasoning', text: string): void {
    if (type === 'reasoning') this.thoughts.push(text);
    if (this.given.stream === true) this.pieces.push({ type, text });
    this.begin();
    this.wake();
  }

  /** Nobody reads any more. */
  close(): void {
    this.isClosed = true;
    this.wake();
  }

  // ---- What is told ------------------------------------------------------------------------------------------------------

  completion(answer: Answer): ChatCompletion {
    const toolCalls = this.toolCalls(answer);
    const { text } = answer;
    return {
      ...this.stamp,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text === '' && toolCalls.length > 0 ? null : text,
            ...(this.thoughts.length === 0 ? {} : { reasoning_content: this.thoughts.join('') }),
            refusal: null,
            ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
          },
          finish_reason: finishOf(answer),
          logprobs: null,
        },
      ],
      usage: usageOf(answer),
    };
  }

  async *chunks(answered: Promise<Answer>): AsyncGenerator<ChatChunk, void> {
    let answer: Answer | undefined;
    let failure: { readonly error: unknown } | undefined;
    answered.then(
      (value) => {
        answer = value;
        this.wake();
      },
      (error: unknown) => {
        failure = { error };
        this.wake();
      },
    );
    yield this.chunk({ role: 'assistant', content: '' });
    while (!this.isClosed) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      for (const { type, text } of this.pieces.splice(0)) {
        if (type === 'text') this.said += text;
        yield this.chunk(type === 'text' ? { content: text } : { reasoning_content: text });
      }
      if (failure !== undefined) throw failure.error;
      if (answer !== undefined && this.pieces.length === 0) return yield* this.ending(answer);
      await woken;
    }
  }

  private *ending(answer: Answer): Generator<ChatChunk, void> {
    if (!answer.text.startsWith(this.said))
      throw new ChatRefused(503, 'server_error', null, 'the answer was broken off and given anew: ask again');
    const rest = answer.text.slice(this.said.length);
    if (rest !== '') yield this.chunk({ content: rest });
    const toolCalls = this.toolCalls(answer);
    if (toolCalls.length > 0)
      yield this.chunk({ tool_calls: toolCalls.map((call, index) => ({ index, ...call })) });
    yield this.chunk({}, finishOf(answer));
    if (this.given.stream_options?.include_usage === true)
      yield { ...this.stamp, object: 'chat.completion.chunk', choices: [], usage: usageOf(answer) };
  }

  private get stamp(): Pick<ChatCompletion, 'id' | 'created' | 'model'> {
    return { id: `chatcmpl-${this.run}`, created: this.created, model: this.given.model };
  }

  private chunk(delta: ChatChunk['choices'][number]['delta'], finish: ChatFinish | null = null): ChatChunk {
    return {
      ...this.stamp,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    };
  }

  private toolCalls({ toolCalls = [] }: Answer): ChatToolCall[] {
    const told = toolCalls.map(toldCall);
    return this.given.parallel_tool_calls === false ? told.slice(0, 1) : told;
  }
}

function finishOf({ finish = 'stop', toolCalls = [] }: Answer): ChatFinish {
  if (toolCalls.length > 0) return 'tool_calls';
  return finish === 'length' ? 'length' : finish === 'content-filter' ? 'content_filter' : 'stop';
}

function usageOf({ tokensIn, tokensOut, tokensCached }: Answer): ChatUsage {
  return {
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
    prompt_tokens_details: { cached_tokens: tokensCached },
  };
}
