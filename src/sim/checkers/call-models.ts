import type { CheckedEngine, CheckerFacts, EventOf } from './checker.ts';

/** On which model the call of each process runs, as far as prices and rates go: that of the engine that it names or is on, or the cheaper one of the budget that degraded it. */
export class CallModels {
  private readonly facts: CheckerFacts;
  /** By pid: its engine; the one that its call names, to which it goes only when it asks for a core; the node that was exhausted last; what its call was degraded to. */
  private readonly engines = new Map<number, CheckedEngine>();
  private readonly named = new Map<number, CheckedEngine>();
  private readonly exhausted = new Map<number, string>();
  private readonly cheaper = new Map<number, CheckedEngine>();

  constructor(facts: CheckerFacts) {
    this.facts = facts;
  }

  spawned({ pid, engine }: EventOf<'process.spawned'>): void {
    const facts = this.facts.engines[engine];
    if (facts !== undefined) this.engines.set(pid, facts);
  }

  migrated({ pid, to }: EventOf<'process.migrated'>): void {
    const facts = this.facts.engines[to];
    if (facts !== undefined) this.engines.set(pid, facts);
  }

  requested({ pid, engine }: EventOf<'call.requested'>): void {
    this.cheaper.delete(pid);
    const facts = engine === undefined ? undefined : this.facts.engines[engine];
    if (facts === undefined) this.named.delete(pid);
    else this.named.set(pid, facts);
  }

  exhaustedAt({ pid, node }: EventOf<'budget.exhausted'>): void {
    this.exhausted.set(pid, node);
  }

  /** Returns the name of the model that the budget has. */
  degraded({ pid }: EventOf<'call.degraded'>): string | undefined {
    const node = this.facts.budgets.find(({ name }) => name === this.exhausted.get(pid));
    const engine = this.named.get(pid) ?? this.engines.get(pid);
    const { model, ...figures } = node?.degradeTo ?? {};
    if (engine !== undefined) this.cheaper.set(pid, { ...engine, ...figures });
    return model;
  }

  of(pid: number): CheckedEngine | undefined {
    return this.cheaper.get(pid) ?? this.named.get(pid) ?? this.engines.get(pid);
  }
}
