import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { NaiveSketch } from './frequency-sketch.ts';

/** Window, probation and protected segment as arrays, coldest first. */
export const wTinyLfu =
  (doorkeeper: boolean): CreatePagingPolicy =>
  ({ capacity, unit, pages }) => {
    const windowLimit = Math.max(1, Math.floor(capacity / 100));
    const protectedLimit = Math.floor(((capacity - windowLimit) * 80) / 100);
    const sketch = new NaiveSketch(unit === 'pages' ? capacity : 1, doorkeeper);
    const window: PageId[] = [];
    const probation: PageId[] = [];
    const guarded: PageId[] = [];
    let coming: PageId[] = [];
    const sizeOf = (list: readonly PageId[]): number =>
      unit === 'pages' ? list.length : list.reduce((sum, page) => sum + pages.size(page), 0);
    const drop = (page: PageId): void => {
      for (const list of [window, probation, guarded])
        if (list.includes(page)) list.splice(list.indexOf(page), 1);
    };
    return {
      name: 'w-tinylfu',
      miss(page) {
        sketch.record(page);
        coming.push(page);
      },
      admit(page) {
        coming = [];
        window.push(page);
        while (sizeOf(window) > windowLimit) probation.push(window.shift()!);
        sketch.hold(window.length + probation.length + guarded.length);
        return true;
      },
      touch(page) {
        coming = [];
        sketch.record(page);
        const from = window.includes(page) ? window : guarded;
        drop(page);
        from.push(page);
        while (sizeOf(guarded) > protectedLimit) probation.push(guarded.shift()!);
      },
      evict(_need, eligible) {
        const victim = probation.find(eligible) ?? guarded.find(eligible);
        const oldest = window.find(eligible);
        const isFull = sizeOf(window) + sizeOf(coming) > windowLimit;
        let leaves = victim ?? oldest;
        if (victim !== undefined && oldest !== undefined && isFull) {
          if (sketch.estimate(oldest) > sketch.estimate(victim)) {
            drop(oldest);
            probation.push(oldest);
          } else leaves = oldest;
        }
        if (leaves !== undefined) drop(leaves);
        return leaves;
      },
      remove: drop,
    };
  };
