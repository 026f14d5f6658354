/**
 * Which tool calls may run side by side: one table for all processes, many readers or one writer of each resource.
 *
 * Keys are exact names; ANY_KEY stands for all of them. A call gets all its keys at once, or it waits in the queue of each. It
 * holds them when nothing that arrived before it, holding or waiting, conflicts with it on any key: so conflicting calls run in
 * the order of arrival, nobody starves, and since calls wait only for earlier ones nobody waits in a circle.
 *
 * Cost: acquire and release take time in proportion to the call's keys and to the calls that become free, however many wait.
 */
import { assert } from '../base/assert.ts';

/** The resources that a call touches. A key in both lists is written. */
export interface Effects {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Conflicts like every key at once: a reader of it with every writer, a writer of it with every call that has a key. */
const ANY_KEY = '*';

export class LockTable {
  readonly #calls = new Map<number, Call>();
  readonly #queues = new Map<string, Queue>();
  /** Every call that has a key stands here; a writer of ANY_KEY alone. */
  readonly #everyone: Queue = { key: undefined, head: undefined, tail: undefined };
  /** Writers of keys, and readers of ANY_KEY: each kind goes together, never with the other. */
  readonly #sides: Queue = { key: undefined, head: undefined, tail: undefined };
  #arrivals = 0;
  #waiting = 0;

  /**
   * Asks for all keys at once, or none. True: granted now; false: `id` waits until a `release` returns it. A call that conflicts
   * with an earlier waiting one waits, too; others pass. An id is used once at a time.
   */
  acquire(id: number, effects: Effects): boolean {
    if (this.#calls.has(id)) assert(false, `lock call ${id} is already in the table`);
    const call: Call = { id, arrival: this.#arrivals++, effects, places: [], missing: 0 };
    this.#calls.set(id, call);
    this.#line(call);
    if (call.missing === 0) return true;
    this.#waiting++;
    return false;
  }

  /** Ends a granted call or withdraws a waiting one. Returns the ids that are granted by it, in the order of their arrival. */
  release(id: number): readonly number[] {
    const call = this.#calls.get(id);
    assert(call !== undefined, () => `lock call ${id} is not in the table`);
    this.#calls.delete(id);
    if (call.missing > 0) this.#waiting--;
    const granted: Call[] = [];
    for (const place of call.places) {
      unlink(place, granted);
      const { queue } = place;
      if (queue.key !== undefined && queue.head === undefined) this.#queues.delete(queue.key);
    }
    this.#waiting -= granted.length;
    return granted.sort((a, b) => a.arrival - b.arrival).map((call) => call.id);
  }

  holds(id: number): boolean {
    return this.#calls.get(id)?.missing === 0;
  }

  waits(id: number): boolean {
    return (this.#calls.get(id)?.missing ?? 0) > 0;
  }

  /** Number of calls that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Recounts from the effects alone who may hold what. Quadratic in the number of calls: for tests and the end of a run. */
  checkInvariants(): void {
    const calls = [...this.#calls.values()];
    const keys = new Set<string>();
    let waiting = 0;
    for (const [index, call] of calls.entries()) {
      const ahead = calls.slice(0, index).find((earlier) => conflicts(earlier.effects, call.effects));
      const holds = call.missing === 0;
      assert(
        holds === (ahead === undefined),
        () => `lock call ${call.id}: holds=${holds}, behind=${ahead?.id}`,
      );
      if (!holds) waiting++;
      for (const place of call.places) if (place.queue.key !== undefined) keys.add(place.queue.key);
    }
    assert(waiting === this.#waiting, () => `${waiting} lock calls wait, not ${this.#waiting}`);
    assert(
      keys.size === this.#queues.size,
      () => `${keys.size} keys in use, not ${this.#queues.size} queues`,
    );
  }

  /** Puts the call at the end of the queue of each of its keys, and of the two queues that stand for all keys. */
  #line(call: Call): void {
    const writes = distinct(call.effects.writes, []);
    const reads = distinct(call.effects.reads, writes);
    if (writes.length + reads.length === 0) return;
    const writesAny = writes.includes(ANY_KEY);
    const readsAny = reads.includes(ANY_KEY);
    const hasWrites = writes.length > (writesAny ? 1 : 0);
    append(this.#everyone, call, writesAny ? 'alone' : 'read');
    if (writesAny) return; // whoever has any key stands in that queue
    if (hasWrites || readsAny) {
      append(this.#sides, call, !readsAny ? 'write' : hasWrites ? 'alone' : 'read');
    }
    for (const key of reads) if (key !== ANY_KEY) append(this.#queueOf(key), call, 'read');
    for (const key of writes) if (key !== ANY_KEY) append(this.#queueOf(key), call, 'alone');
  }

  #queueOf(key: string): Queue {
    let queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, (queue = { key, head: undefined, tail: undefined }));
    return queue;
  }
}

/** The keys that are not among `others`, each once; most calls have one key, and need no sets. */
function distinct(keys: readonly string[], others: readonly string[]): readonly string[] {
  if (keys.length < 2) return keys.length === 0 || !others.includes(keys[0]!) ? keys : [];
  const taken = new Set(others);
  return [...new Set(keys)].filter((key) => !taken.has(key));
}

/** Whether two calls must not run side by side. */
function conflicts(a: Effects, b: Effects): boolean {
  return a.writes.some((key) => touches(b, key)) || b.writes.some((key) => touches(a, key));
}

function touches(effects: Effects, key: string): boolean {
  const keys = [...effects.reads, ...effects.writes];
  return key === ANY_KEY ? keys.length > 0 : keys.includes(key) || keys.includes(ANY_KEY);
}

/** Calls of one mode share a queue's head with each other only; `alone` shares with nobody. */
type Mode = 'read' | 'write' | 'alone';

interface Call {
  readonly id: number;
  readonly arrival: number;
  readonly effects: Effects;
  readonly places: Place[];
  /** Places that are not free yet; 0: the call holds its keys. */
  missing: number;
}

/** One call in one queue. The free places are those at the head that may share it: the first, and all of its mode right behind it. */
interface Place {
  readonly call: Call;
  readonly queue: Queue;
  readonly mode: Mode;
  free: boolean;
  previous: Place | undefined;
  next: Place | undefined;
}

/** In the order of arrival. */
interface Queue {
  /** Undefined for the queues that stand for all keys. */
  readonly key: string | undefined;
  head: Place | undefined;
  tail: Place | undefined;
}

function append(queue: Queue, call: Call, mode: Mode): void {
  const previous = queue.tail;
  const place: Place = { call, queue, mode, free: mayFollow(previous, mode), previous, next: undefined };
  if (previous === undefined) queue.head = place;
  else previous.next = place;
  queue.tail = place;
  call.places.push(place);
  if (!place.free) call.missing++;
}

/** Takes a place out and frees those behind it that nothing separates from the head any more; completed calls join `granted`. */
function unlink(place: Place, granted: Call[]): void {
  const { queue, previous, next } = place;
  if (previous === undefined) queue.head = next;
  else previous.next = next;
  if (next === undefined) queue.tail = previous;
  else next.previous = previous;
  for (let behind = next; behind !== undefined && !behind.free; behind = behind.next) {
    if (!mayFollow(behind.previous, behind.mode)) return;
    behind.free = true;
    if (--behind.call.missing === 0) granted.push(behind.call);
  }
}

/** Whether a place of this mode is free right behind `previous`. */
function mayFollow(previous: Place | undefined, mode: Mode): boolean {
  return previous === undefined || (previous.free && previous.mode === mode && mode !== 'alone');
}
