/**
 * Extents are an economy, nothing else: whether the memory treats pages that are touched together as one, or announces every page singly
 * because the policy cannot put back and split, the same operations give the same faults, loads, evictions and resident pages.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { ownSpace } from '../../../src/kernel/memory/extent.ts';
import type { Residency, VictimRule } from '../../../src/kernel/memory/memory-options.ts';
import { PageTable, sizesOf } from '../../../src/kernel/memory/page-table.ts';
import { pagingPolicies, sessionPolicies } from '../../../src/policies/paging/index.ts';
import { kernelPagingPolicies } from '../../support/kernel-paging.ts';
import { ResidentSet } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';

const tables = 3;
const capacity = 14;

type Operation =
  | {
      readonly type: 'append';
      readonly table: number;
      readonly space: number;
      readonly first: number;
      readonly count: number;
      readonly importance: number;
      readonly pinned: boolean;
    }
  | { readonly type: 'answer'; readonly table: number; readonly id: number }
  | { readonly type: 'call'; readonly table: number; readonly room: number }
  /** `use`: a call begins and ends at once. */
  | { readonly type: 'use' | 'end' | 'release'; readonly table: number }
  | {
      readonly type: 'touch' | 'pin' | 'unpin' | 'drop' | 'free' | 'truncate';
      readonly table: number;
      readonly nth: number;
    }
  | {
      readonly type: 'importance';
      readonly table: number;
      readonly nth: number;
      readonly importance: number;
    };

