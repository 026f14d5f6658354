/** How a message reaches a process: handed to the one that waits for it, else kept in its mailbox, and durable in its journal either way. */
import { Ring } from '../base/ring.ts';
import type { Json } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import { numberFor, type Process } from './process.ts';
import { done, failed, type Result } from './syscall-handler.ts';
import type { Message } from './syscalls.ts';

/** Of a wait that a message ends. */
export const interrupted = failed('INTERRUPTED', 'a message is there');

/** To one that has not ended. `sender` undefined: the world. Fails with MAILBOX_FULL, which changes nothing. */
export function sendMail(
  state: KernelState,
  sender: Process | undefined,
  target: Process,
  message: Json,
): Result {
  const from = sender?.pid ?? 0;
  const mail: Message = { from: sender === undefined ? 0 : numberFor(target, sender), message };
  const { pid: to, pending } = target;
  const isAwaited = pending?.kind === 'receive';
  if (!isAwaited && (target.mailbox?.length ?? 0) >= state.options.mailboxLimit)
    return failed(
      'MAILBOX_FULL',
      `to: the mailbox of process ${sender === undefined ? to : numberFor(sender, target)} holds ${target.mailbox?.length} messages; allowed: up to ${state.options.mailboxLimit}`,
    );
  const number = ++target.mailCount;
  state.out.emit({ type: 'message.sent', pid: from, to, number });
  if (isAwaited) {
    if (pending.timer !== undefined) state.timers.clear(pending.timer);
    state.out.emit({ type: 'message.received', pid: to, from, number });
  }
  state.journal(target, { type: 'message.sent', ...mail });
  if (isAwaited) state.deliver(target, { ok: true, value: mail });
  else (target.mailbox ??= new Ring()).push({ number, sender: from, message: mail });
  if (pending?.kind === 'wait' && pending.orMessage) {
    if (pending.timer !== undefined) state.timers.clear(pending.timer);
    state.deliver(target, interrupted);
  }
  return done;
}
