import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** A core runs at most one process, of its own engine, which is the one that its call names if it names any; a process has at most one core; each start on a core has exactly one end. */
export function cores({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('cores');
  /** By core: its engine's index. */
  const engineOf = engines.flatMap((engine, index) => Array.from({ length: engine.cores }, () => index));
  /** By core: what runs on it. */
  const running: (EventOf<'process.dispatched'> | undefined)[] = engineOf.map(() => undefined);
  /** By pid. */
  const coreOf = new Map<number, number>();
  const homeOf = new Map<number, number>();
  const namedBy = new Map<number, number | undefined>();

  function leave(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const start = running[event.core];
    check(
      start !== undefined,
      event,
      () => `core ${event.core} ends call ${event.n} of ${event.pid}, but nothing runs on it`,
    );
    check(
      start.pid === event.pid,
      event,
      () => `core ${event.core} ends a call of ${event.pid}, but runs ${start.pid}`,
    );
    check(
      start.n === event.n,
      event,
      () => `core ${event.core} ends call ${event.n} of ${event.pid}, but runs its call ${start.n}`,
    );
    running[event.core] = undefined;
    coreOf.delete(event.pid);
  }

  return {
    name: 'cores',
    promise:
      'A core runs one call at a time, and a stopped call keeps its core until its end arrives: each start has one end.',
    on: {
      'process.spawned': (event) => {
        check(
          engines[event.engine] !== undefined,
          event,
          () => `engine ${event.engine} of ${engines.length}`,
        );
        homeOf.set(event.pid, event.engine);
      },
      'process.migrated': ({ pid, to }) => void homeOf.set(pid, to),
      'call.requested': ({ pid, engine }) => void namedBy.set(pid, engine),
      'process.dispatched': (event) => {
        const { pid, core } = event;
        check(engineOf[core] !== undefined, event, () => `core ${core} of ${engineOf.length}`);
        check(
          engineOf[core] === homeOf.get(pid),
          event,
          () => `process ${pid} of engine ${homeOf.get(pid)} on core ${core} of engine ${engineOf[core]}`,
        );
        const named = namedBy.get(pid);
        check(
          named === undefined || named === engineOf[core],
          event,
          () =>
            `process ${pid} runs on core ${core} of engine ${engineOf[core]}, and its call names engine ${named}`,
        );
        check(
          running[core] === undefined,
          event,
          () => `core ${core} gets process ${pid} while it runs ${running[core]?.pid}`,
        );
        check(
          !coreOf.has(pid),
          event,
          () => `process ${pid} gets core ${core} while it has core ${coreOf.get(pid)}`,
        );
        running[core] = event;
        coreOf.set(pid, core);
      },
      'call.stopped': leave,
      'call.ended': leave,
      'process.terminated': (event) => {
        check(
          !coreOf.has(event.pid),
          event,
          () => `process ${event.pid} ends while core ${coreOf.get(event.pid)} still runs it`,
        );
      },
    },
  };
}
