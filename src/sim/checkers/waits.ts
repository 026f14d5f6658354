import { checkOf, type Check, type Checker } from './checker.ts';

/** What can be seen of what a living process is doing. */
interface Doing {
  readonly parent: number;
  /** In the middle of its program, which takes no time: `program`. `waiting on …`: as its last event says. */
  state: 'program' | 'queue' | 'core' | 'waiting' | 'suspended';
  on: string;
  /** Tool calls that run, questions that are open, messages that are not received, children that live. */
  tools: number;
  questions: number;
  messages: number;
  children: number;
  /** Its call has a place at a budget node. */
  isQueued: boolean;
  /** The last event that told of it. */
  last: Parameters<Check>[1];
  /** It is to be looked at when the instant is over. */
  isTouched: boolean;
}

/** These come by themselves: from a clock, or from a device that always answers. */
const ownReasons: ReadonlySet<string> = new Set(['tool', 'timer', 'storage']);

/** A process that waits for one of these does nothing else. */
const undivided: ReadonlySet<string> = new Set(['budget', 'memory', 'message', 'child', 'storage']);

/**
 * A program takes no time, and no wait outlasts its reason: when an instant is over, each process that lives is ready, runs, is suspended, or waits
 * for what is still to come. When nothing is due any more, nobody is left but who waits for others, or is stopped.
 */
export function waits(): Checker {
  const check: Check = checkOf('waits');
  const processes = new Map<number, Doing>();
  /** Of the present instant. */
  const touched: number[] = [];
  let atUs = 0;

  function closeInstant(): void {
    for (const pid of touched) {
      const doing = processes.get(pid);
      if (doing === undefined) continue;
      const { state, last } = doing;
      doing.isTouched = false;
      check(state !== 'program', last, () => `process ${pid} is neither ready nor does it run, wait or end`);
      if (state !== 'waiting') continue;
      const problem = outlasted(doing);
      check(problem === undefined, last, () => `process ${pid} waits on ${doing.on}, but ${problem}`);
    }
    touched.length = 0;
  }

  function touch(event: Parameters<Check>[1], pid: number): Doing | undefined {
    const doing = processes.get(pid);
    if (doing === undefined) return undefined;
    if (!doing.isTouched) touched.push(pid);
    doing.isTouched = true;
    doing.last = event;
    return doing;
  }

  function goesTo(state: Doing['state']): (event: Parameters<Check>[1] & { readonly pid: number }) => void {
    return (event) => {
      const doing = state === 'program' ? touch(event, event.pid) : processes.get(event.pid);
      if (doing === undefined) return;
      doing.state = state;
      doing.last = event;
    };
  }

  function leavesBudget({ pid }: { readonly pid: number }): void {
    const doing = processes.get(pid);
    if (doing !== undefined) doing.isQueued = false;
  }

  /** The process has done what it did before. */
  function isUndivided(event: Parameters<Check>[1], pid: number, doing: Doing): void {
    check(
      doing.tools === 0 && doing.questions === 0,
      event,
      () =>
        `process ${pid} goes on with ${doing.tools} tool calls running and ${doing.questions} open questions`,
    );
  }

  function counts(what: 'tools' | 'questions', change: 1 | -1) {
    return (event: Parameters<Check>[1] & { readonly pid: number }): void => {
      const doing = touch(event, event.pid);
      if (doing !== undefined) doing[what] += change;
    };
  }

  return {
    name: 'waits',
    promise: 'A process is ready, running, waiting for a reason, suspended or terminated.',
    every(event) {
      if (event.atUs !== atUs && touched.length > 0) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'process.spawned': (event) => {
        const { pid, parent } = event;
        const counted = { tools: 0, questions: 0, messages: 0, children: 0, isQueued: false };
        processes.set(pid, { parent, state: 'program', on: '', ...counted, last: event, isTouched: false });
        touch(event, pid);
        const doing = processes.get(parent);
        if (doing !== undefined) doing.children++;
      },
      'process.restored': ({ pid, mail }) => {
        const doing = processes.get(pid);
        if (doing !== undefined) doing.messages = mail.length;
      },
      'call.requested': (event) => {
        const doing = processes.get(event.pid);
        if (doing !== undefined) isUndivided(event, event.pid, doing);
      },
      'process.ready': goesTo('queue'),
      'process.dispatched': goesTo('core'),
      'call.stopped': goesTo('program'),
      'call.ended': goesTo('program'),
      'process.suspended': (event) => {
        goesTo('suspended')(event);
        leavesBudget(event);
      },
      'budget.queued': (event) => {
        const doing = touch(event, event.pid);
        if (doing !== undefined) doing.isQueued = true;
      },
      'budget.reserved': leavesBudget,
      'call.refused': leavesBudget,
      'process.continued': goesTo('program'),
      'process.waiting': (event) => {
        const { pid, on } = event;
        const doing = touch(event, pid);
        if (doing === undefined) return;
        doing.state = 'waiting';
        doing.on = on;
        if (undivided.has(on)) isUndivided(event, pid, doing);
      },
      'tool.started': counts('tools', 1),
      'tool.ended': counts('tools', -1),
      'person.asked': counts('questions', 1),
      'person.answered': counts('questions', -1),
      'message.sent': (event) => {
        const doing = touch(event, event.to);
        if (doing !== undefined) doing.messages++;
      },
      'message.received': (event) => {
        const doing = touch(event, event.pid);
        if (doing !== undefined) doing.messages--;
      },
      'process.terminated': (event) => {
        const parent = processes.get(event.pid)?.parent ?? 0;
        processes.delete(event.pid);
        const doing = touch(event, parent);
        if (doing !== undefined) doing.children--;
      },
    },
    finish(isRunOver) {
      closeInstant();
      if (!isRunOver) return;
      for (const [pid, { state, on, last }] of processes) {
        const isPatient = state === 'suspended' || (state === 'waiting' && !ownReasons.has(on));
        check(
          isPatient,
          last,
          () =>
            `nothing is due any more, and process ${pid} ${state === 'waiting' ? `waits on ${on}` : 'lives'}`,
        );
      }
    },
  };
}

/** What the process waits for has come; undefined: as far as events tell, it is still to come. */
function outlasted({ on, tools, questions, messages, children, isQueued }: Doing): string | undefined {
  if (isQueued !== (on === 'budget'))
    return isQueued ? 'its call has a place at a budget' : 'its call has no place at any';
  switch (on) {
    case 'tool':
      return tools > 0 ? undefined : 'no tool call of it runs';
    case 'person':
      return questions > 0 ? undefined : 'no question of it is open';
    case 'message':
      return messages === 0 ? undefined : `${messages} messages are there`;
    case 'child':
      return children > 0 ? undefined : 'no child of it lives';
    default:
      return undefined;
  }
}
