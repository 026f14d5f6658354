/** Messages to a running agent: steering while it works, follow-ups when it has answered. Each becomes what a user says. */
import type { Json } from '../../kernel/ids.ts';
import type { Message, SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import type { Steps } from './conversation.ts';
import { makeRoomFor } from './make-room.ts';

/** Takes up what waits in the mailbox; where nothing does, waits for a message for up to `waitUs`. False: none came. */
export function* takeMail(run: AgentRun, waitUs: number): Steps<boolean> {
  const { conversation } = run;
  for (let count = 0; ; count++) {
    const mail = (yield { kind: 'receive', timeoutUs: count === 0 ? waitUs : 0 }) as SyscallResult<Message>;
    if (!mail.ok) return count > 0;
    const text = wordsOf(mail.value);
    yield* makeRoomFor(run, conversation.tokensOf(pageOf({ role: 'user', text })));
    yield* conversation.user(text);
  }
}

/** A message of another process says whose it is, so that it does not pass for the user's. */
function wordsOf({ from, message }: Message): string {
  const words = textOf(message);
  return from === 0 ? words : `[Message of process ${from}]\n${words}`;
}

/** A text, or the `text` of an object, or JSON. */
function textOf(message: Json): string {
  if (typeof message === 'string') return message;
  const { text } = (message ?? {}) as { readonly text?: unknown };
  return typeof text === 'string' ? text : JSON.stringify(message);
}
