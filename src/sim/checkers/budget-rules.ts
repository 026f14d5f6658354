import { amountOf, type BudgetResource } from '../../kernel/budget-limits.ts';
import { askedBy, BudgetBooks } from './budget-books.ts';
import type { BoundLimit } from './budget-chain.ts';
import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** What must be told of a process next. */
type Due = 'call.degraded' | 'process.suspended' | 'budget.queued' | 'call.refused' | 'process.terminated';

/**
 * A node does to whom its limits refuse what its rule says, and only then: it degrades, suspends or stops when the limit is spent, with all
 * reservations given back; what is paced does not start early. Who is stopped ends with BUDGET_EXHAUSTED.
 */
export function budgetRules({ budgets, hasPast }: CheckerFacts): Checker {
  const check: Check = checkOf('budget-rules');
  const books = new BudgetBooks(budgets);
  const rules = new Map(budgets.map(({ name, whenExhausted = 'wait' }) => [name, whenExhausted]));
  /** By pid: its own budget, and what its call asks for at least. */
  const ownOf = new Map<number, string>();
  const tokensOf = new Map<number, number>();
  /** By pid: what must be told of it next, in order. */
  const due = new Map<number, { readonly event: Parameters<Check>[1]; readonly rest: Due[] }>();
  const suspended = new Set<number>();
  let isPartial = hasPast;

  function boundsAt(pid: number, node: string): readonly BoundLimit[] {
    return books.limitsOf(ownOf.get(pid) ?? '').filter((bound) => bound.node === node);
  }

  /** Those limits of the node that could not hold `asked` if all reservations were given back. */
  function spentAt(
    pid: number,
    { node, resource, asked, atUs }: { node: string; resource: BudgetResource; asked: number; atUs: number },
  ): readonly BoundLimit[] {
    return boundsAt(pid, node).filter(
      (bound) =>
        bound.limit.resource === resource &&
        (isPartial || !books.isExact(bound) || books.used(bound, atUs) + asked > bound.limit.amount),
    );
  }

  function dueAfter(event: EventOf<'budget.exhausted'>, spent: readonly BoundLimit[]): Due[] {
    switch (event.rule) {
      case 'degrade':
        return ['call.degraded'];
      case 'stop':
        return ['call.refused', 'process.terminated'];
      case 'suspend': {
        // No window of these will ever have room: nobody waits behind it.
        const isForGood = spent.some(({ limit }) => limit.window.kind === 'total' || limit.amount === 0);
        return isForGood ? ['process.suspended'] : ['process.suspended', 'budget.queued'];
      }
    }
  }

  function closeInstant(): void {
    for (const { event, rest } of due.values()) check(false, event, () => `${rest[0]} does not follow`);
  }

  function isDue(event: Parameters<Check>[1] & { readonly pid: number }, what: string): void {
    check(
      due.has(event.pid),
      event,
      () => `process ${event.pid} is ${what}, and no budget of it is exhausted`,
    );
  }

  return {
    name: 'budget-rules',
    promise: 'What a budget refuses waits, is paced, degraded, suspended or stopped: as its node says.',
    every(event) {
      if (due.size === 0) return;
      if (due.values().next().value!.event.atUs !== event.atUs) closeInstant();
      const next = 'pid' in event ? due.get(event.pid) : undefined;
      // Who ends gives back its locks before.
      const isEnding = event.type === 'lock.released' && next?.rest[0] === 'process.terminated';
      if (next !== undefined && !isEnding)
        check(
          next.rest[0] === event.type,
          event,
          () => `${next.rest[0]} does not follow event ${next.event.seq}`,
        );
    },
    on: {
      'process.spawned': ({ pid, budget }) => void ownOf.set(pid, budget),
      'call.requested': ({ pid, promptTokens, maxOutput }) =>
        void tokensOf.set(pid, promptTokens + maxOutput),
      'budget.exhausted': (event) => {
        const { pid, node, resource, asked, rule } = event;
        check(
          rules.get(node) === rule,
          event,
          () => `budget ${node} has the rule ${rules.get(node)}, not ${rule}`,
        );
        const knownAsked =
          resource === 'calls' ? 1 : resource === 'tokens' ? (tokensOf.get(pid) ?? asked) : asked;
        check(
          asked === knownAsked,
          event,
          () => `process ${pid} is said to ask for ${asked} ${resource}, and asks for ${knownAsked}`,
        );
        const spent = spentAt(pid, event);
        check(
          spent.length > 0,
          event,
          () => `budget ${node} could give process ${pid} the ${asked} ${resource}`,
        );
        due.set(pid, { event, rest: dueAfter(event, spent) });
      },
      'process.restored': () => void (isPartial = true),
      'call.degraded': (event) => {
        isDue(event, 'degraded');
        due.delete(event.pid);
      },
      'process.suspended': (event) => {
        const { pid, by } = event;
        if (by !== 'budget') return;
        isDue(event, 'suspended');
        suspended.add(pid);
        const { rest } = due.get(pid)!;
        rest.shift();
        if (rest.length === 0) due.delete(pid);
      },
      'process.continued': ({ pid }) => void suspended.delete(pid),
      'budget.queued': (event) => {
        const { pid, node, atUs } = event;
        if (due.delete(pid) || suspended.has(pid)) return;
        const rule = rules.get(node);
        if (rule !== 'stop' && rule !== 'suspend') return;
        for (const [resource, asked] of [
          ['calls', 1],
          ['tokens', tokensOf.get(pid) ?? 0],
        ] as const) {
          const spent = isPartial
            ? []
            : spentAt(pid, { node, resource, asked, atUs }).filter((bound) => books.isExact(bound));
          check(
            spent.length === 0,
            event,
            () => `process ${pid} waits at budget ${node}, whose ${resource} are spent: its rule is ${rule}`,
          );
        }
      },
      'budget.throttled': (event) => {
        const { pid, node, untilUs } = event;
        check(rules.get(node) === 'throttle', event, () => `budget ${node} has the rule ${rules.get(node)}`);
        check(
          boundsAt(pid, node).length > 0 && untilUs > event.atUs,
          event,
          () => `process ${pid} of budget ${ownOf.get(pid)} is paced at ${node} until ${untilUs} µs`,
        );
      },
      'budget.reserved': (event) => {
        const { pid, node, atUs } = event;
        for (const bound of books.limitsOf(node)) {
          const isPaced = rules.get(bound.node) === 'throttle' && books.isExact(bound);
          if (!isPaced || amountOf(askedBy(event), bound.limit.resource) === 0) continue;
          const pacedUs = books.pacedUs(bound, atUs);
          // Rounding may cost the kernel one µs.
          check(
            pacedUs <= atUs + 1,
            event,
            () =>
              `process ${pid} is ${pacedUs - atUs} µs early for the ${bound.limit.resource} of budget ${bound.node}`,
          );
        }
        books.reserve(event);
      },
      'process.dispatched': (event) => books.dispatched(event),
      'budget.settled': (event) => books.settle(event),
      'call.refused': (event) => {
        if (event.code !== 'BUDGET_EXHAUSTED') return;
        isDue(event, 'refused');
        due.get(event.pid)!.rest.shift();
      },
      'process.terminated': (event) => {
        const { pid, code } = event;
        if (code === 'BUDGET_EXHAUSTED') isDue(event, 'stopped');
        else
          check(!due.has(pid), event, () => `process ${pid} is stopped by a budget, and ends with "${code}"`);
        for (const facts of [ownOf, tokensOf, due, suspended]) facts.delete(pid);
      },
    },
    finish: closeInstant,
  };
}
