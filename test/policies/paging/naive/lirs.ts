import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { invalid } from '../../../../src/kernel/errors.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** The stack S and the queue Q of the paper as arrays, S pruned after every step. */
export const lirs: CreatePagingPolicy = ({ capacity, unit, pages }) => {
  const hirLimit = Math.max(2, Math.floor(0.01 * capacity));
  if (capacity <= hirLimit) throw invalid('capacity', capacity, '3 or more');
  let stack: PageId[] = []; // bottom first
  let queue: PageId[] = []; // next victim first
  const lir = new Set<PageId>();
  let previous: PageId | undefined;
  const without = (list: PageId[], page: PageId): PageId[] => list.filter((other) => other !== page);
  const sizeOf = (page: PageId): number => (unit === 'pages' ? 1 : pages.size(page));
  const lirSize = (): number => [...lir].reduce((sum, page) => sum + sizeOf(page), 0);
  const prune = (): void => {
    while (stack.length > 0 && !lir.has(stack[0]!)) stack.shift();
  };
  const becomeLir = (page: PageId): void => {
    lir.add(page);
    while (lirSize() > capacity - hirLimit) {
      const bottom = stack.shift()!;
      lir.delete(bottom);
      queue.push(bottom);
      prune();
    }
  };
  const leave = (page: PageId): void => {
    lir.delete(page);
    queue = without(queue, page);
    stack = without(stack, page);
    prune();
  };
  return {
    name: 'lirs',
    admit(page) {
      previous = page;
      const wasInStack = stack.includes(page);
      stack = [...without(stack, page), page];
      if (wasInStack || lirSize() + sizeOf(page) <= capacity - hirLimit) becomeLir(page);
      else queue.push(page);
      prune();
      return true;
    },
    touch(page) {
      if (page === previous) return;
      previous = page;
      const wasInStack = stack.includes(page);
      stack = [...without(stack, page), page];
      if (!lir.has(page)) {
        queue = without(queue, page);
        if (wasInStack) becomeLir(page);
        else queue.push(page);
      }
      prune();
    },
    evict(_need, eligible) {
      const queued = queue.find(eligible);
      if (queued !== undefined) {
        queue = without(queue, queued);
        return queued;
      }
      const victim = stack.find((page) => lir.has(page) && eligible(page));
      if (victim !== undefined) leave(victim);
      return victim;
    },
    remove: leave,
    forget(page) {
      stack = without(stack, page);
    },
  };
};
