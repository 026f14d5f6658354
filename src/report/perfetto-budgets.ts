/** What is reserved and used at every node of the budget tree, its own and that of all below, since the run began. */
import { assert } from '../base/assert.ts';

/** One node; without a parent it is a root. */
export interface TraceBudget {
  readonly name: string;
  readonly parent?: string;
}

export class BudgetCounters {
  private readonly nodes: Map<string, Node>;
  /** What is reserved for the call of a process. */
  private readonly open = new Map<number, { readonly path: readonly Node[]; readonly tokens: number }>();
  private readonly changed = new Set<Node>();

  constructor(budgets: readonly TraceBudget[]) {
    this.nodes = new Map(
      budgets.map(({ name, parent }) => [
        name,
        { name, parent, reserved: 0, used: 0, microDollars: 0, path: undefined },
      ]),
    );
  }

  /** Names of the node and of all above it, upwards. */
  nodesAbove(node: string): readonly string[] {
    return this.pathOf(node).map(({ name }) => name);
  }

  reserve(pid: number, node: string, tokens: number): void {
    const path = this.pathOf(node);
    assert(!this.open.has(pid), () => `process ${pid} has two reservations`);
    this.open.set(pid, { path, tokens });
    for (const at of path) {
      at.reserved += tokens;
      this.changed.add(at);
    }
  }

  settle(pid: number, node: string, tokens: number, microDollars: number): void {
    const reserved = this.open.get(pid)?.tokens ?? 0;
    this.open.delete(pid);
    for (const at of this.pathOf(node)) {
      at.reserved -= reserved;
      at.used += tokens;
      at.microDollars += microDollars;
      this.changed.add(at);
    }
  }

  /** A call without a known end counts in full. */
  crashed(): void {
    for (const { path, tokens } of this.open.values())
      for (const at of path) {
        at.reserved -= tokens;
        at.used += tokens;
        this.changed.add(at);
      }
    this.open.clear();
  }

  /** The nodes that have changed since the last time: name and series of each. */
  tell(write: (name: string, args: string) => void): void {
    for (const { name, reserved, used, microDollars } of this.changed)
      write(
        `budget ${name}`,
        `"reserved tokens":${reserved},"used tokens":${used},"used micro-dollars":${microDollars}`,
      );
    if (this.changed.size > 0) this.changed.clear();
  }

  private pathOf(name: string): readonly Node[] {
    const node = this.nodes.get(name);
    assert(node !== undefined, () => `unknown budget ${name}`);
    if (node.path === undefined) {
      const path = [node];
      for (let at = node; at.parent !== undefined;) {
        at = this.nodes.get(at.parent)!;
        path.push(at);
      }
      node.path = path;
    }
    return node.path;
  }
}

interface Node {
  readonly name: string;
  readonly parent: string | undefined;
  /** Tokens of calls that are under way. */
  reserved: number;
  /** Tokens that were settled. */
  used: number;
  microDollars: number;
  /** Itself and all above, when it is known. */
  path: readonly Node[] | undefined;
}
