/** Messages to a running agent: steering while it works, follow-ups when it has answered. Each becomes what a user says. */
import type { Json } from '../../kernel/ids.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Message, SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf } from '../model/messages.ts';
import { quoted } from '../model/quoted.ts';
import type { AgentRun } from './agent-run.ts';
import type { Steps } from './conversation.ts';
import { makeRoomFor } from './make-room.ts';

/** Takes up what waits in the mailbox; where nothing does, waits for a message for up to `waitUs`. False: none came. */
export function* takeMail(run: AgentRun, waitUs: number): Steps<boolean> {
  const { conversation, sys } = run;
  for (let count = 0; ; count++) {
    const mail = (yield { kind: 'receive', timeoutUs: count === 0 ? waitUs : 0 }) as SyscallResult<Message>;
    if (!mail.ok) return count > 0;
    const text = wordsOf(mail.value, sys.parent);
    yield* makeRoomFor(run, conversation.tokensOf(pageOf({ role: 'user', text })));
    yield* conversation.user(text);
  }
}

/** A message of another process says whose it is and is quoted, so that it does not pass for the user's; but who started it may pass on what a user said. */
function wordsOf({ from, message }: Message, parent: number): string {
  const { user, name } = isRecord(message) ? message : {};
  if (from === parent && typeof user === 'string') return user;
  if (from === 0) return textOf(message);
  const whose = typeof name === 'string' ? `${name}, process ${from}` : `process ${from}`;
  return `[Message of ${whose}]\n${quoted(textOf(message))}`;
}

/** A text, or the `text` of an object, or JSON. */
export function textOf(message: Json): string {
  if (typeof message === 'string') return message;
  const { text } = (message ?? {}) as { readonly text?: unknown };
  return typeof text === 'string' ? text : JSON.stringify(message);
}
