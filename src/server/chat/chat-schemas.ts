/**
 * What the routes of chat completions take and give: OpenAI's forms. Fields that this server has no meaning for are tolerated where an answer without them is as good (`store`, `service_tier`, `metadata`), and
 * refused where it is not.
 */
import { z } from '@hono/zod-openapi';

const contentPart = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
]);
const content = z
  .union([z.string(), z.array(contentPart)])
  .nullish()
  .openapi({ description: 'a text, or its parts; pictures and sounds are refused' });

const toolCall = z.looseObject({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

const message = z
  .discriminatedUnion('role', [
    z.looseObject({ role: z.enum(['system', 'developer', 'user']), content }),
    z.looseObject({ role: z.literal('assistant'), content, tool_calls: z.array(toolCall).nullish() }),
    z.looseObject({ role: z.literal('tool'), content, tool_call_id: z.string() }),
  ])
  .openapi('ChatCompletionMessage');
export type ChatMessage = z.infer<typeof message>;

const tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().min(1).max(64),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

const responseFormat = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()).nullish() }),
  }),
]);

/** For a field that would change the answer: only what changes nothing is taken. */
const only = (value: z.ZodType, why: string) => value.nullish().openapi({ description: `not here: ${why}` });

export const chatRequest = z
  .looseObject({
    model: z.string().min(1),
    messages: z.array(message).min(1).max(100_000),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    max_completion_tokens: z.int().min(1).max(10_000_000).nullish(),
    max_tokens: z.int().min(1).max(10_000_000).nullish().openapi({ description: 'the old name of it' }),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    presence_penalty: z.number().min(-2).max(2).nullish(),
    frequency_penalty: z.number().min(-2).max(2).nullish(),
    seed: z.int().nullish(),
    stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
    reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
    tools: z.array(tool).max(128).nullish(),
    tool_choice: z
      .union([
        z.enum(['none', 'auto', 'required']),
        z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
      ])
      .nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    response_format: responseFormat.nullish(),
    user: z
      .string()
      .max(512)
      .nullish()
      .openapi({ description: 'conversations of different users are never taken for one' }),
    metadata: z
      .record(z.string(), z.string())
      .nullish()
      .openapi({ description: '`run`: as the header X-Ringzero-Run' }),
    n: only(z.literal(1), 'one answer for each request'),
    logprobs: only(z.literal(false), 'no probabilities'),
    top_logprobs: only(z.literal(0), 'no probabilities'),
    logit_bias: only(z.strictObject({}), 'no bias'),
    modalities: only(z.array(z.literal('text')), 'text alone'),
    audio: only(z.null(), 'text alone'),
    functions: only(z.array(z.unknown()).max(0), 'use tools'),
    function_call: only(z.literal('none'), 'use tool_choice'),
    web_search_options: only(z.null(), 'give the model a tool'),
  })
  .openapi('ChatCompletionRequest', {
    example: { model: 'scripted', messages: [{ role: 'user', content: 'What is 6*7?' }] },
  });
export type ChatRequest = z.infer<typeof chatRequest>;

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
});
export type ChatUsage = z.infer<typeof usage>;

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter']);
export type ChatFinish = z.infer<typeof finishReason>;

const askedCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
export type ChatToolCall = z.infer<typeof askedCall>;

const stamp = {
  id: z.string(),
  created: z.int().openapi({ description: 's since 1970' }),
  model: z.string(),
};

export const chatCompletion = z
  .object({
    ...stamp,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          reasoning_content: z.string().optional(),
          refusal: z.null(),
          tool_calls: z.array(askedCall).optional(),
        }),
        finish_reason: finishReason,
        logprobs: z.null(),
      }),
    ),
    usage,
  })
  .openapi('ChatCompletion');
export type ChatCompletion = z.infer<typeof chatCompletion>;

/** The data of one event of a stream; behind the last one comes `[DONE]`. */
export const chatChunk = z
  .object({
    ...stamp,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          reasoning_content: z.string().optional(),
          tool_calls: z.array(askedCall.extend({ index: z.int() })).optional(),
        }),
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usage.nullable().optional(),
  })
  .openapi('ChatCompletionChunk');
export type ChatChunk = z.infer<typeof chatChunk>;

const model = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
});
export const modelCard = model.openapi('ChatModel');
export const modelList = z
  .object({ object: z.literal('list'), data: z.array(modelCard) })
  .openapi('ChatModels');
