/** What the routes of traces take and give. The same schemas validate and are published as OpenAPI. */
import { z } from '@hono/zod-openapi';

import { chatMessage, userMessage } from './openai-messages.ts';

const text = (most: number) => z.string().max(most);

export const createTrace = z
  .strictObject({
    messages: z.array(chatMessage).min(1).max(10_000).openapi({
      description:
        'the conversation so far, in the form of chat completions; the last one is the user’s: the task',
    }),
    model: text(200).min(1).optional().openapi({ description: 'default: the first of the server' }),
    temperature: z.number().min(0).max(2).default(0.3),
    max_iterations: z
      .int()
      .min(1)
      .max(10_000)
      .default(200)
      .openapi({ description: 'turns of the model at most' }),
    system_prompt: z
      .string()
      .optional()
      .openapi({ description: 'stands before system messages; default: that of the server' }),
    tools: z
      .array(text(200).min(1))
      .max(1_000)
      .optional()
      .openapi({ description: 'names; default: all that are offered here' }),
    name: text(200).optional(),
    uid: text(200).optional().openapi({ description: 'the tenant; default: that of the token, or nobody’s' }),
  })
  .openapi('CreateTrace', { example: { messages: [{ role: 'user', content: 'What is 6*7?' }] } });
export type CreateTrace = z.infer<typeof createTrace>;

export const createdTrace = z
  .object({ trace_id: z.string(), branch: z.string(), status: z.literal('running') })
  .openapi('CreatedTrace');

export const goOnTrace = z
  .strictObject({
    messages: z.array(userMessage).max(1_000).default([]).openapi({
      description: 'what the user says next; none: it goes on, or its last answer is given again',
    }),
    insert_after: z
      .union([z.int().min(0), text(100).regex(/^\d+\.\d+\.\d+$/, 'the id of a step, as 1.4.0')])
      .optional()
      .openapi({
        description:
          'the last step to keep, by its sequence or its id; 0: none. Inside a batch of tool calls it is the last of them',
      }),
    branch: text(64)
      .optional()
      .openapi({ description: 'that in which the client counts steps; refused when another has taken over' }),
  })
  .openapi('GoOnTrace');
export type GoOnTrace = z.infer<typeof goOnTrace>;

/** `insert_after`: where the cut is now; null: nothing was cut off. */
export const wentOn = createdTrace
  .extend({ insert_after: z.int().nullable(), left_behind: z.int() })
  .openapi('WentOnTrace');

export const stoppedTrace = z
  .object({ trace_id: z.string(), status: z.enum(['stopping', 'not_running']) })
  .openapi('StoppedTrace');

const traceStatuses = [
  'running',
  'waiting',
  'stopped',
  'interrupted',
  'completed',
  'failed',
  'cancelled',
] as const;
const traceStatus = z.enum(traceStatuses).openapi('TraceStatus', {
  description:
    'waiting: a question to a person is open; stopped: held where it stood, POST …/run lets it go on; interrupted: the program that drove it died',
});
export type TraceStatus = z.infer<typeof traceStatus>;

const summaryFields = {
  trace_id: z.string(),
  name: z.string(),
  uid: z.string(),
  status: traceStatus,
  driven_by: z.string().optional().openapi({ description: 'another program that drives it' }),
  task: z.string(),
  model: z.string().openapi({ description: 'that it asks first' }),
  created_at: z.iso.datetime(),
  branch: z.string().openapi({ description: 'with which it goes on' }),
};

const traceSummary = z.object(summaryFields).openapi('TraceSummary');
export type TraceSummary = z.infer<typeof traceSummary>;

const usage = z
  .object({
    model_calls: z.int(),
    tokens_in: z.int(),
    tokens_cached: z.int(),
    tokens_out: z.int(),
    micro_dollars: z.int(),
  })
  .openapi('Usage', { description: 'of the run, all its branches' });

export const traceView = z
  .object({
    ...summaryFields,
    ended_at: z.iso.datetime().nullable(),
    answer: z.string().openapi({ description: 'the final one; of a run that failed the last words' }),
    value: z.unknown().openapi({ description: 'what its program ended with; null: it has not' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    usage,
    branches: z.array(z.string()),
    temperature: z.number().nullable(),
    max_iterations: z.int().nullable(),
    tools: z.array(z.string()),
    system_prompt: z.string().nullable(),
  })
  .openapi('Trace');
export type TraceView = z.infer<typeof traceView>;

/** Numbers in a query are texts. */
const count = (least: number, most: number, otherwise: number) =>
  z.coerce.number().int().min(least).max(most).default(otherwise);

export const listQuery = z.object({
  status: traceStatus.optional(),
  uid: text(200).optional(),
  limit: count(1, 200, 50),
  cursor: text(200).optional().openapi({ description: 'next_cursor of the page before' }),
});
export type ListQuery = z.infer<typeof listQuery>;

export const traceList = z
  .object({
    traces: z.array(traceSummary).openapi({ description: 'the latest first' }),
    next_cursor: z.string().nullable().openapi({ description: 'null: there are no more' }),
  })
  .openapi('TraceList');
export type TraceList = z.infer<typeof traceList>;

export const runningList = z.object({ traces: z.array(traceSummary) }).openapi('RunningTraces');

export const stepQuery = z.object({
  after: count(0, Number.MAX_SAFE_INTEGER, 0).openapi({ description: 'steps with higher sequences' }),
  limit: count(1, 1_000, 100),
  branch: text(64).optional().openapi({ description: 'default: that with which the run goes on' }),
});
export type StepQuery = z.infer<typeof stepQuery>;

const stepView = z
  .object({
    id: z.string().openapi({
      description: 'process, syscall and place in its batch: the same for ever',
      example: '1.4.0',
    }),
    sequence: z
      .int()
      .nullable()
      .openapi({ description: 'in the order of results, from 1; null: it has none yet' }),
    type: z.enum([
      'memory_read',
      'llm_call',
      'reflection',
      'tool_call',
      'feedback',
      'memory_write',
      'conclusion',
    ]),
    pid: z.int(),
    name: z.string(),
    parents: z.array(z.int()),
    status: z.enum(['open', 'done', 'failed', 'timed-out', 'cancelled']),
    data: z.record(z.string(), z.unknown()),
    started_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
    usage: usage.omit({ model_calls: true }),
  })
  .openapi('Step');
export type StepView = z.infer<typeof stepView>;

export const stepList = z
  .object({
    trace_id: z.string(),
    branch: z.string(),
    steps: z.array(stepView),
    next_after: z.int().nullable().openapi({ description: 'null: there are no more yet' }),
  })
  .openapi('StepList');
export type StepList = z.infer<typeof stepList>;
