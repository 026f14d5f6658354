import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

/** Stands for every key: with unknown effects a call must not run beside any other that touches something. */
const ANY = '*';

/** How many running calls read and write a key. */
interface Users {
  readers: number;
  writers: number;
}

/** Between start and settlement no two tool calls touch the same resource, unless both only read it. */
export function locks(): Checker {
  const check: Check = checkOf('locks');
  const running = new Map<number, EventOf<'tool.started'>>();
  const users = new Map<string, Users>();
  /** Running calls that touch anything; that write anything. */
  const all: Users = { readers: 0, writers: 0 };

  function usersOf(key: string): Users {
    return users.get(key) ?? { readers: 0, writers: 0 };
  }

  /** The first running call that must not run beside `event`; looked for only when the counts say that there is one. */
  function rival(event: EventOf<'tool.started'>): string {
    for (const other of running.values()) {
      if (conflict(event, other))
        return `request ${other.request} (${other.tool}, reads ${other.reads.join(' ')}, writes ${other.writes.join(' ')})`;
    }
    return 'another call';
  }

  function isFree(event: EventOf<'tool.started'>): boolean {
    const any = usersOf(ANY);
    for (const key of event.writes) {
      const { readers, writers } = key === ANY ? all : usersOf(key);
      if (readers + writers + any.readers + any.writers > 0) return false;
    }
    for (const key of event.reads) {
      const { writers } = key === ANY ? all : usersOf(key);
      if (writers + any.writers > 0) return false;
    }
    return true;
  }

  function count(event: EventOf<'tool.started'>, change: 1 | -1): void {
    for (const key of new Set(event.reads)) add(key, change, 0);
    for (const key of new Set(event.writes)) add(key, 0, change);
    if (event.reads.length > 0) all.readers += change;
    if (event.writes.length > 0) all.writers += change;
  }

  function add(key: string, readers: number, writers: number): void {
    const now = usersOf(key);
    now.readers += readers;
    now.writers += writers;
    if (now.readers + now.writers === 0) users.delete(key);
    else users.set(key, now);
  }

  return {
    name: 'locks',
    promise:
      'One lock table for all processes: conflicting calls run one after another, the others side by side.',
    on: {
      'tool.started': (event) => {
        if (running.has(event.request)) return; // a retry: its locks were kept
        check(
          isFree(event),
          event,
          () =>
            `request ${event.request} (${event.tool}, reads ${event.reads.join(' ')}, ` +
            `writes ${event.writes.join(' ')}) starts beside ${rival(event)}`,
        );
        running.set(event.request, event);
        count(event, 1);
      },
      'tool.settled': (event) => {
        const started = running.get(event.request);
        if (started === undefined) return; // the tools' checker speaks of it
        running.delete(event.request);
        count(started, -1);
      },
    },
  };
}

type Effects = Pick<EventOf<'tool.started'>, 'reads' | 'writes'>;

function conflict(a: Effects, b: Effects): boolean {
  return overlap(a.writes, [...b.reads, ...b.writes]) || overlap(b.writes, [...a.reads, ...a.writes]);
}

function overlap(keys: readonly string[], others: readonly string[]): boolean {
  if (keys.includes(ANY)) return others.length > 0;
  if (others.includes(ANY)) return keys.length > 0;
  return keys.some((key) => others.includes(key));
}
