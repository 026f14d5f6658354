import { KeyedHeap } from '../../base/heap.ts';
import { checkOf, type CheckerFacts, type Check, type Checker } from './checker.ts';

/**
 * Who waits at a budget node is not overtaken there: nobody reserves at the node or below it whose call was asked for later. A call keeps
 * its place in the order of asking, wherever it waits; a stopped process leaves the queue, and takes its old place when it is back.
 */
export function budgetQueue({ budgets }: CheckerFacts): Checker {
  const check: Check = checkOf('budget-queue');
  const parents = new Map(budgets.map(({ name, parent }) => [name, parent]));
  /** By pid: the place of its call in the order of asking. */
  const placeOf = new Map<number, number>();
  let places = 0;
  /** By pid: the node at which it waits. */
  const nodeOf = new Map<number, string>();
  /** By node: who waits there, in the order of asking. */
  const waiters = new Map<string, KeyedHeap>();

  /** By pid: its own budget. */
  const ownOf = new Map<number, string>();

  function isOnTheWayUp(pid: number, wanted: string): boolean {
    let node = ownOf.get(pid);
    while (node !== undefined && node !== wanted) node = parents.get(node);
    return node === wanted;
  }

  function leave({ pid }: { readonly pid: number }): void {
    const node = nodeOf.get(pid);
    if (node === undefined) return;
    nodeOf.delete(pid);
    waiters.get(node)!.remove(pid);
  }

  return {
    name: 'budget-queue',
    promise: "A budget node's first waiter is not overtaken.",
    on: {
      'budget.added': ({ node, definition }) => void parents.set(node, definition.parent),
      'budget.removed': ({ node }) => void parents.delete(node),
      'process.spawned': ({ pid, budget }) => void ownOf.set(pid, budget),
      'call.requested': (event) => void placeOf.set(event.pid, ++places),
      'budget.queued': (event) => {
        const { pid, node } = event;
        const place = placeOf.get(pid);
        check(
          place !== undefined,
          event,
          () => `process ${pid} waits at budget ${node}, but asks for no call`,
        );
        check(
          isOnTheWayUp(pid, node),
          event,
          () => `process ${pid} of budget ${ownOf.get(pid)} waits at budget ${node}, which is not above it`,
        );
        leave(event);
        nodeOf.set(pid, node);
        let here = waiters.get(node);
        if (here === undefined) waiters.set(node, (here = new KeyedHeap()));
        here.push(pid, place, 0);
      },
      'budget.reserved': (event) => {
        leave(event);
        const place = placeOf.get(event.pid) ?? 0;
        if (nodeOf.size === 0) return;
        for (let node: string | undefined = event.node; node !== undefined; node = parents.get(node)) {
          const here = waiters.get(node);
          if (here === undefined || here.size === 0) continue;
          check(
            here.peekKey() > place,
            event,
            () => `process ${event.pid} overtakes process ${here.peek()}, which waits at budget ${node}`,
          );
        }
      },
      'call.refused': leave,
      // Who is suspended by the budget is queued right after that, until it is stopped.
      'process.suspended': leave,
      'signal.delivered': (event) => {
        if (event.signal === 'stop') leave(event);
      },
      'process.terminated': (event) => {
        leave(event);
        placeOf.delete(event.pid);
        ownOf.delete(event.pid);
      },
    },
  };
}