const table = fc.nat({ max: tables - 1 });
const nth = fc.nat({ max: 15 });
const importance = fc.constantFrom(0.3, 0.5, 0.7);
const content = { table, space: fc.nat({ max: 3 }), first: fc.constantFrom(0, 0, 2, 3, 5), importance };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: of('append', {
      ...content,
      count: fc.integer({ min: 1, max: 6 }),
      pinned: fc.constant(false),
    }),
  },
  {
    weight: 1,
    arbitrary: of('append', { ...content, count: fc.integer({ min: 1, max: 3 }), pinned: fc.constant(true) }),
  },
  { weight: 1, arbitrary: of('answer', { table, id: fc.nat({ max: 5 }) }) },
  { weight: 10, arbitrary: of('use', { table }) },
  { weight: 3, arbitrary: of('call', { table, room: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: of('end', { table }) },
  { weight: 1, arbitrary: of('release', { table }) },
  ...(['touch', 'pin', 'unpin', 'drop', 'free', 'truncate'] as const).map((type) => ({
    weight: 1,
    arbitrary: of(type, { table, nth }),
  })),
  { weight: 1, arbitrary: of('importance', { table, nth, importance }) },
) as fc.Arbitrary<Operation>;

function of(type: Operation['type'], fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record({ type: fc.constant(type), ...fields });
}

/** A memory that tells everything page by page. */
class Told {
  readonly memory: ContextMemory;
  readonly tables = Array.from({ length: tables }, () => new PageTable());
  private said: string[] = [];
  private nextOwn = 1;

  private readonly isCache: boolean;

  constructor(paging: CreatePagingPolicy, residency: Residency, victims: VictimRule, isCache = false) {
    this.isCache = isCache;
    const tell = (what: string) => (first: number, pages: number, tokens: number) => {
      for (let page = first; page < first + pages; page++)
        this.said.push(`${what} ${page} of ${tokens / pages}`);
    };
    this.memory = new ContextMemory(
      { capacity, residency, victims, paging, rng: rngFor(1, 'paging'), isCache },
      {
        faulted: (pid, kind, pages, tokens) =>
          void this.said.push(`fault of ${pid}: ${pages} ${kind} (${tokens})`),
        loaded: tell('load'),
        prefetched: tell('prefetch'),
        evicted: tell('evict'),
        freed: tell('free'),
      },
    );
  }

  /** What the operation led to, in an order of its own; and what is resident then. */
  do(operation: Operation, nowUs: number): readonly string[] {
    this.said = [];
    this.said.push(`result ${JSON.stringify(this.perform(operation, nowUs))}`);
    const { memory } = this;
    memory.checkInvariants();
    const resident: number[] = [];
    for (const extent of memory.all())
      for (let page = extent.firstPage + extent.lo; page < extent.firstPage + extent.hi; page++)
        resident.push(page);
    const { residentTokens, pinnedTokens, roomTokens } = memory;
    const prompts = this.tables.map((own) =>
      own.entries.flatMap(({ extent }) =>
        Array.from({ length: extent.count }, (_, index) => extent.firstPage + index),
      ),
    );
    return [
      ...this.said.sort(),
      `resident ${resident.sort((a, b) => a - b).join(' ')}`,
      `tokens ${residentTokens} ${pinnedTokens} ${roomTokens}`,
      `prompts ${prompts.map((pages) => pages.join(' ')).join('; ')}`,
    ];
  }

  private perform(operation: Operation, nowUs: number): unknown {
    const { memory } = this;
    const own = this.tables[operation.table]!;
    const pid = (operation.table + 1) as Pid;
    const isRunning = own.room >= 0;
    if (operation.type === 'end') return isRunning ? memory.end(own, nowUs) : 'does not run';
    // A prompt does not change while its call runs, but others may pin what they share with it.
    if (isRunning && !['release', 'importance', 'pin', 'unpin'].includes(operation.type)) return 'runs';
    switch (operation.type) {
      case 'call': {
        const { outcome, ...tokens } = this.isCache
          ? memory.beginCached(own, pid, nowUs)
          : memory.begin(own, pid, operation.room, nowUs);
        return outcome === 'begun' ? tokens : outcome;
      }
      case 'use': {
        const { outcome } = this.isCache
          ? memory.beginCached(own, pid, nowUs)
          : memory.begin(own, pid, 0, nowUs);
        if (outcome === 'begun') memory.end(own, nowUs);
        memory.policy.waits?.(pid, own.pages % 2 === 0 ? 'tool' : 'person', nowUs);
        return outcome;
      }
      case 'release':
        return memory.release(own, pid, nowUs);
      case 'importance': {
        const page = pageAt(own, operation.nth);
        return memory.setImportance(own, page, operation.importance);
      }
      case 'pin':
      case 'unpin':
        return memory.setPinned(own, pageAt(own, operation.nth), operation.type === 'pin');
      case 'touch':
        return memory.touch(own, pageAt(own, operation.nth), pid, nowUs);
      case 'append': {
        const { space, count, importance, pinned } = operation;
        const isOwn = space === 0;
        const first = isOwn ? this.nextOwn : operation.first;
        if (isOwn) this.nextOwn += count;
        return memory.append(
          own,
          { space: isOwn ? ownSpace : space + 1, first, count, tokensEach: 1 + (space % 2) },
          importance,
          pinned,
        );
      }
      case 'answer':
        return memory.appendResident(
          own,
          { space: 9, first: operation.id, count: 1, tokensEach: 2 },
          0.7,
          nowUs,
        );
      case 'truncate':
        return memory.truncate(own, Math.min(operation.nth, own.pages));
      case 'drop':
      case 'free': {
        const pages = [pageAt(own, operation.nth)];
        return sizesOf(own, pages).length > 0 && memory.takeOut(own, pages, operation.type === 'free');
      }
    }
  }
}

/** -1, which is no page, when the prompt is shorter. */
function pageAt({ entries }: PageTable, nth: number): number {
  let left = nth;
  for (const { extent } of entries) {
    if (left < extent.count) return extent.firstPage + left;
    left -= extent.count;
  }
  return -1;
}

/** The policy, but able only of what every policy must be able of. */
function singly(create: CreatePagingPolicy): CreatePagingPolicy {
  return (context) => {
    const policy = create(context);
    return {
      name: policy.name,
      admit: (page, nowUs) => policy.admit(page, nowUs),
      touch: (page, nowUs) => policy.touch(page, nowUs),
      evict: (need, eligible) => policy.evict(need, eligible),
      remove: (page) => policy.remove(page),
      changed: (page) => policy.changed?.(page),
      miss: (page, nowUs) => policy.miss?.(page, nowUs),
      usedBy: (user, isCall, nowUs) => policy.usedBy?.(user, isCall, nowUs),
      ends: (user, nowUs) => policy.ends?.(user, nowUs),
      waits: (user, on, nowUs) => policy.waits?.(user, on, nowUs),
      exited: (user, nowUs) => policy.exited?.(user, nowUs),
      checkInvariants: (resident) => policy.checkInvariants?.(resident),
    };
  };
}

/** Those that need no plan. */
const ofSessions = Object.entries(sessionPolicies).filter(
  ([name]) => !name.startsWith('clairvoyant') && name !== 'steps-to-execution',
);

/** The others see every page singly anyway. */
const ofExtents = [...Object.entries(kernelPagingPolicies), ...ofSessions].filter(
  ([, create]) => new ResidentSet(create, 100).policy.split !== undefined,
);

for (const [name, policy] of ofExtents) {
  for (const [residency, victims, isCache] of [
    ['independent', 'any', false],
    ['prefix', 'leaf', false],
    ['prefix', 'leaf', true],
  ] as const) {
    const kind = `${name}, ${residency}, ${victims}${isCache ? ', a cache' : ''}`;
    test(`${kind}: extents and single pages give the same`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(operation, fc.nat({ max: 2 })), { minLength: 10, maxLength: 60 }),
          (operations) => {
            const extents = new Told(policy, residency, victims, isCache);
            const pages = new Told(singly(policy), residency, victims, isCache);
            let nowUs = 0;
            for (const [operation, laterUs] of operations) {
              nowUs += laterUs * 1_000_000;
              expect(extents.do(operation, nowUs), JSON.stringify(operation)).toEqual(
                pages.do(operation, nowUs),
              );
            }
          },
        ),
        { seed: 1, numRuns: seedCount(name in pagingPolicies ? 100 : 60, 20_000) },
      );
    });
  }
}

