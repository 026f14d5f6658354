import type { BudgetLimit, BudgetNodeSpec } from '../../kernel/budget-limits.ts';

/** A limit and the node that it binds. */
export interface BoundLimit {
  readonly node: string;
  readonly limit: BudgetLimit;
}

/** Every limit that a reservation at a node must respect: its own and those of its ancestors, nearest first. */
export function limitsOnTheWayUp(nodes: readonly BudgetNodeSpec[]): (node: string) => readonly BoundLimit[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const known = new Map<string, readonly BoundLimit[]>();

  return function limitsOf(name) {
    let limits = known.get(name);
    if (limits === undefined) {
      limits = [];
      for (let node = byName.get(name); node !== undefined; node = byName.get(node.parent ?? '')) {
        const { name: owner, limits: own = [] } = node;
        limits = [...limits, ...own.map((limit) => ({ node: owner, limit }))];
      }
      known.set(name, limits);
    }
    return limits;
  };
}
