import type { ToolData } from '../../kernel/tool-data.ts';

/** The tool by which a model asks the person that it works for. To be offered only where somebody is there who answers: no time limit ends the wait. Plain data, also a ToolSpec. */
export const askPersonTool = {
  name: 'ask_person',
  description:
    'Asks the person you work for and waits for the answer. For what only they know or may decide: ask one thing at a time, say all that is needed to answer it, and go on by yourself with everything else.',
  parameters: {
    type: 'object',
    properties: {
      question: { type: 'string', minLength: 1 },
      options: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'answers to choose from, if there are such; another one may be given all the same',
      },
    },
    required: ['question'],
    additionalProperties: false,
  },
  asksPerson: true,
} as const satisfies ToolData;
