import { checkOf, type Check, type Checker } from './checker.ts';

/** What is under way to one receiver. */
interface Mailbox {
  /** Senders of what was not received yet, in the order of sending: the first of them is number `received + 1`. */
  readonly senders: number[];
  received: number;
}

/** What is received was sent before, by that sender to that receiver; once, and in the order of sending. */
export function messages(): Checker {
  const check: Check = checkOf('messages');
  const mailboxes = new Map<number, Mailbox>();

  function mailboxOf(pid: number): Mailbox {
    let mailbox = mailboxes.get(pid);
    if (mailbox === undefined) mailboxes.set(pid, (mailbox = { senders: [], received: 0 }));
    return mailbox;
  }

  return {
    name: 'messages',
    promise: 'A message received is a message sent, once; messages arrive in the order of sending.',
    on: {
      'message.sent': (event) => {
        const { pid, to, number } = event;
        const { senders, received } = mailboxOf(to);
        const next = received + senders.length + 1;
        check(number === next, event, () => `message ${number} to process ${to} is its message ${next}`);
        senders.push(pid);
      },
      // What it had been sent before a crash.
      'process.restored': ({ pid, mail }) => void mailboxes.set(pid, { senders: [...mail], received: 0 }),
      'message.received': (event) => {
        const { pid, from, number } = event;
        const mailbox = mailboxOf(pid);
        const first = mailbox.senders.shift();
        check(
          first !== undefined,
          event,
          () => `process ${pid} receives a message of ${from}, but nothing is on its way to it`,
        );
        mailbox.received++;
        check(
          first === from && number === mailbox.received,
          event,
          () =>
            `process ${pid} receives message ${number}, of ${from}, before message ${mailbox.received}, of ${first}`,
        );
      },
      'process.terminated': (event) => void mailboxes.delete(event.pid),
    },
  };
}
