/**
 * A conversation as the prompt of a language model. Model servers refuse a prompt in which a tool call has no result right behind it, or a result no call; pages may have been
 * dropped from the window, and people speak in between. Here every prompt becomes one that is taken, and nothing that is in it is left out.
 */
import type { JSONValue, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';

import type { AssistantMessage, Message, ToolMessage } from '../../agents/model/messages.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';
import type { ToolNames } from './tool-names.ts';

type ToolContent = Extract<LanguageModelV4Message, { role: 'tool' }>['content'][number];
type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number];

/**
 * The messages in their order, but that the results of an assistant's calls follow it at once, as far as they come before the next assistant message. A call without a result gets
 * an error for one; a result without its call is told as what the user said. An assistant message that says nothing is none. An answer that is to go on is the last message: servers
 * that can go on take it so.
 */
export function promptOf(
  messages: readonly Message[],
  names: ToolNames,
  partial?: string,
): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  const placed = new Set<Message>();
  for (const [place, message] of messages.entries()) {
    switch (message.role) {
      case 'system':
        prompt.push({ role: 'system', content: message.text });
        break;
      case 'user':
        prompt.push(userOf(message.text));
        break;
      case 'assistant': {
        const { toolCalls = [] } = message;
        if (message.text === '' && toolCalls.length === 0) break;
        prompt.push(assistantOf(message, names));
        if (toolCalls.length === 0) break;
        const results = resultsBehind(messages, place);
        const content = toolCalls.map((call) => {
          const result = results.find(({ id }) => id === call.id);
          if (result === undefined) return resultOf(call, missing, names);
          placed.add(result);
          results.splice(results.indexOf(result), 1);
          return resultOf(call, result, names);
        });
        prompt.push({ role: 'tool', content });
        break;
      }
      case 'tool':
        if (!placed.has(message)) prompt.push(userOf(withoutCall(message)));
        break;
    }
  }
  if (partial !== undefined) prompt.push(assistantOf({ role: 'assistant', text: partial }, names));
  return prompt;
}

/** What is told of a call whose result is not in the prompt. */
const missing = { ok: false, value: 'there is no result: it left the window, or never came' };

function userOf(text: string): LanguageModelV4Message {
  return { role: 'user', content: [{ type: 'text', text }] };
}

function assistantOf({ text, toolCalls = [] }: AssistantMessage, names: ToolNames): LanguageModelV4Message {
  const content: AssistantContent[] = text === '' ? [] : [{ type: 'text', text }];
  for (const call of toolCalls)
    content.push({
      type: 'tool-call',
      toolCallId: call.id,
      toolName: names.toModel(call.tool),
      input: inputOf(call),
    });
  return { role: 'assistant', content };
}

/** Servers want an object here, also for a call whose arguments were none: then the model sees what it wrote, and its error behind it. */
function inputOf(call: AskedCall): unknown {
  return call.arguments ?? { malformed: call.malformed ?? '' };
}

/** The results between the message at `place` and the next one of the assistant. */
function resultsBehind(messages: readonly Message[], place: number): ToolMessage[] {
  const results: ToolMessage[] = [];
  for (let next = place + 1; next < messages.length; next++) {
    const message = messages[next]!;
    if (message.role === 'assistant') break;
    if (message.role === 'tool') results.push(message);
  }
  return results;
}

function resultOf(
  { id, tool }: AskedCall,
  { ok, value }: Pick<ToolMessage, 'ok' | 'value'>,
  names: ToolNames,
): ToolContent {
  const base = { type: 'tool-result', toolCallId: id, toolName: names.toModel(tool) } as const;
  if (!ok) return { ...base, output: { type: 'error-text', value: errorText(value) } };
  if (typeof value === 'string') return { ...base, output: { type: 'text', value } };
  return { ...base, output: { type: 'json', value: value as JSONValue } };
}

/** Most servers have no mark for a result that is an error: the text must say it. */
function errorText(value: ToolMessage['value']): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^error\b/i.test(text) ? text : `Error: ${text}`;
}

function withoutCall({ tool, ok, value }: ToolMessage): string {
  const text = typeof value === 'string' && ok ? value : ok ? JSON.stringify(value) : errorText(value);
  return `Result of an earlier call of the tool ${tool}: ${text}`;
}
