/** Requests of chat completions as the kernel's programs have them. */
import type { Message } from '../../agents/model/messages.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall, ModelRequest, OfferedTool, Sampling, ToolChoice } from '../../kernel/syscalls.ts';
import type { ChatMessage, ChatRequest, ChatToolCall } from './chat-schemas.ts';

/** What was said, in order. A result names the tool that the call before it asked for. */
export function messagesOf(given: readonly ChatMessage[]): readonly Message[] {
  const tools = new Map<string, string>();
  return given.map((message): Message => {
    const text = textOf(message.content);
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', text };
      case 'user':
        return { role: 'user', text };
      case 'tool':
        return {
          role: 'tool',
          id: message.tool_call_id,
          tool: tools.get(message.tool_call_id) ?? 'unknown',
          ok: true,
          value: text,
        };
      case 'assistant': {
        const toolCalls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => {
          tools.set(id, name);
          return askedCall(id, name, args);
        });
        return { role: 'assistant', text, ...(toolCalls.length === 0 ? {} : { toolCalls }) };
      }
    }
  });
}

function textOf(content: ChatMessage['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : part.refusal)).join('');
}

function askedCall(id: string, tool: string, text: string): AskedCall {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return { id, tool, arguments: value as Json };
  } catch {
    // As the model wrote it.
  }
  return { id, tool, malformed: text };
}

export function toldCall({ id, tool, arguments: args, malformed }: AskedCall): ChatToolCall {
  return {
    id,
    type: 'function',
    function: { name: tool, arguments: malformed ?? JSON.stringify(args ?? {}) },
  };
}

export function modelRequestOf(given: ChatRequest): ModelRequest {
  const { model, temperature, tools, tool_choice: choice, response_format: format } = given;
  const sampling = samplingOf(given);
  return {
    model,
    ...(temperature === undefined || temperature === null ? {} : { temperature }),
    ...(tools === undefined || tools === null || tools.length === 0 ? {} : { ownTools: tools.map(offered) }),
    ...(choice === undefined || choice === null ? {} : { toolChoice: toolChoiceOf(choice) }),
    ...(Object.keys(sampling).length === 0 ? {} : { sampling }),
    ...(format === undefined || format === null || format.type === 'text'
      ? {}
      : { format: format.type === 'json_object' ? anyObject : schemaOf(format.json_schema.schema) }),
  };
}

const anyObject: Json = { type: 'object' };

const schemaOf = (schema: Record<string, unknown> | null | undefined): Json => (schema ?? anyObject) as Json;

function offered({
  function: { name, description, parameters },
}: NonNullable<ChatRequest['tools']>[number]): OfferedTool {
  return {
    name,
    description: description ?? '',
    parameters: (parameters ?? { type: 'object', properties: {} }) as Json,
  };
}

function toolChoiceOf(choice: NonNullable<ChatRequest['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { tool: choice.function.name };
}

function samplingOf(given: ChatRequest): Sampling {
  const stop = typeof given.stop === 'string' ? [given.stop] : given.stop;
  const all = {
    topP: given.top_p,
    presencePenalty: given.presence_penalty,
    frequencyPenalty: given.frequency_penalty,
    seed: given.seed,
    stop,
    reasoning: given.reasoning_effort,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
}
