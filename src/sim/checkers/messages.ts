import { checkOf, type Check, type Checker } from './checker.ts';

/** What is received was sent before, by that sender to that receiver, and each message is received at most once. */
export function messages(): Checker {
  const check: Check = checkOf('messages');
  /** By receiver, then by sender: sent and not received. */
  const underWay = new Map<number, Map<number, number>>();

  return {
    name: 'messages',
    promise: 'A message received is a message sent, once.',
    on: {
      'message.sent': ({ pid, to }) => {
        let senders = underWay.get(to);
        if (senders === undefined) underWay.set(to, (senders = new Map()));
        senders.set(pid, (senders.get(pid) ?? 0) + 1);
      },
      // What it had been sent before a crash.
      'process.restored': ({ pid, mail }) => {
        const senders = new Map<number, number>();
        for (const from of mail) senders.set(from, (senders.get(from) ?? 0) + 1);
        underWay.set(pid, senders);
      },
      'message.received': (event) => {
        const { pid, from } = event;
        const senders = underWay.get(pid);
        const count = senders?.get(from) ?? 0;
        check(
          count > 0,
          event,
          () => `process ${pid} receives a message of ${from}, which sent it none that is not received yet`,
        );
        senders!.set(from, count - 1);
      },
      'process.terminated': (event) => void underWay.delete(event.pid),
    },
  };
}
