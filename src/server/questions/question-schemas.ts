/** What the routes of questions take and give. */
import { z } from '@hono/zod-openapi';

const decisions = ['approve', 'edit', 'deny', 'answer'] as const;

export const questionView = z
  .object({
    question_id: z.string().openapi({
      description: 'the same for ever, also after the server has started anew',
      example: 'run-abc:1.4.0',
    }),
    trace_id: z.string(),
    name: z.string().openapi({ description: 'of the trace' }),
    purpose: z.enum(['approve', 'edit', 'answer']),
    tool: z.string().nullable().openapi({ description: 'whose call is to be approved' }),
    arguments: z.unknown().openapi({ description: 'of that call; null: it is no call' }),
    question: z.unknown().openapi({ description: 'as the program asks it' }),
    decisions: z.array(z.enum(decisions)).openapi({ description: 'those that it may be answered with' }),
    asked_at: z.iso.datetime(),
  })
  .openapi('Question');
export type QuestionView = z.infer<typeof questionView>;

export const questionList = z
  .object({
    questions: z.array(questionView).openapi({ description: 'in the order in which they were asked' }),
  })
  .openapi('Questions');

const given = {
  decision: z.enum(decisions),
  value: z.unknown().optional().openapi({
    description:
      'edit: the arguments to call the tool with; deny: the reason, a text; answer: the answer; approve: none',
  }),
};

export const answerGiven = z.strictObject(given).openapi('AnswerGiven');
export type AnswerGiven = z.infer<typeof answerGiven>;

/** Of whoever was told of the question by webhook, and has no other token. */
export const answerByToken = z
  .strictObject({
    ...given,
    token: z.string().min(1).max(500).openapi({ description: 'that the webhook told' }),
  })
  .openapi('AnswerByToken');

export const answered = z
  .object({ question_id: z.string(), decision: z.enum(decisions) })
  .openapi('Answered');
export type Answered = z.infer<typeof answered>;