interface RememberingWorld {
  readonly forgotten: number[];
  /** The operation under way. */
  at: number;
}

/**
 * A policy that remembers what left. It complains when an id comes back for another content that it was not told to forget, and when a page is
 * loaded whose miss it was not told of before room was made, or is not loaded after it.
 */
function remembering(create: CreatePagingPolicy, world: RememberingWorld): CreatePagingPolicy {
  return (context) => {
    const contents = new Map<number, number>();
    const coming: number[] = [];
    let evictedAt = -1;
    const policy = singly(create)(context);
    return {
      ...policy,
      miss: (page) => {
        expect(evictedAt).not.toBe(world.at);
        coming.push(page);
      },
      evict: (need, eligible) => {
        evictedAt = world.at;
        return policy.evict(need, eligible);
      },
      admit: (page, nowUs) => {
        expect(page).toBe(coming.shift());
        const content = context.pages.order(page);
        expect(contents.get(page) ?? content).toBe(content);
        contents.set(page, content);
        return policy.admit(page, nowUs);
      },
      forget: (page) => {
        world.forgotten.push(page);
        contents.delete(page);
      },
    };
  };
}

for (const residency of ['independent', 'prefix'] as const)
  test(`${residency}: a policy that remembers what left is told before an id stands for another content`, () => {
    const world: RememberingWorld = { forgotten: [], at: 0 };
    fc.assert(
      fc.property(fc.array(operation, { minLength: 30, maxLength: 120, size: 'max' }), (operations) => {
        const paging = remembering(pagingPolicies.lru, world);
        const pages = new Told(paging, residency, residency === 'prefix' ? 'leaf' : 'any');
        for (const each of operations) pages.do(each, ++world.at);
      }),
      { seed: 1, numRuns: seedCount(100, 5_000) },
    );
    expect(world.forgotten.length).toBeGreaterThan(100);
  });
