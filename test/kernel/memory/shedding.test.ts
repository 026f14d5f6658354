/** A policy may give up pages although nothing needs their room. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId, Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import { lru } from '../../../src/policies/paging/lru.ts';

/** Least recently used, but never more than two pages, whatever the capacity. */
const atMostTwo: CreatePagingPolicy = (context) => {
  const policy = lru(context);
  const resident = new Set<PageId>();
  return {
    name: 'at-most-two',
    admit: (page, nowUs) => {
      resident.add(page);
      return policy.admit(page, nowUs);
    },
    touch: (page, nowUs) => policy.touch(page, nowUs),
    evict: (need, eligible) => {
      const page = policy.evict(need, eligible);
      if (page !== undefined) resident.delete(page);
      return page;
    },
    remove: (page) => {
      resident.delete(page);
      policy.remove(page);
    },
    shed(eligible) {
      return resident.size > 2 ? this.evict(1, eligible) : undefined;
    },
    checkInvariants: (count) => policy.checkInvariants?.(count),
  };
};

function memoryOf(paging: CreatePagingPolicy) {
  const evicted: number[] = [];
  const memory = new ContextMemory(
    { capacity: 100, residency: 'independent', victims: 'any', paging, rng: rngFor(1, 'paging') },
    {
      faulted: () => undefined,
      loaded: () => undefined,
      prefetched: () => undefined,
      evicted: (page) => void evicted.push(page),
      freed: () => undefined,
    },
  );
  const table = new PageTable();
  const pages = [1, 2, 3].map((first) =>
    memory.append(table, { space: 7, first, count: 1, tokensEach: 10 }, 0.5, false),
  );
  return { memory, table, pages, evicted };
}

const pid = 1 as Pid;

test('what a touch makes too much leaves at once', () => {
  const { memory, table, pages, evicted } = memoryOf(atMostTwo);
  for (const [at, page] of pages.entries()) memory.touch(table, page, pid, at);
  memory.checkInvariants();
  expect([evicted, memory.residentTokens]).toEqual([[1], 20]);
});

test('pinned pages are given up when their call ends', () => {
  const { memory, table, evicted } = memoryOf(atMostTwo);
  expect(memory.begin(table, pid, 0, 0).outcome).toBe('begun');
  expect(evicted).toEqual([]);
  memory.end(table, 0);
  memory.checkInvariants();
  expect([evicted, memory.residentTokens]).toEqual([[1], 20]);
});

test('what is given up must be resident and eligible', () => {
  const { memory, table, pages } = memoryOf((context) => ({
    ...atMostTwo(context),
    shed: () => 99 as PageId,
  }));
  expect(() => memory.touch(table, pages[0]!, pid, 0)).toThrow('shed page 99, which is not resident');
});
