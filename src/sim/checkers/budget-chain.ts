import type { BudgetLimit, BudgetNodeSpec } from '../../kernel/budget-limits.ts';

/** A limit and the node that it binds: one object for each, though several nodes may be written down with the same limits. */
export interface BoundLimit {
  readonly node: string;
  readonly limit: BudgetLimit;
}

/** Every limit that a reservation at a node must respect: its own and those of its ancestors, nearest first. */
export function limitsOnTheWayUp(nodes: readonly BudgetNodeSpec[]): (node: string) => readonly BoundLimit[] {
  const byName = new Map(
    nodes.map(({ name, parent, limits = [] }) => [
      name,
      { parent, own: limits.map((limit): BoundLimit => ({ node: name, limit })) },
    ]),
  );
  const known = new Map<string, readonly BoundLimit[]>();

  return function limitsOf(name) {
    let limits = known.get(name);
    if (limits === undefined) {
      const chain: BoundLimit[] = [];
      for (let node = byName.get(name); node !== undefined; node = byName.get(node.parent ?? ''))
        chain.push(...node.own);
      known.set(name, (limits = chain));
    }
    return limits;
  };
}
