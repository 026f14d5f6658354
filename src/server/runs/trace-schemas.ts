/** What the routes of traces take and give. The same schemas validate and are published as OpenAPI. */
import { z } from '@hono/zod-openapi';

export const createTrace = z
  .strictObject({
    messages: z
      .array(z.strictObject({ role: z.literal('user'), content: z.string().min(1) }))
      .min(1)
      .openapi({ description: 'the conversation so far, in the form of chat completions' }),
    model: z.string().optional(),
    temperature: z.number().min(0).max(2).default(0.3),
    max_iterations: z.int().min(1).max(10_000).default(200),
    system_prompt: z.string().optional(),
    tools: z
      .array(z.string())
      .optional()
      .openapi({ description: 'names; absent: all that are offered here' }),
    name: z.string().max(200).optional(),
    uid: z.string().max(200).optional().openapi({ description: 'the tenant' }),
  })
  .openapi('CreateTrace');
export type CreateTrace = z.infer<typeof createTrace>;

export const createdTrace = z.object({ trace_id: z.string() }).openapi('CreatedTrace');

export const traceView = z
  .object({
    trace_id: z.string(),
    name: z.string(),
    status: z.enum(['running', 'waiting', 'completed', 'failed', 'cancelled']),
    value: z.unknown(),
  })
  .openapi('Trace');
export type TraceView = z.infer<typeof traceView>;
