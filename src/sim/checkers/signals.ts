import type { Outcome } from '../../kernel/process-state.ts';
import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

/** What a process was told, as long as it holds. */
interface Told {
  what: 'stop' | 'terminate' | 'kill' | undefined;
  /** What it was told before a crash is in no event. */
  isRestored: boolean;
  /** Load control took it off its core. */
  isTakenOut: boolean;
  isRunning: boolean;
  /** A signal told its running call to stop. */
  isCallTold: boolean;
  isSuspended: boolean;
  /** The event after which it is to be looked at. */
  event: Parameters<Check>[1] | undefined;
}

/**
 * Signals act at once, or as soon as the core of a running call is free: who is told to stop is suspended, who is told to end ends, and
 * nothing but `continue` takes a stop back. The same holds for load control when it takes a process off its core.
 */
export function signals(): Checker {
  const check: Check = checkOf('signals');
  const processes = new Map<number, Told>();
  /** Of the present instant. */
  const touched: number[] = [];
  let atUs = 0;

  function closeInstant(): void {
    for (const pid of touched) {
      const told = processes.get(pid);
      if (told?.event === undefined) continue;
      const { what, isTakenOut, isRunning, isSuspended, event } = told;
      told.event = undefined;
      if (isRunning) continue; // a call that is told to stop keeps its core until its end arrives
      check(!isEnd(what), event, () => `process ${pid} is told to ${what}, and lives`);
      check(
        isSuspended || what !== 'stop',
        event,
        () => `process ${pid} is told to stop, and is not suspended`,
      );
      check(!isTakenOut, event, () => `load control stops process ${pid}, which is not suspended`);
    }
    touched.length = 0;
  }

  function touch(event: Parameters<Check>[1] & { readonly pid: number }): Told | undefined {
    const told = processes.get(event.pid);
    if (told === undefined) return undefined;
    if (told.event === undefined) touched.push(event.pid);
    told.event = event;
    return told;
  }

  function leavesCore(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const told = processes.get(event.pid);
    if (told === undefined) return;
    if (event.type === 'call.stopped')
      check(
        (event.by === 'signal') === told.isCallTold,
        event,
        () =>
          `the call of process ${event.pid} is stopped by ${event.by}, told by a signal: ${told.isCallTold}`,
      );
    told.isRunning = told.isCallTold = false;
    if (event.type === 'call.stopped' && event.by === 'load-control') told.isTakenOut = true;
    if (told.isTakenOut || told.what !== undefined) touch(event);
  }

  return {
    name: 'signals',
    promise:
      'Signals reach running calls, tools and children: who is told to stop stops, who is told to end ends.',
    every(event) {
      if (event.atUs !== atUs && touched.length > 0) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'process.spawned': ({ pid }) => {
        processes.set(pid, {
          what: undefined,
          isRestored: false,
          isTakenOut: false,
          isRunning: false,
          isCallTold: false,
          isSuspended: false,
          event: undefined,
        });
      },
      'signal.delivered': (event) => {
        const told = touch(event);
        if (told === undefined) return;
        const { signal } = event;
        if (signal !== 'continue') told.isCallTold = told.isRunning;
        // Nothing takes a kill back, and only a kill outranks a termination.
        if (signal === 'kill' || (signal === 'terminate' && told.what !== 'kill')) told.what = signal;
        else if (!isEnd(told.what)) told.what = signal === 'stop' ? 'stop' : undefined;
      },
      'process.restored': ({ pid }) => {
        const told = processes.get(pid);
        if (told !== undefined) told.isRestored = true;
      },
      'process.dispatched': ({ pid }) => {
        const told = processes.get(pid);
        if (told !== undefined) told.isRunning = true;
      },
      'call.stopped': leavesCore,
      'call.ended': leavesCore,
      'process.suspended': (event) => {
        const { pid, by } = event;
        const told = processes.get(pid);
        if (told === undefined) return;
        check(
          told.isRestored || (by === 'signal') === (told.what === 'stop'),
          event,
          () => `process ${pid} is suspended by ${by}, and was told ${told.what ?? 'nothing'}`,
        );
        told.isSuspended = true;
        told.isTakenOut = false;
      },
      'process.continued': (event) => {
        const told = processes.get(event.pid);
        if (told === undefined) return;
        check(
          told.what === undefined,
          event,
          () => `process ${event.pid} goes on, and was told to ${told.what}`,
        );
        told.isSuspended = false;
      },
      'process.terminated': (event) => {
        const { pid, outcome } = event;
        const told = processes.get(pid);
        if (told === undefined) return;
        check(
          told.isRestored || outcomes[told.what ?? 'nothing'].includes(outcome),
          event,
          () => `process ${pid} ends as ${outcome}, and was told ${told.what ?? 'nothing'}`,
        );
        processes.delete(pid);
      },
    },
    finish: closeInstant,
  };
}

/** How a process may end by what it was told. */
const outcomes: Readonly<Record<NonNullable<Told['what']> | 'nothing', readonly Outcome[]>> = {
  nothing: ['completed', 'failed'],
  stop: ['completed', 'failed'],
  terminate: ['cancelled'],
  kill: ['killed'],
};

function isEnd(what: Told['what']): boolean {
  return what === 'terminate' || what === 'kill';
}
