import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading } from './lists.ts';

interface Entry {
  readonly page: PageId;
  kind: 'hot' | 'cold' | 'away';
  isOnTest: boolean;
  isReferenced: boolean;
}

/**
 * One array of entries, from the list's tail, where HAND_hot stands, to its head. The other hands are found by looking: HAND_cold at the last resident
 * cold page, HAND_test at the last cold page on test.
 */
export const clockPro: CreatePagingPolicy = (context) => {
  const m = context.capacity;
  const least = Math.max(1, Math.floor(m / 100));
  const most = Math.max(least, m - least);
  let mc = least;
  let isFull = false;
  const list: Entry[] = [];
  const sizes = new SizesAtLoading(context);

  const used = (kind: Entry['kind']): number =>
    sizes.sum(list.filter((entry) => entry.kind === kind).map(({ page }) => page));
  const find = (page: PageId): Entry | undefined => list.find((entry) => entry.page === page);
  const takeOut = (entry: Entry): void => void list.splice(list.indexOf(entry), 1);
  const toHead = (entry: Entry): void => {
    takeOut(entry);
    list.push(entry);
  };
  const endTest = (entry: Entry): void => {
    entry.isOnTest = false;
    if (!entry.isReferenced) mc = Math.max(least, mc - sizes.of(entry.page));
    if (entry.kind === 'away') takeOut(entry);
  };
  const stopAtHot = (): void => {
    while (list.some(({ kind }) => kind === 'hot') && list[0]!.kind !== 'hot') {
      const entry = list[0]!;
      if (entry.isOnTest) endTest(entry);
      if (entry.kind === 'cold') toHead(entry);
    }
  };
  const becomeHot = (entry: Entry): void => {
    entry.kind = 'hot';
    entry.isOnTest = false;
    mc = Math.min(most, mc + sizes.of(entry.page));
    stopAtHot();
    while (used('hot') > m - mc) {
      const oldest = list[0]!;
      toHead(oldest);
      if (!oldest.isReferenced) oldest.kind = 'cold';
      oldest.isReferenced = false;
      stopAtHot();
    }
  };

  return {
    name: 'clock-pro',
    admit(page) {
      const known = find(page);
      if (known !== undefined) takeOut(known);
      sizes.load(page);
      const entry: Entry = { page, kind: 'cold', isOnTest: true, isReferenced: false };
      const isForHot = !isFull && used('hot') + sizes.of(page) <= m - mc;
      list.push(entry);
      if (known !== undefined) becomeHot(entry);
      else if (isForHot) {
        Object.assign(entry, { kind: 'hot', isOnTest: false });
        stopAtHot();
      }
      while (used('away') > m) endTest(list.find(({ isOnTest }) => isOnTest)!);
      return true;
    },
    touch: (page) => void (find(page)!.isReferenced = true),
    evict(_need, eligible) {
      for (;;) {
        const entry = list.find(
          ({ page, kind, isReferenced }) => kind === 'cold' && (isReferenced || eligible(page)),
        );
        if (entry === undefined) break;
        if (entry.isReferenced) {
          entry.isReferenced = false;
          toHead(entry);
          if (entry.isOnTest) becomeHot(entry);
          else entry.isOnTest = true;
          continue;
        }
        isFull = true;
        entry.kind = 'away';
        if (!entry.isOnTest) takeOut(entry);
        return entry.page;
      }
      const hot = list.find(({ page, kind }) => kind === 'hot' && eligible(page));
      if (hot === undefined) return undefined;
      isFull = true;
      takeOut(hot);
      stopAtHot();
      return hot.page;
    },
    remove(page) {
      takeOut(find(page)!);
      stopAtHot();
    },
    forget(page) {
      const entry = find(page);
      if (entry !== undefined) takeOut(entry);
    },
  };
};
