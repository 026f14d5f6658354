/** Page tables that move between memories: what they find there is what was foretold, and nothing about them changes. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { ownSpace, type ContentRun } from '../../../src/kernel/memory/extent.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import { pagingPolicies } from '../../../src/policies/paging/index.ts';
import { seedCount } from '../../support/seeds.ts';

const silent = {
  faulted: () => undefined,
  loaded: () => undefined,
  prefetched: () => undefined,
  evicted: () => undefined,
  freed: () => undefined,
};

function memoryOf(residency: 'prefix' | 'independent', paging: keyof typeof pagingPolicies): ContextMemory {
  const victims = residency === 'prefix' ? 'leaf' : 'any';
  const rng = rngFor(1, 'paging');
  return new ContextMemory({ capacity: 60, residency, victims, paging: pagingPolicies[paging], rng }, silent);
}

/** Page by page: what an extent's cut hides. */
function pagesOf({ entries }: PageTable): unknown[] {
  return entries.flatMap(({ extent, importance, pinned, number }) =>
    Array.from({ length: extent.count }, (_, at) => ({
      content: `${extent.space}:${extent.first + at}`,
      tokens: extent.tokensEach,
      number: number + at,
      importance,
      pinned,
      isComputed: at < Math.max(extent.seen, extent.hi, extent.elsewhere),
    })),
  );
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('append' as const),
      table: fc.nat(2),
      space: fc.constantFrom(2, 3),
      first: fc.nat(6),
      count: fc.integer({ min: 1, max: 5 }),
      importance: fc.constantFrom(0.5, 0.7),
      pinned: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('own' as const),
      table: fc.nat(2),
      tokens: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('call' as const), table: fc.nat(2), room: fc.nat(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('touch' as const), table: fc.nat(2), nth: fc.nat(9) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop' as const), table: fc.nat(2), nth: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('unpin' as const), table: fc.nat(2), nth: fc.nat(9) }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('move' as const), table: fc.nat(2) }) },
);

test.each([
  ['prefix', 'lru'],
  ['prefix', 'arc'],
  ['independent', 'lru'],
  ['independent', 's3-fifo'],
] as const)('%s, %s: random tables, calls and moves', (residency, paging) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const memories = [memoryOf(residency, paging), memoryOf(residency, paging)];
      const tables = Array.from({ length: 3 }, (_, index) => ({
        table: new PageTable(),
        at: index % 2,
        pid: (index + 1) as Pid,
      }));
      let owned = 0;
      let nowUs = 0;
      for (const each of steps) {
        nowUs += 1;
        const place = tables[each.table]!;
        const { table, pid } = place;
        const memory = memories[place.at]!;
        const pageOf = (nth: number): number | undefined => {
          const numbers = pagesOf(table).map((page) => (page as { number: number }).number);
          return numbers[nth % Math.max(1, numbers.length)];
        };
        switch (each.op) {
          case 'append': {
            const { space, first, count, importance, pinned } = each;
            // What stands twice in a prompt is another matter.
            const known = new Set(pagesOf(table).map((page) => (page as { content: string }).content));
            const isNew = Array.from({ length: count }, (_, at) => `${space}:${first + at}`).every(
              (one) => !known.has(one),
            );
            if (isNew)
              memory.append(table, { space, first, count, tokensEach: space - 1 }, importance, pinned);
            break;
          }
          case 'own': {
            const run: ContentRun = { space: ownSpace, first: ++owned, count: 1, tokensEach: each.tokens };
            memory.append(table, run, 0.5, false);
            break;
          }
          case 'call':
            if (memory.begin(table, pid, each.room, nowUs).outcome === 'begun') memory.end(table, nowUs);
            table.unchanged = table.pages;
            break;
          case 'touch': {
            const page = pageOf(each.nth);
            if (page === undefined) break;
            const computed = () =>
              pagesOf(table).filter((one) => (one as { isComputed: boolean }).isComputed).length;
            const before = computed();
            memory.touch(table, page, pid, nowUs);
            // Whatever was cut for it.
            expect(computed()).toBeGreaterThanOrEqual(before);
            break;
          }
          case 'drop':
          case 'unpin': {
            const page = pageOf(each.nth);
            if (page === undefined) break;
            if (each.op === 'drop') memory.takeOut(table, [page], false);
            else memory.setPinned(table, page, false);
            break;
          }
          case 'move': {
            const to = memories[1 - place.at]!;
            const room = 3;
            const pages = pagesOf(table);
            const { tokens, nextNumber, unchanged } = table;
            const foretold = to.holdingOf(table);
            const couldTake = to.couldTake(table, room);
            memory.moveTo(to, table, pid, nowUs);
            place.at = 1 - place.at;
            // Nothing about the prompt changes, but what the other memory has computed itself.
            const moved = pagesOf(table) as { isComputed: boolean }[];
            expect(
              moved.map((page, index) => ({
                ...page,
                isComputed: page.isComputed && (pages[index] as { isComputed: boolean }).isComputed,
              })),
            ).toEqual(pages);
            expect({
              tokens: table.tokens,
              nextNumber: table.nextNumber,
              unchanged: table.unchanged,
            }).toEqual({ tokens, nextNumber, unchanged });
            // Its own pins hold there from now on.
            const { usableTokens, tierTokens } = foretold;
            expect(to.holdingOf(table)).toMatchObject({ usableTokens, tierTokens });
            expect(to.couldBegin(table, room)).toBe(couldTake);
            if (!couldTake) break;
            const { cachedTokens, capacityTokens, elsewhereTokens, compulsoryTokens, holeTokens } = to.begin(
              table,
              pid,
              room,
              nowUs,
            );
            expect(cachedTokens).toBe(foretold.usableTokens);
            expect(capacityTokens - elsewhereTokens).toBe(foretold.tierTokens);
            expect(cachedTokens + capacityTokens + compulsoryTokens + holeTokens).toBe(tokens);
            to.end(table, nowUs);
          }
        }
        for (const one of memories) one.checkInvariants();
      }
    }),
    { numRuns: seedCount(60, 5_000), seed: 7 },
  );
});
