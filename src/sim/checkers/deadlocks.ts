import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

/** Who was told to be in a deadlock that nobody resolved: none of them goes on before one of them ends, or is helped from outside. */
type Circle = Set<number>;

/**
 * No false alarm: the members of a deadlock wait, and stay where they are until one of them is ended, or gets a message from another run. A victim is one of
 * them. Boosts, too: a priority that is inherited is more urgent than one's own, and ends at one's own.
 */
export function deadlocks(): Checker {
  const check: Check = checkOf('deadlocks');
  const circles = new Map<number, Circle>();
  /** Members that wait for memory or budget: not while they are suspended. */
  const inCalls = new Set<number>();
  const waiting = new Set<number>();
  const runOf = new Map<number, string>();
  const own = new Map<number, number>();
  const inherited = new Map<number, number>();

  function dissolve(pid: number): void {
    for (const member of circles.get(pid) ?? []) {
      circles.delete(member);
      inCalls.delete(member);
    }
  }

  /** Only who waits can be suspended and continued; all else that a process does is going on. */
  function goesOn(event: Parameters<Check>[1] & { readonly pid: number }): void {
    const circle = circles.get(event.pid);
    check(
      circle === undefined,
      event,
      () =>
        `process ${event.pid} goes on, though it was told to be in a deadlock: ${[...circle!].join(', ')}`,
    );
  }

  function boosted(event: EventOf<'process.boosted' | 'process.unboosted'>): void {
    const { pid, priority, type } = event;
    const base = own.get(pid)!;
    const before = inherited.get(pid) ?? base;
    const isRight = type === 'process.boosted' ? priority < base : priority === base;
    check(
      isRight && priority !== before,
      event,
      () => `process ${pid} of priority ${base} goes from ${before} to ${priority}`,
    );
    inherited.set(pid, priority);
  }

  return {
    name: 'deadlocks',
    promise: 'A deadlock that is told is one: no member goes on unless one of them is ended.',
    on: {
      'process.spawned': ({ pid, run, priority }) => {
        runOf.set(pid, run);
        own.set(pid, priority);
      },
      'process.waiting': (event) => {
        const { pid, on } = event;
        // One that is continued waits again for what it waited for.
        if (on !== 'lock' && on !== 'child' && on !== 'message') goesOn(event);
        waiting.add(pid);
      },
      'process.boosted': boosted,
      'process.unboosted': boosted,
      'deadlock.detected': (event) => {
        const { members, victim } = event;
        const circle: Circle = new Set(members.map(({ pid }) => pid));
        check(members.length > 0, event, () => 'a deadlock of nobody');
        for (const { pid, waitsFor } of members) {
          check(waiting.has(pid), event, () => `process ${pid} does not wait`);
          check(
            waitsFor.length === 0 || waitsFor.some((other) => circle.has(other)),
            event,
            () => `process ${pid} waits for nobody of the deadlock, but for ${waitsFor.join(', ')}`,
          );
        }
        check(victim === 0 || circle.has(victim), event, () => `the victim ${victim} is no member`);
        for (const pid of circle) dissolve(pid);
        if (victim !== 0) return;
        for (const { pid, on } of members) {
          circles.set(pid, circle);
          if (on === 'memory' || on === 'budget') inCalls.add(pid);
        }
      },
      'process.suspended': ({ pid }) => {
        if (inCalls.has(pid)) dissolve(pid);
      },
      'message.received': (event) => {
        const { pid, from } = event;
        if (runOf.get(pid) === runOf.get(from)) goesOn(event);
        else dissolve(pid);
      },
      // A member is ended: first it gives back what it holds.
      'lock.released': (event) => {
        if (event.ownerEnded) dissolve(event.pid);
        goesOn(event);
      },
      'lock.withdrawn': (event) => {
        if (event.why === 'ended') dissolve(event.pid);
        goesOn(event);
      },
      'lock.acquired': goesOn,
      'semaphore.taken': goesOn,
      'process.ready': goesOn,
      'call.requested': goesOn,
      'process.terminated': (event) => {
        const { pid } = event;
        dissolve(pid);
        for (const map of [waiting, runOf, own, inherited]) map.delete(pid);
      },
    },
  };
}
