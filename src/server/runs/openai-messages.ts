/** Conversations in the form of chat completions, and as agents have them. */
import { z } from '@hono/zod-openapi';

import type { Message } from '../../agents/model/messages.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
const content = z
  .union([z.string(), z.array(textPart).min(1).max(1_000)])
  .openapi({ description: 'a text, or its parts' });
const name = z.string().max(200).optional();

const toolCall = z.strictObject({
  id: z.string().min(1).max(200),
  type: z.literal('function').default('function'),
  function: z.strictObject({
    name: z.string().min(1).max(200),
    arguments: z.string().openapi({ description: 'a JSON object, as a text' }),
  }),
});

export const userMessage = z.strictObject({ role: z.literal('user'), content, name }).openapi('UserMessage');
export type UserMessage = z.infer<typeof userMessage>;

export const chatMessage = z
  .discriminatedUnion('role', [
    z.strictObject({ role: z.enum(['system', 'developer']), content, name }),
    userMessage,
    z.strictObject({
      role: z.literal('assistant'),
      content: content.nullish(),
      name,
      tool_calls: z.array(toolCall).max(1_000).optional(),
      refusal: z.null().optional(),
    }),
    z.strictObject({ role: z.literal('tool'), tool_call_id: z.string().min(1).max(200), content }),
  ])
  .openapi('ChatMessage');
export type ChatMessage = z.infer<typeof chatMessage>;

/** What was said before the task, and the task: the last message, which is the user's. System messages stand together, before all others. */
export interface OpenedConversation {
  /** '': there is none. */
  readonly system: string;
  readonly before: readonly Message[];
  readonly task: string;
}

/** Throws KernelError INVALID_ARGUMENT that names the message. */
export function openedConversation(given: readonly ChatMessage[]): OpenedConversation {
  const system: string[] = [];
  const messages: Message[] = [];
  /** The calls that wait for their results, by id. */
  const open = new Map<string, string>();
  for (const [index, message] of given.entries()) {
    const field = `messages[${index}]`;
    if (message.role !== 'tool' && open.size > 0)
      throw invalid(field, message.role, `a tool message for each call, ${[...open.keys()].join(', ')}`);
    switch (message.role) {
      case 'system':
      case 'developer':
        system.push(textOf(message.content));
        break;
      case 'user':
        messages.push({ role: 'user', text: saidIn(message, field) });
        break;
      case 'assistant': {
        const calls = (message.tool_calls ?? []).map(({ id, function: { name: tool, arguments: args } }) => {
          if (open.has(id)) throw invalid(`${field}.tool_calls`, id, 'ids that differ');
          open.set(id, tool);
          return { id, tool, arguments: objectIn(args, `${field}.tool_calls`) };
        });
        const text = textOf(message.content ?? '');
        if (text === '' && calls.length === 0)
          throw invalid(`${field}.content`, text, 'a text, or tool calls');
        messages.push({ role: 'assistant', text, ...(calls.length === 0 ? {} : { toolCalls: calls }) });
        break;
      }
      case 'tool': {
        const { tool_call_id: id } = message;
        const tool = open.get(id);
        if (tool === undefined)
          throw invalid(`${field}.tool_call_id`, id, 'a call of the assistant message before it');
        open.delete(id);
        messages.push({ role: 'tool', id, tool, ok: true, value: textOf(message.content) });
      }
    }
  }
  const last = messages.pop();
  if (last?.role !== 'user')
    throw invalid(
      `messages[${given.length - 1}]`,
      given.at(-1)?.role,
      'a message of the user as the last one',
    );
  return { system: system.join('\n\n'), before: messages, task: last.text };
}

/** Throws KernelError INVALID_ARGUMENT for one in which nothing stands. */
export function saidIn({ content: said }: UserMessage, field: string): string {
  const text = textOf(said);
  if (text.trim() === '') throw invalid(`${field}.content`, text, 'a text that is not empty');
  return text;
}

const textOf = (said: z.infer<typeof content>): string =>
  typeof said === 'string' ? said : said.map(({ text }) => text).join('');

function objectIn(text: string, field: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw invalid(field, text, 'arguments that are a JSON object');
  }
  if (!isRecord(value) || Array.isArray(value))
    throw invalid(field, text, 'arguments that are a JSON object');
  return value as Json;
}
