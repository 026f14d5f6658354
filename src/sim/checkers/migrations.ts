import { checkOf, type CheckerFacts, type Check, type Checker } from './checker.ts';

/** What can be seen of a living process: the engine it is on, whether it stands ready, and its open call. */
interface Standing {
  engine: number;
  isReady: boolean;
  promptTokens: number;
  hasBegun: boolean;
}

/** A process changes its engine only from the one it is on to another, while it stands ready and its call has not begun; it loses no more than its prompt. */
export function migrations({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('migrations');
  const processes = new Map<number, Standing>();

  function stands(isReady: boolean): (event: { readonly pid: number }) => void {
    return ({ pid }) => {
      const process = processes.get(pid);
      if (process !== undefined) process.isReady = isReady;
    };
  }

  return {
    name: 'migrations',
    promise:
      'A call runs on one engine: a process goes to another only while it stands ready for a call that has not begun.',
    on: {
      'process.spawned': ({ pid, engine }) =>
        void processes.set(pid, { engine, isReady: false, promptTokens: 0, hasBegun: false }),
      'process.ready': stands(true),
      'process.waiting': stands(false),
      'process.suspended': stands(false),
      'call.requested': ({ pid, promptTokens }) => {
        const process = processes.get(pid);
        if (process === undefined) return;
        process.promptTokens = promptTokens;
        process.hasBegun = false;
      },
      'process.dispatched': ({ pid }) => {
        const process = processes.get(pid);
        if (process === undefined) return;
        process.isReady = false;
        process.hasBegun = true;
      },
      'process.migrated': (event) => {
        const { pid, from, to, lostTokens } = event;
        const process = processes.get(pid);
        if (process === undefined) return; // the transitions' checker speaks of it
        check(
          from === process.engine,
          event,
          () => `process ${pid} of engine ${process.engine} leaves engine ${from}`,
        );
        check(
          to !== from && engines[to] !== undefined,
          event,
          () => `process ${pid} goes from engine ${from} to ${to} of ${engines.length}`,
        );
        check(process.isReady, event, () => `process ${pid} changes its engine and does not stand ready`);
        check(!process.hasBegun, event, () => `process ${pid} changes its engine in the middle of a call`);
        check(
          Number.isSafeInteger(lostTokens) && lostTokens >= 0 && lostTokens <= process.promptTokens,
          event,
          () => `process ${pid} loses ${lostTokens} tokens of a prompt of ${process.promptTokens}`,
        );
        process.engine = to;
      },
      'process.terminated': ({ pid }) => void processes.delete(pid),
    },
  };
}
