/**
 * The wait-for graph: who waits for whom, and whether a wait that begins closes a deadlock. Pure: it sees the graph through one function and
 * keeps nothing, so that a kernel in which nobody waits in this way pays nothing.
 *
 * Model: a node either goes on by itself, or it waits until some of its wakers have acted, which each does some time after it goes on: any one of them
 * (the OR model, of which the one-resource model is the case of one waker each), or as many as its wait says (the AND-OR model: who waits for memory needs
 * enough of those that pin it). More wakers that act never make it wait again. A wait that something outside of the graph may end (a clock, a tool, a person) is none
 * in this graph: its node goes on by itself. So does who is in a deadlock that has been told, for that is to be resolved.
 *
 * A set of waiting nodes is stuck when none of them goes on even if everybody outside of it acts. A deadlock is a stuck set in which each waits for each, directly or not.
 * Among waits for any one of several that is a knot; with one waker each a cycle. Who is stuck and in no deadlock stands behind one: it goes on when that is resolved.
 *
 * To look at the node that begins to wait suffices to find every deadlock when it closes: a stuck set without that node was one before. Where a node that goes on leaves the graph, those that might have waited for it are looked at in the same way.
 *
 * Sources: R. C. Holt, "Some deadlock properties of computer systems", 1972 (knots, reduction); E. Knapp, "Deadlock detection in distributed databases", 1987
 * (the models). Departs from them: nothing is kept between two searches, for nearly every one ends at the first waker.
 * Cost: up to the first node that goes on; when there is none, O(nodes and edges that can be reached); where somebody waits for several at once, nodes times edges at worst.
 */

/** A wait that one waker alone need not end. */
export interface JointWait {
  readonly wakers: readonly number[];
  /** Has it ended once those of `wakers` have acted for which `acts`? Where it has, it has for any more of them. */
  isOver(acts: (waker: number) => boolean): boolean;
}

/** Whom a node waits for: any one of a list, none of whom nobody ever; several; or undefined: the node goes on by itself. */
export type Wait = readonly number[] | JointWait | undefined;

/** The members of the deadlock that `node` is in, in ascending order; none when it goes on, or stands behind another. */
export function deadlockAt(node: number, waitOf: (node: number) => Wait): readonly number[] {
  const direct = waitOf(node);
  if (direct === undefined) return [];
  // Nothing is made in the usual case.
  if (isForAny(direct))
    for (const waker of direct) if (waker !== node && waitOf(waker) === undefined) return [];
  const waits = reached(node, waitOf);
  if (waits === undefined) return [];
  for (;;) {
    keepStuck(waits);
    if (!waits.has(node)) return [];
    const ahead = closure(node, (at) => wakersOf(waits.get(at)!).filter((waker) => waits.has(waker)));
    const waiters = reversed(ahead, waits);
    const circle = closure(node, (at) => waiters.get(at)!);
    if (circle.size === ahead.size) return [...circle].sort((a, b) => a - b);
    // Stuck without `node`: an older deadlock, and who stands behind it. Were that resolved, would `node` go on?
    for (const other of ahead) if (!circle.has(other)) waits.delete(other);
  }
}

/** By node, who waits. */
type Waits = Map<number, NonNullable<Wait>>;

/**
 * The waits that can be reached from `from`; undefined when somebody who goes on can be reached by waits for any one of several alone, for then `from` goes
 * on, too. These are followed first, because that is nearly always so.
 */
function reached(from: number, waitOf: (node: number) => Wait): Waits | undefined {
  const waits: Waits = new Map();
  const seen = new Set([from]);
  const open = [from];
  const joint: JointWait[] = [];
  const add = (waker: number): void => {
    if (seen.has(waker)) return;
    seen.add(waker);
    open.push(waker);
  };
  let isFirst = true;
  while (open.length > 0 || joint.length > 0) {
    const node = open.pop();
    if (node === undefined) {
      isFirst = false;
      for (const waker of joint.pop()!.wakers) add(waker);
      continue;
    }
    const wait = waitOf(node);
    if (wait === undefined) {
      if (isFirst) return undefined;
      continue;
    }
    waits.set(node, wait);
    if (isForAny(wait)) for (const waker of wait) add(waker);
    else joint.push(wait);
  }
  return waits;
}

/** Takes out who goes on when everybody acts who is not, or no more, in `waits`: reduction. */
function keepStuck(waits: Waits): void {
  const waiters = reversed(waits.keys(), waits);
  const acts = (waker: number): boolean => !waits.has(waker);
  const open = [...waits.keys()];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const wait = waits.get(node);
    if (wait === undefined || !(isForAny(wait) ? wait.some(acts) : wait.isOver(acts))) continue;
    waits.delete(node);
    for (const waiter of waiters.get(node)!) open.push(waiter);
  }
}

/** By node of `nodes`, who of them waits for it. */
function reversed(nodes: Iterable<number>, waits: Waits): ReadonlyMap<number, readonly number[]> {
  const waiters = new Map<number, number[]>();
  for (const node of nodes) waiters.set(node, []);
  for (const node of waiters.keys())
    for (const waker of wakersOf(waits.get(node)!)) waiters.get(waker)?.push(node);
  return waiters;
}

/** `from`, and all that can be reached from it. */
function closure(from: number, next: (node: number) => readonly number[]): ReadonlySet<number> {
  const found = new Set([from]);
  for (const node of found) for (const other of next(node)) found.add(other);
  return found;
}

const isForAny = (wait: NonNullable<Wait>): wait is readonly number[] => Array.isArray(wait);

const wakersOf = (wait: NonNullable<Wait>): readonly number[] => (isForAny(wait) ? wait : wait.wakers);
