/** What the routes of experiences take and give. */
import { z } from '@hono/zod-openapi';

import { experienceSources } from '../../agents/memory/experience.ts';

const experienceView = z
  .object({
    condition: z.string().openapi({ description: 'when it holds' }),
    rule: z.string(),
    source: z.enum(experienceSources).openapi({
      description:
        'of positive the rule is what went well, of negative what did not, of correction what to do instead',
    }),
    confidence: z.number().openapi({ description: '0 to 1, now: it is half as high after 30 days' }),
    evidence: z.array(z.object({ trace_id: z.string(), step: z.int(), text: z.string() })),
    remembered_at: z.iso.datetime(),
  })
  .openapi('Experience');
export type ExperienceView = z.infer<typeof experienceView>;

export const experienceQuery = z.object({
  query: z
    .string()
    .max(10_000)
    .optional()
    .openapi({ description: 'what they are to be about; default: all' }),
  uid: z
    .string()
    .max(200)
    .optional()
    .openapi({ description: 'the tenant; default: that of the token, or nobody’s' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
});
export type ExperienceQuery = z.infer<typeof experienceQuery>;

export const experienceList = z
  .object({
    experiences: z
      .array(experienceView)
      .openapi({ description: 'those that fit the query best first, else the latest first' }),
  })
  .openapi('Experiences');

export const feedbackGiven = z
  .strictObject({
    kind: z.enum(experienceSources).openapi({ description: 'praise, blame, or what to do instead' }),
    text: z
      .string()
      .max(10_000)
      .optional()
      .openapi({ description: 'why; of a correction what to do instead' }),
    condition: z.string().min(1).max(10_000).optional().openapi({
      description: 'when it holds; default: on this task, and for a tool call when calling this tool',
    }),
  })
  .openapi('FeedbackGiven');
export type FeedbackGiven = z.infer<typeof feedbackGiven>;

export const feedbackTaken = z
  .object({ trace_id: z.string(), step: z.int(), experience: experienceView })
  .openapi('FeedbackTaken');

export const reflected = z
  .object({
    trace_id: z.string(),
    branch: z.string().openapi({ description: 'the side branch in which the model was asked' }),
    status: z.enum(['completed', 'failed']),
    score: z.number().nullable().openapi({ description: 'how well the work went, 0 to 1; null: it failed' }),
    issues: z.array(z.string()),
    suggestions: z.array(z.string()),
    // Not `nullable`: a schema with a name would be published as one that null never fits.
    experience: z.union([experienceView, z.null()]),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .openapi('Reflected');
export type Reflected = z.infer<typeof reflected>;
