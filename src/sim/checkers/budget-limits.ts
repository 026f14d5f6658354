import { amountOf } from '../../kernel/budget-limits.ts';
import { askedBy, BudgetBooks } from './budget-books.ts';
import { checkOf, type CheckerFacts, type Check, type Checker } from './checker.ts';

/**
 * No window of a limit ever holds more than its amount: reservations in full, settled ones with what they used. What was used above a
 * reservation is debited first to the window in which it was settled, then to the next ones (fixed windows and totals; a sliding window is
 * checked without such debts). Whatever the rule of a node.
 */
export function budgetLimits({ budgets }: CheckerFacts): Checker {
  const check: Check = checkOf('budget-limits');
  const books = new BudgetBooks(budgets);

  return {
    name: 'budget-limits',
    promise:
      'A budget is hard: no window of a node holds more than its limit, but for overruns, and those are debited next.',
    on: {
      'budget.reserved': (event) => {
        const { pid, node, atUs } = event;
        books.reserve(event);
        for (const bound of books.limitsOf(node)) {
          const { resource, amount, window } = bound.limit;
          const held = books.held(bound, atUs);
          check(
            held <= amount,
            event,
            () =>
              `process ${pid} reserves ${amountOf(askedBy(event), resource)} ${resource}: budget ${bound.node} then holds ${held} of ${amount} (${window.kind})`,
          );
        }
      },
      'process.dispatched': (event) => books.dispatched(event),
      'budget.settled': (event) => books.settle(event),
    },
  };
}
