/** What was said before the task: a conversation that the agent goes on with, as its user hands it over. It is checked as strictly as servers of models do, which refuse a prompt that is none. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import type { Message } from '../model/messages.ts';
import type { Conversation, Steps } from './conversation.ts';

/** A type, as it is JSON. */
export type EarlierMessages = readonly Message[];

const fields: Readonly<Record<string, readonly string[]>> = {
  system: ['role', 'text'],
  user: ['role', 'text'],
  assistant: ['role', 'text', 'toolCalls'],
  tool: ['role', 'id', 'tool', 'ok', 'value'],
};

/** Throws KernelError INVALID_ARGUMENT. Every call of a tool has its result before anybody else speaks, and every result its call. */
export function checkEarlierMessages(field: string, given: unknown): void {
  if (!Array.isArray(given)) throw invalid(field, given, 'a list of messages');
  /** Calls of the last answer without a result: tool by id. */
  const open = new Map<string, string>();
  for (const [index, message] of (given as readonly unknown[]).entries()) {
    const at = `${field}[${index}]`;
    if (!isRecord(message)) throw invalid(at, message, '{ role, text, … }');
    const { role } = message;
    if (typeof role !== 'string' || !Object.hasOwn(fields, role))
      throw invalid(`${at}.role`, role, Object.keys(fields).join(', '));
    checkKnownFields(`${at}.`, message, fields[role]!);
    if (role === 'tool') {
      checkResult(at, message, open);
      continue;
    }
    refuseOpen(at, role, open);
    if (typeof message['text'] !== 'string') throw invalid(`${at}.text`, message['text'], 'a text');
    if (role === 'assistant') checkCalls(`${at}.toolCalls`, message['toolCalls'] ?? [], open);
    if (message['text'] === '' && open.size === 0)
      throw invalid(`${at}.text`, '', 'a text that is not empty');
  }
  refuseOpen(`${field}[${given.length}]`, 'user', open);
}

/** They stand in the prompt as if the agent had come by them: users' words are kept longest, an answer leaves with its results. */
export function* sayEarlier(conversation: Conversation, messages: EarlierMessages): Steps<void> {
  let isAnswered = false;
  for (const message of messages) {
    switch (message.role) {
      case 'system':
        yield* conversation.system(message.text);
        break;
      case 'user':
        if (isAnswered) conversation.close();
        isAnswered = false;
        yield* conversation.user(message.text);
        break;
      case 'assistant':
        isAnswered = true;
        yield* conversation.answer(message);
        break;
      case 'tool':
        yield* conversation.result(conversation.sized(message));
        break;
    }
  }
  // The task is another turn.
  if (isAnswered) conversation.close();
}

function checkResult(
  at: string,
  message: Readonly<Record<string, unknown>>,
  open: Map<string, string>,
): void {
  const { id, tool, ok, value } = message;
  const asked = open.get(id as string);
  if (asked === undefined)
    throw invalid(
      `${at}.id`,
      id,
      open.size === 0
        ? 'a result behind an answer that asks for it'
        : `the id of a call that has no result: ${[...open.keys()].join(', ')}`,
    );
  if (tool !== asked) throw invalid(`${at}.tool`, tool, `the tool of the call: ${asked}`);
  if (typeof ok !== 'boolean') throw invalid(`${at}.ok`, ok, 'true or false');
  if (value === undefined) throw invalid(`${at}.value`, value, 'the result');
  open.delete(id as string);
}

function checkCalls(field: string, given: unknown, open: Map<string, string>): void {
  if (!Array.isArray(given)) throw invalid(field, given, 'a list of { id, tool, arguments }');
  for (const [index, call] of (given as readonly unknown[]).entries()) {
    const at = `${field}[${index}]`;
    if (!isRecord(call)) throw invalid(at, call, '{ id, tool, arguments }');
    checkKnownFields(`${at}.`, call, ['id', 'tool', 'arguments', 'malformed']);
    const { id, tool, arguments: args, malformed } = call;
    if (typeof id !== 'string' || id === '' || open.has(id))
      throw invalid(`${at}.id`, id, 'an id that no other call of the answer has');
    if (typeof tool !== 'string' || tool === '') throw invalid(`${at}.tool`, tool, 'the name of a tool');
    if (malformed === undefined ? !isRecord(args) : typeof malformed !== 'string')
      throw invalid(`${at}.arguments`, args, 'an object');
    open.set(id, tool);
  }
}

function refuseOpen(at: string, role: string, open: ReadonlyMap<string, string>): void {
  const [id] = open.keys();
  if (id !== undefined) throw invalid(`${at}.role`, role, `tool: call ${id} has no result yet`);
}
