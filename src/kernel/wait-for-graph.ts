/**
 * The wait-for graph: who waits for whom, and whether a wait that begins closes a deadlock. Pure: it sees the graph through one function and
 * keeps nothing, so that a kernel in which nobody waits in this way pays nothing.
 *
 * Model: the OR model (of which the one-resource model is the case of one waker). A node either goes on by itself, or it waits until any one of
 * its wakers acts; a waker acts at some time after it goes on. A wait that something outside of the graph may end (a clock, a tool, a person)
 * is none in this graph: its node goes on by itself. So a node is stuck exactly if no node that can be reached from it goes on by itself. A
 * deadlock is a set of stuck nodes each of which can be reached from each other: with one waker each a cycle, with several a knot. Who is stuck
 * because it waits for a deadlock, but is not waited for by any of its members, stands behind it and is no member.
 *
 * Nodes become stuck only when somebody begins to wait (or one that goes on leaves the graph, which is looked at in the same way, from any node that
 * might now be stuck). Of the nodes that can be reached from the one that begins to wait, those that can't reach it were stuck before; so the deadlock that
 * it closes, if it does, is its strongly connected component.
 *
 * Sources: R. C. Holt, "Some deadlock properties of computer systems", 1972 (knots); E. Knapp, "Deadlock detection in distributed databases", 1987
 * (the models). Departs from them: nothing is kept between two searches, for in a kernel nearly every search ends at the first waker.
 * Cost: up to the first node that goes on; a node that is stuck, O(nodes and edges that can be reached).
 */

/** Who could end the wait of a node, any one of them; undefined: the node goes on by itself. An empty list: nobody ever. */
export type Wakers = (node: number) => readonly number[] | undefined;

/** The members of the deadlock that the wait of `node` closes, in ascending order; none when there is none, or when it stands behind an older one. */
export function deadlockAt(node: number, wakersOf: Wakers): readonly number[] {
  const direct = wakersOf(node);
  if (direct === undefined) return [];
  // Nothing is made in the usual case.
  for (const waker of direct) if (waker !== node && wakersOf(waker) === undefined) return [];
  const waitersOf = reversed(node, wakersOf);
  return waitersOf === undefined ? [] : reachingBack(node, waitersOf);
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

/** Who can reach `node`, and it with them; none when not even it can. */
function reachingBack(node: number, waitersOf: ReadonlyMap<number, readonly number[]>): number[] {
  const members = new Set<number>();
  const open = [node];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const waiter of waitersOf.get(at)!) {
      if (members.has(waiter)) continue;
      members.add(waiter);
      open.push(waiter);
    }
  return members.has(node) ? [...members].sort((a, b) => a - b) : [];
}
