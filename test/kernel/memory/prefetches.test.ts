/** What a policy may have loaded before it is asked for, and what it may not. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { PagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId, Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import { lru } from '../../../src/policies/paging/lru.ts';

/** Memory of `capacity` tokens with blocks of one, under lru that prefetches what it is told to. */
function memoryOf(capacity: number, overrides: Partial<PagingPolicy> = {}) {
  const wanted: PageId[] = [];
  const evicted: PageId[] = [];
  const memory = new ContextMemory(
    {
      capacity,
      residency: 'prefix',
      victims: 'leaf',
      isCache: true,
      rng: rngFor(1, 'paging'),
      paging: (context) => {
        const policy = lru(context);
        const evict = policy.evict.bind(policy);
        return Object.assign(policy, {
          prefetch: () => wanted,
          evict: (...asked: Parameters<typeof evict>) => {
            const page = evict(...asked);
            if (page !== undefined) evicted.push(page);
            return page;
          },
          ...overrides,
        });
      },
    },
    { faulted() {}, loaded() {}, prefetched() {}, freed() {}, evicted() {} },
  );
  const call = (space: number, count: number, nowUs: number): PageTable => {
    const table = new PageTable();
    memory.append(table, { space, first: 1, count, tokensEach: 1 }, 0.5, false);
    memory.beginCached(table, space as Pid, nowUs);
    memory.end(table, nowUs);
    return table;
  };
  return { memory, wanted, evicted, call };
}

const idOf = ({ entries }: PageTable, at = 0): PageId => entries.at(at)!.extent.id;

test('what was evicted in part comes back behind what stayed, and the first call that finds it has used it', () => {
  const { memory, wanted, call } = memoryOf(6);
  const first = call(2, 4, 1);
  call(3, 4, 2);
  wanted.push(idOf(first));
  const prefetch = memory.beginPrefetch(3)!;
  expect(prefetch.tokens).toBe(2);
  expect(memory.endPrefetch(prefetch, 4)).toEqual({ loadedTokens: 2, declinedTokens: 0 });
  memory.checkInvariants();
  expect(memory.residentTokens).toBe(6);
  expect(memory.beginCached(first, 2 as Pid, 5)).toMatchObject({ cachedTokens: 4, prefetchedTokens: 2 });
  memory.end(first, 5);
  expect(memory.beginCached(first, 2 as Pid, 6)).toMatchObject({ cachedTokens: 4, prefetchedTokens: 0 });
});

test('what a call has loaded meanwhile is not loaded again, nor evicts a transfer for it anything', () => {
  const { memory, wanted, evicted, call } = memoryOf(6);
  const first = call(2, 4, 1);
  call(3, 4, 2);
  wanted.push(idOf(first));
  const prefetch = memory.beginPrefetch(3)!;
  memory.beginCached(first, 2 as Pid, 4);
  memory.end(first, 4);
  evicted.length = 0;
  expect(memory.endPrefetch(prefetch, 5)).toEqual({ loadedTokens: 0, declinedTokens: 0 });
  expect(evicted).toEqual([]);
});

test('what finds no room, or is refused, is declined', () => {
  const cases: readonly [Partial<PagingPolicy>, loadedTokens: number, evictions: number][] = [
    [{}, 2, 1],
    [{ evict: () => undefined }, 0, 0],
    [{ miss: () => false }, 0, 0],
    [{ admit: () => false }, 0, 1],
  ];
  for (const [overrides, loadedTokens, evictions] of cases) {
    const { memory, wanted, evicted, call } = memoryOf(6);
    const first = call(2, 4, 1);
    call(3, 4, 2);
    evicted.length = 0;
    Object.assign(memory.policy, overrides);
    wanted.push(idOf(first));
    const declinedTokens = 2 - loadedTokens;
    expect(memory.endPrefetch(memory.beginPrefetch(3)!, 4)).toEqual({ loadedTokens, declinedTokens });
    expect(evicted.length).toBe(evictions);
  }
});

test('a page that nobody knows, that was never computed, or that lacks nothing is a broken answer', () => {
  const { memory, wanted, call } = memoryOf(6);
  expect(memory.beginPrefetch(1)).toBeUndefined();
  const whole = call(2, 4, 1);
  const planned = new PageTable();
  memory.append(planned, { space: 9, first: 1, count: 2, tokensEach: 1 }, 0.5, false);
  for (const [page, problem] of [
    [77, 'page 77 at 2 µs, which is not known'],
    [idOf(whole), `page ${idOf(whole)} at 2 µs, of which nothing can be loaded`],
    [idOf(planned), `page ${idOf(planned)} at 2 µs, of which nothing can be loaded`],
  ] as const) {
    wanted[0] = page as PageId;
    expect(() => memory.beginPrefetch(2)).toThrow(`paging policy lru: prefetch names ${problem}`);
  }
  const { memory: odd } = memoryOf(6, { prefetch: (() => 5) as never });
  expect(() => odd.beginPrefetch(2)).toThrow('prefetch is 5 at 2 µs; allowed: a list of pages');
});
