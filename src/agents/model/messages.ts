/**
 * The messages of a conversation, and how a page holds one: a message is the page's text, as JSON. A page whose text is no message (a recorded block, a plain text) is told to a
 * model as what its user said, so that nothing of a prompt is ever left out.
 */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

// Types, as they are JSON.
type SystemMessage = {
  readonly role: 'system';
  readonly text: string;
};
export type UserMessage = {
  readonly role: 'user';
  readonly text: string;
};
export type AssistantMessage = {
  readonly role: 'assistant';
  readonly text: string;
  readonly toolCalls?: readonly AskedCall[];
};
/** The result of one call that the assistant asked for. */
export type ToolMessage = {
  readonly role: 'tool';
  readonly id: string;
  readonly tool: string;
  readonly ok: boolean;
  /** The result, or for a failure its message. */
  readonly value: Json;
};

export function pageOf(message: Message): string {
  return JSON.stringify(message);
}

export function messageOfPage(text: string): Message {
  if (text.startsWith('{"role":')) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (isMessage(parsed)) return parsed;
    } catch {
      // A text that only begins like one.
    }
  }
  return { role: 'user', text };
}

function isMessage(value: unknown): value is Message {
  if (!isRecord(value)) return false;
  if (value['role'] === 'tool') return typeof value['id'] === 'string' && typeof value['tool'] === 'string';
  const isKnown = value['role'] === 'system' || value['role'] === 'user' || value['role'] === 'assistant';
  return isKnown && typeof value['text'] === 'string';
}
