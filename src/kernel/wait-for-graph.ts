/**
 * The wait-for graph: who waits for whom, and whether a wait that begins closes a deadlock. Pure: it sees the graph through one function and
 * keeps nothing, so that a kernel in which nobody waits in this way pays nothing.
 *
 * Model: the OR model, of which the one-resource model is the case of one waker each. A node either goes on by itself, or it waits until any one of its
 * wakers has acted, which each does some time after it goes on. A wait that something outside of the graph may end (a clock, a tool, a person) is none
 * in this graph: its node goes on by itself. So a node is stuck exactly if no node that can be reached from it goes on by itself.
 * A deadlock is a knot: a set of waiting nodes that can all be reached from each other, and from which no other can be. With one waker each that is a cycle.
 * Who is stuck and in no knot stands behind one: it goes on when that is resolved.
 *
 * That suffices to find every deadlock when it closes: a knot without the node that begins to wait can't reach it, and so was one before. Where a node that goes
 * on leaves the graph, those that might have waited for it are looked at in the same way.
 *
 * Sources: R. C. Holt, "Some deadlock properties of computer systems", 1972 (knots); E. Knapp, "Deadlock detection in distributed databases", 1987
 * (the models). Departs from them: nothing is kept between two searches, for nearly every one ends at the first waker.
 * Cost: up to the first node that goes on; when there is none, O(nodes and edges that can be reached).
 */

/** Who could end the wait of a node, any one of them; undefined: the node goes on by itself. An empty list: nobody ever. */
export type Wakers = (node: number) => readonly number[] | undefined;

/** The members of the deadlock that `node` is in, in ascending order; none when it goes on, or stands behind another. */
export function deadlockAt(node: number, wakersOf: Wakers): readonly number[] {
  const direct = wakersOf(node);
  if (direct === undefined) return [];
  // Nothing is made in the usual case.
  for (const waker of direct) if (waker !== node && wakersOf(waker) === undefined) return [];
  const waitersOf = reversed(node, wakersOf);
  if (waitersOf === undefined) return [];
  const members = thatReach(node, waitersOf);
  return members.size === waitersOf.size ? [...members].sort((a, b) => a - b) : [];
}

/** By node, who waits for it, among all that can be reached from `from`; undefined when one of these goes on by itself. */
function reversed(from: number, wakersOf: Wakers): ReadonlyMap<number, readonly number[]> | undefined {
  const waitersOf = new Map<number, number[]>([[from, []]]);
  const open = [from];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const wakers = wakersOf(node);
    if (wakers === undefined) return undefined;
    for (const waker of wakers) {
      const waiters = waitersOf.get(waker);
      if (waiters === undefined) {
        waitersOf.set(waker, [node]);
        open.push(waker);
      } else waiters.push(node);
    }
  }
  return waitersOf;
}

/** `node`, and who can reach it. */
function thatReach(node: number, waitersOf: ReadonlyMap<number, readonly number[]>): ReadonlySet<number> {
  const found = new Set([node]);
  const open = [node];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const waiter of waitersOf.get(at)!) {
      if (found.has(waiter)) continue;
      found.add(waiter);
      open.push(waiter);
    }
  return found;
}
