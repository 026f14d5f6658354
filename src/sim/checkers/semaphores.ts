import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

interface Semaphore {
  count: number;
  /** In the order in which they asked. */
  readonly queue: Set<number>;
}

/**
 * A semaphore counts what was posted and not taken: never below 0. While it counts something nobody waits for it but who is suspended; what is posted goes to
 * the first that is not. It is known in its run alone.
 */
export function semaphores(): Checker {
  const check: Check = checkOf('semaphores');
  const runOf = new Map<number, string>();
  /** By run and name. */
  const known = new Map<string, Semaphore>();
  const suspended = new Set<number>();
  /** By pid: the one that it waits for. */
  const waitsFor = new Map<number, Semaphore>();
  /** Posted to, in the present instant. */
  const posted = new Map<Semaphore, Parameters<Check>[1]>();
  let atUs = 0;

  const key = (run: string | undefined, name: string): string => JSON.stringify([run, name]);

  type OfOne = EventOf<
    'semaphore.opened' | 'semaphore.queued' | 'semaphore.taken' | 'semaphore.posted' | 'semaphore.withdrawn'
  >;
  function semaphoreOf(event: OfOne): Semaphore {
    const semaphore = known.get(key(runOf.get(event.pid), event.semaphore));
    check(semaphore !== undefined, event, () => `semaphore "${event.semaphore}" is not open in that run`);
    return semaphore;
  }

  function firstOf({ queue }: Semaphore): number | undefined {
    for (const pid of queue) if (!suspended.has(pid)) return pid;
    return undefined;
  }

  function closeInstant(): void {
    for (const [semaphore, event] of posted) {
      const first = firstOf(semaphore);
      check(
        semaphore.count === 0 || first === undefined,
        event,
        () => `process ${first} waits for a semaphore that counts ${semaphore.count}`,
      );
    }
    posted.clear();
  }

  return {
    name: 'semaphores',
    promise: 'A semaphore never counts below 0; what is posted goes to who has waited longest.',
    every(event) {
      if (event.atUs !== atUs && posted.size > 0) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'process.spawned': ({ pid, run }) => void runOf.set(pid, run),
      'semaphore.restored': ({ run, semaphore, count }) =>
        void known.set(key(run, semaphore), { count, queue: new Set() }),
      'semaphore.opened': (event) => {
        const name = key(runOf.get(event.pid), event.semaphore);
        check(!known.has(name), event, () => `semaphore ${name} is opened anew`);
        check(event.count >= 0, event, () => `semaphore ${name} begins with ${event.count}`);
        known.set(name, { count: event.count, queue: new Set() });
      },
      'semaphore.queued': (event) => {
        const semaphore = semaphoreOf(event);
        check(
          semaphore.count === 0,
          event,
          () => `process ${event.pid} waits, the count is ${semaphore.count}`,
        );
        semaphore.queue.add(event.pid);
        waitsFor.set(event.pid, semaphore);
      },
      'semaphore.taken': (event) => {
        const { pid, count } = event;
        const semaphore = semaphoreOf(event);
        const first = firstOf(semaphore);
        check(
          count === semaphore.count - 1 && count >= 0,
          event,
          () => `a semaphore that counts ${semaphore.count} counts ${count} when one is taken`,
        );
        check(
          first === undefined || first === pid,
          event,
          () => `process ${pid} is served, but process ${first} has waited longer`,
        );
        semaphore.count = count;
        semaphore.queue.delete(pid);
        waitsFor.delete(pid);
      },
      'semaphore.posted': (event) => {
        const semaphore = semaphoreOf(event);
        check(
          event.count === semaphore.count + 1,
          event,
          () => `a semaphore that counts ${semaphore.count} counts ${event.count} when one is posted`,
        );
        semaphore.count = event.count;
        posted.set(semaphore, event);
      },
      'semaphore.withdrawn': (event) => {
        check(
          semaphoreOf(event).queue.delete(event.pid),
          event,
          () => `process ${event.pid} did not wait for semaphore "${event.semaphore}"`,
        );
        waitsFor.delete(event.pid);
      },
      'process.suspended': ({ pid }) => void suspended.add(pid),
      'process.continued': (event) => {
        suspended.delete(event.pid);
        const semaphore = waitsFor.get(event.pid);
        if (semaphore !== undefined) posted.set(semaphore, event);
      },
      'process.terminated': (event) => {
        check(!waitsFor.has(event.pid), event, () => `process ${event.pid} ends and waits for a semaphore`);
        suspended.delete(event.pid);
      },
    },
    finish: closeInstant,
  };
}
