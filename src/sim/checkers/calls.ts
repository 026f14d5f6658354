import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

/** An open model call of a process. */
interface OpenCall {
  readonly n: number;
  /** Prompt and longest answer. */
  readonly tokens: number;
  dispatches: number;
  isRunning: boolean;
  tokensOut: number;
}

/**
 * A model call is requested, then runs in one or more stretches, then ends once: or it is refused. Answer tokens are counted over all
 * stretches, so they never fall.
 */
export function calls(): Checker {
  const check: Check = checkOf('calls');
  const open = new Map<number, OpenCall>();
  /** By pid: the number of its last call. */
  const lastN = new Map<number, number>();

  function current(event: Parameters<Check>[1] & { readonly pid: number; readonly n: number }): OpenCall {
    const call = open.get(event.pid);
    check(call !== undefined, event, () => `call ${event.n} of process ${event.pid} is not open`);
    check(
      call.n === event.n,
      event,
      () => `call ${event.n} of process ${event.pid}, but its open one is ${call.n}`,
    );
    return call;
  }

  function stretch(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const call = current(event);
    const { pid, n, tokensOut } = event;
    check(call.dispatches > 0, event, () => `call ${n} of process ${pid} was never on a core`);
    check(
      tokensOut >= call.tokensOut,
      event,
      () => `call ${n} of process ${pid}: ${tokensOut} answer tokens after ${call.tokensOut}`,
    );
    call.tokensOut = tokensOut;
    call.isRunning = false;
  }

  return {
    name: 'calls',
    promise:
      'Every call has one identity: it is asked for once, runs between dispatch and end, and ends once or is refused.',
    on: {
      'call.requested': (event) => {
        const { pid, n } = event;
        check(
          !open.has(pid),
          event,
          () => `process ${pid} asks for call ${n} while its call ${open.get(pid)?.n} is open`,
        );
        check(
          n > (lastN.get(pid) ?? 0),
          event,
          () => `process ${pid} asks for call ${n} after ${lastN.get(pid)}`,
        );
        const tokens = event.promptTokens + event.maxOutput;
        open.set(pid, { n, tokens, dispatches: 0, isRunning: false, tokensOut: 0 });
        lastN.set(pid, n);
      },
      'process.dispatched': (event) => {
        const call = current(event);
        call.dispatches++;
        call.isRunning = true;
      },
      'call.bypassed': (event) => {
        const { tokens } = current(event);
        check(
          event.tokens === tokens,
          event,
          () =>
            `call ${event.n} of process ${event.pid} bypasses with ${event.tokens} tokens: it needs ${tokens}`,
        );
      },
      'call.stopped': stretch,
      'call.ended': (event) => {
        stretch(event);
        open.delete(event.pid);
      },
      'call.refused': (event) => {
        const call = current(event);
        check(
          // Between stretches it may be: one that must be paid again may find no budget that could ever pay.
          !call.isRunning,
          event,
          () => `call ${event.n} of process ${event.pid} is refused while it runs`,
        );
        open.delete(event.pid);
      },
      'process.terminated': (event) => {
        open.delete(event.pid);
      },
    },
  };
}
