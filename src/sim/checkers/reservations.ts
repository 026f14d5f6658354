import type { BudgetResource } from '../../kernel/budget-limits.ts';
import { limitsOnTheWayUp } from './budget-chain.ts';
import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

type Settled = EventOf<'budget.settled'>;
type Reserved = EventOf<'budget.reserved'>;

/** The resources that events carry amounts of; a call is always one call. */
const resources = ['tokens', 'microDollars', 'coreUs'] as const;

/**
 * A process reserves, then settles, never more than it reserved unless an overrun of just that much is told at the same instant; under a
 * limit no call runs without a reservation; nothing stays reserved when the process ends.
 */
export function reservations({ budgets }: CheckerFacts): Checker {
  const check: Check = checkOf('reservations');
  const limitsOf = limitsOnTheWayUp(budgets);
  const open = new Map<number, Reserved>();
  /** By pid: its budget node. */
  const nodeOf = new Map<number, string>();
  /** Of the present instant. */
  const excesses: { readonly event: Settled; readonly resource: BudgetResource; readonly amount: number }[] =
    [];
  const overruns: EventOf<'budget.overrun'>[] = [];
  let atUs = 0;

  function closeInstant(): void {
    for (const { event, resource, amount } of excesses) {
      for (const { node, limit } of limitsOf(event.node)) {
        if (limit.resource !== resource) continue;
        const isTold = overruns.some(
          (told) =>
            told.pid === event.pid &&
            told.node === node &&
            told.resource === resource &&
            told.amount === amount,
        );
        check(
          isTold,
          event,
          () =>
            `process ${event.pid} settles ${amount} ${resource} above its reservation, and no overrun is told at ${node}`,
        );
      }
    }
    for (const event of overruns) {
      const { pid, node, resource, amount } = event;
      const isReal = excesses.some(
        (excess) =>
          excess.event.pid === pid &&
          excess.resource === resource &&
          excess.amount === amount &&
          limitsOf(excess.event.node).some(
            (bound) => bound.node === node && bound.limit.resource === resource,
          ),
      );
      check(
        isReal,
        event,
        () =>
          `an overrun of ${amount} ${resource} at ${node} is told of process ${pid}, which settled no such excess there`,
      );
    }
    excesses.length = overruns.length = 0;
  }

  return {
    name: 'reservations',
    promise:
      'No call starts unless it is reserved at every ancestor; it is settled to what was used; usage above the reservation is an overrun.',
    every(event) {
      if (event.atUs !== atUs) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'process.spawned': (event) => void nodeOf.set(event.pid, event.budget),
      'budget.reserved': (event) => {
        const { pid, node } = event;
        check(
          !open.has(pid),
          event,
          () => `process ${pid} reserves while event ${open.get(pid)?.seq} is not settled`,
        );
        check(
          nodeOf.get(pid) === node,
          event,
          () => `process ${pid} of budget ${nodeOf.get(pid)} reserves at ${node}`,
        );
        for (const resource of resources)
          check(event[resource] >= 0, event, () => `process ${pid} reserves ${event[resource]} ${resource}`);
        open.set(pid, event);
      },
      'budget.settled': (event) => {
        const { pid, node } = event;
        const reserved = open.get(pid);
        check(reserved !== undefined, event, () => `process ${pid} settles, but has nothing reserved`);
        check(
          reserved.node === node,
          event,
          () => `process ${pid} reserved at ${reserved.node} and settles at ${node}`,
        );
        for (const resource of resources) {
          check(event[resource] >= 0, event, () => `process ${pid} settles ${event[resource]} ${resource}`);
          if (event[resource] > reserved[resource])
            excesses.push({ event, resource, amount: event[resource] - reserved[resource] });
        }
        open.delete(pid);
      },
      'budget.overrun': (event) => void overruns.push(event),
      'process.dispatched': (event) => {
        const { pid, n } = event;
        const isLimited = limitsOf(nodeOf.get(pid) ?? '').length > 0;
        check(
          open.has(pid) || !isLimited,
          event,
          () => `call ${n} of process ${pid} runs without a reservation at ${nodeOf.get(pid)}`,
        );
      },
      'process.terminated': (event) => {
        check(
          !open.has(event.pid),
          event,
          () => `process ${event.pid} ends with the reservation of event ${open.get(event.pid)?.seq}`,
        );
      },
    },
    finish: closeInstant,
  };
}
