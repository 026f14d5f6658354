import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

const decisions: readonly string[] = ['approve', 'edit', 'deny', 'answer'];

/** A person is asked once, answers once, and is heard: a tool call that somebody must approve starts only when somebody did. */
export function people({ tools }: CheckerFacts): Checker {
  const check: Check = checkOf('people');
  const guarded = new Set(tools.filter(({ approval }) => approval === true).map(({ name }) => name));
  const open = new Map<number, EventOf<'person.asked'>>();
  /** Of requests that somebody was to approve: what was decided. */
  const decided = new Map<number, EventOf<'person.answered'>>();

  return {
    name: 'people',
    promise: 'A person approves, edits, denies or answers what was asked; what nobody approved never starts.',
    on: {
      'person.asked': (event) => {
        const { request } = event;
        check(
          !open.has(request) && !decided.has(request),
          event,
          () => `request ${request} is asked a second time`,
        );
        open.set(request, event);
      },
      'person.answered': (event) => {
        const { pid, request, decision } = event;
        const asked = open.get(request);
        check(asked !== undefined, event, () => `request ${request} is answered, but is not open`);
        check(
          asked.pid === pid,
          event,
          () => `request ${request} of process ${asked.pid} is answered to process ${pid}`,
        );
        check(
          decisions.includes(decision),
          event,
          () => `request ${request} is answered with "${decision}", not with ${decisions.join(', ')}`,
        );
        open.delete(request);
        if (asked.purpose === 'approve') decided.set(request, event);
      },
      'tool.started': (event) => {
        const { pid, request, tool } = event;
        const asked = open.get(request);
        check(
          asked === undefined,
          event,
          () => `request ${request} (${tool}) starts while somebody is asked about it`,
        );
        const answer = decided.get(request);
        if (answer === undefined && !guarded.has(tool)) return;
        check(
          answer?.decision === 'approve' || answer?.decision === 'edit',
          event,
          () => `request ${request} (${tool}) starts, decision: ${answer?.decision ?? 'nobody was asked'}`,
        );
        check(
          answer.pid === pid,
          event,
          () => `request ${request} was approved for process ${answer.pid}, not for ${pid}`,
        );
      },
      'tool.settled': ({ request }) => void decided.delete(request),
    },
  };
}
