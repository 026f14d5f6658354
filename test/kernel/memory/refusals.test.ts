/** What a paging policy refuses to keep is used by the call that needs it, and leaves with its last pin. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import { lru } from '../../../src/policies/paging/lru.ts';

/** Least recently used, but pages of 40 tokens and more are not kept. */
const smallOnly: CreatePagingPolicy = (context) => {
  const policy = lru(context);
  return {
    name: 'small-only',
    admit: (page, nowUs) => context.pages.size(page) < 40 && policy.admit(page, nowUs),
    touch: (page, nowUs) => policy.touch(page, nowUs),
    evict: (need, eligible) => policy.evict(need, eligible),
    remove: (page) => policy.remove(page),
    checkInvariants: (count) => policy.checkInvariants!(count),
  };
};

const pid = 1 as Pid;

/** Three pages one after another, the second of which is refused. */
function memoryOf(residency: 'independent' | 'prefix') {
  const left: number[] = [];
  const memory = new ContextMemory(
    {
      capacity: 200,
      residency,
      victims: residency === 'prefix' ? 'leaf' : 'any',
      paging: smallOnly,
      rng: rngFor(1, 'paging'),
    },
    {
      faulted: () => undefined,
      loaded: () => undefined,
      prefetched: () => undefined,
      evicted: (page) => void left.push(page),
      freed: (page) => void left.push(page),
    },
  );
  const table = new PageTable();
  const numbers = [10, 50, 20].map((tokensEach, index) =>
    memory.append(table, { space: 7, first: 100 * index, count: 1, tokensEach }, 0.5, false),
  );
  return { memory, table, numbers, left };
}

test('in a prefix it takes along what stands behind it, once the call has ended', () => {
  const { memory, table, left } = memoryOf('prefix');
  expect(memory.begin(table, pid, 0, 0).outcome).toBe('begun');
  memory.checkInvariants();
  expect([left, memory.residentTokens]).toEqual([[], 80]);
  memory.end(table, 1);
  memory.checkInvariants();
  expect([left.toSorted((a, b) => a - b), memory.residentTokens]).toEqual([[2, 3], 10]);
});

test('where pages stand alone, it leaves alone', () => {
  const { memory, table, left } = memoryOf('independent');
  memory.begin(table, pid, 0, 0);
  memory.end(table, 1);
  memory.checkInvariants();
  expect([left, memory.residentTokens]).toEqual([[2], 30]);
});

test('pinned, it stays until it is unpinned', () => {
  const { memory, table, numbers, left } = memoryOf('prefix');
  memory.setPinned(table, numbers[2]!, true);
  memory.begin(table, pid, 0, 0);
  memory.end(table, 1);
  memory.checkInvariants();
  expect([left, memory.residentTokens]).toEqual([[], 80]);
  memory.setPinned(table, numbers[2]!, false);
  memory.checkInvariants();
  expect([left.toSorted((a, b) => a - b), memory.residentTokens]).toEqual([[2, 3], 10]);
});
