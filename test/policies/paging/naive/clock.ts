import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** One array; its front is what the hand points at. A hit sets a bit, in a Set. */
export const clock: CreatePagingPolicy = () => {
  const ring: PageId[] = [];
  const bits = new Set<PageId>();
  return {
    name: 'clock',
    admit: (page) => ring.push(page) > 0,
    touch: (page) => void bits.add(page),
    evict(_need, eligible) {
      const pages = ring.length;
      for (let passed = 0; passed < 2 * pages; passed++) {
        const page = ring[0]!;
        if (!bits.has(page) && eligible(page)) return ring.shift();
        bits.delete(page);
        ring.push(ring.shift()!);
      }
      return undefined;
    },
    remove(page) {
      ring.splice(ring.indexOf(page), 1);
      bits.delete(page);
    },
  };
};
