/** The replay on the kernel's context memory, beside the same written down block by block. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { engineDefaults } from '../../../src/kernel/engine-options.ts';
import { pagingPolicies, sessionPolicies } from '../../../src/policies/paging/index.ts';
import type { PlacedChain } from '../../../src/sim/sessions/session-replay.ts';
import { seedCount } from '../../support/seeds.ts';
import { nextCallUs, replayNaively, type NaiveRule, type NaiveSession } from './naive-sessions.ts';
import { call, chain, runOf } from './support.ts';

const endUs = 200;
/** A token is prefilled in 1 µs: contexts of a few tokens are worth waits of a few µs. */
const engine = { ...engineDefaults, prefillTokensPerSecond: 1_000_000 };
const unknownDurationUs = 7;

const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[values.length >> 1];
const idleSince = ({ beganUs, endedUs }: NaiveSession): number => Math.max(beganUs, endedUs);

/** What the policies that need no history of counts say, in the words of their papers. */
const rules: Readonly<Record<string, { readonly create: CreatePagingPolicy; readonly rule: NaiveRule }>> = {
  lru: { create: pagingPolicies.lru, rule: { isLru: true, worth: () => 0 } },
  'end-turn-first': {
    create: sessionPolicies['end-turn-first'],
    rule: { worth: ({ pause }) => (pause === 'person' ? 0 : 1) },
  },
  'clairvoyant-loading': {
    create: sessionPolicies['clairvoyant-loading'],
    rule: { worth: (session) => -nextCallUs(session, endUs) },
  },
  'clairvoyant-sessions': {
    create: sessionPolicies['clairvoyant-sessions'],
    rule: {
      worth: (session) => -nextCallUs(session, endUs),
      limit: (caller) => -nextCallUs(caller, endUs),
    },
  },
  'predicted-next-use': {
    create: sessionPolicies['predicted-next-use'],
    rule: {
      worth: (session, nowUs, all) => {
        const idle = nowUs - idleSince(session);
        const pause = predicted(session, all);
        return -(idle <= pause ? idleSince(session) + pause : nowUs + idle);
      },
      limit: (caller, nowUs, all) => -(nowUs + (caller.durations.at(-1) ?? 0) + predicted(caller, all)),
    },
  },
  'least-waste': {
    create: sessionPolicies['least-waste'],
    rule: {
      worth: (session, nowUs) => {
        const preserving = session.kept * (nowUs - idleSince(session));
        const discarding = session.kept * session.kept;
        return preserving < discarding ? Infinity : discarding - preserving;
      },
    },
  },
};

function predicted(session: NaiveSession, all: readonly NaiveSession[]): number {
  return median(session.pauses.slice(-31)) ?? median(all.flatMap(({ pauses }) => pauses)) ?? 10_000_000;
}

/** Chains with contexts that grow, are cut back and share; times with many ties; durations that reach into the next call. */
const chains: fc.Arbitrary<readonly PlacedChain[]> = fc
  .array(
    fc.record({
      startUs: fc.integer({ min: 0, max: 60 }),
      space: fc.integer({ min: 2, max: 3 }),
      calls: fc.array(
        fc.record({
          waitUs: fc.integer({ min: 0, max: 40 }),
          durationUs: fc.option(fc.integer({ min: 0, max: 30 })),
          kept: fc.integer({ min: 0, max: 12 }),
          run: fc.option(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))),
          pause: fc.constantFrom('tool' as const, 'person' as const, 'unknown' as const),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((drawn) =>
    drawn.map(({ startUs, space, calls }) => {
      let atUs = 0;
      let blocks = 0;
      return {
        startUs,
        space,
        workflow: 0,
        chain: chain(
          calls.map(({ waitUs, durationUs, kept, run, pause }) => {
            atUs += waitUs;
            const keep = Math.max(0, blocks - Math.max(0, kept - 8));
            const made = call(atUs, keep, run === null ? [] : [run], { durationUs, pause });
            blocks = made.blocks;
            return made;
          }),
        ),
      };
    }),
  );

for (const [name, { create, rule }] of Object.entries(rules))
  test(`${name}: each call finds and keeps what it does block by block`, () => {
    fc.assert(
      fc.property(chains, fc.integer({ min: 3, max: 14 }), (placed, capacity) => {
        const { calls: naive } = replayNaively(placed, { rule, capacity, endUs, unknownDurationUs });
        const { calls, replay } = runOf(placed, create, {
          memoryTokens: capacity,
          endUs,
          unknownDurationUs,
          engine,
        });
        expect(calls).toEqual(naive);
        replay.memory.checkInvariants();
      }),
      { seed: 11, numRuns: seedCount(100, 10_000) },
    );
  });

/** As the policy, block by block: without the two, each block is an extent of its own, and so a transfer of its own. */
const singly: CreatePagingPolicy = (context) => {
  const policy = sessionPolicies['steps-to-execution'](context);
  return Object.assign(policy, { putBack: undefined, split: undefined });
};

const stepsRule: NaiveRule = {
  worth(session, _nowUs, all) {
    const untilUs = nextCallUs(session, endUs);
    if (untilUs === Infinity) return -Infinity;
    const { workflow } = session.placed;
    const steps = all
      .filter((other) => other.placed.workflow === workflow && other !== session)
      .flatMap(({ placed, calls }) =>
        placed.chain.calls.slice(calls.length).map(({ startUs }) => placed.startUs + startUs),
      )
      .filter((atUs) => atUs < untilUs).length;
    return -(steps + 1);
  },
};

const tiers = fc.record({
  latencyUs: fc.integer({ min: 0, max: 6 }),
  blockUs: fc.constantFrom(1, 2, 5, 20),
});

test('steps-to-execution: prefetches, and finds, what it does block by block', () => {
  let prefetchedBlocks = 0;
  let usefulPrefetchedBlocks = 0;
  fc.assert(
    fc.property(chains, fc.integer({ min: 3, max: 14 }), tiers, (drawn, capacity, tier) => {
      const placed = drawn.map((each, index) => ({ ...each, workflow: index % 2 }));
      const naive = replayNaively(placed, { rule: stepsRule, capacity, endUs, unknownDurationUs, tier });
      const { calls, replay } = runOf(placed, singly, {
        memoryTokens: capacity,
        endUs,
        unknownDurationUs,
        workflows: 'known',
        engine: {
          ...engine,
          loadTokensPerSecond: 1_000_000 / tier.blockUs,
          loadLatencyUs: tier.latencyUs,
        },
      });
      replay.memory.checkInvariants();
      const { counts } = replay;
      expect({
        calls,
        prefetchedBlocks: counts.prefetchedBlocks,
        usefulPrefetchedBlocks: counts.usefulPrefetchedBlocks,
      }).toEqual(naive);
      prefetchedBlocks += counts.prefetchedBlocks;
      usefulPrefetchedBlocks += counts.usefulPrefetchedBlocks;
    }),
    { seed: 13, numRuns: seedCount(200, 10_000) },
  );
  expect(usefulPrefetchedBlocks).toBeGreaterThan(100);
  expect(prefetchedBlocks).toBeGreaterThan(usefulPrefetchedBlocks);
});

test('steps-to-execution: with extents of many blocks, memory is never overfull and no more is used than was prefetched', () => {
  const paging = sessionPolicies['steps-to-execution'];
  fc.assert(
    fc.property(
      chains,
      fc.integer({ min: 3, max: 14 }),
      tiers,
      fc.constantFrom('leaf' as const, 'any' as const),
      (placed, capacity, tier, victims) => {
        const options = {
          memoryTokens: capacity,
          endUs,
          unknownDurationUs,
          workflows: 'known',
          victims,
        } as const;
        const rates = { loadTokensPerSecond: 1_000_000 / tier.blockUs, loadLatencyUs: tier.latencyUs };
        // After each call the memory recounts itself and its policy.
        const { replay } = runOf(placed, paging, { ...options, engine: { ...engine, ...rates } });
        replay.memory.checkInvariants();
        const { prefetchedBlocks, usefulPrefetchedBlocks, cachedBlocks } = replay.counts;
        expect(usefulPrefetchedBlocks).toBeLessThanOrEqual(Math.min(prefetchedBlocks, cachedBlocks));
        const without = runOf(placed, paging, {
          ...options,
          engine: { ...engine, loadLatencyUs: tier.latencyUs },
        });
        expect(without.replay.counts).toMatchObject({ prefetchedBlocks: 0, usefulPrefetchedBlocks: 0 });
      },
    ),
    { seed: 14, numRuns: seedCount(100, 10_000) },
  );
});

test('blocks of a running call stay, and a call larger than what is left keeps its front', () => {
  const long = {
    startUs: 0,
    space: 2,
    workflow: 0,
    chain: chain([call(0, 0, [[1, 6]], { durationUs: 100 })]),
  };
  const late = {
    startUs: 10,
    space: 3,
    workflow: 0,
    chain: chain([call(0, 0, [[1, 9]], { durationUs: 5 }), call(50, 9, [], { durationUs: 5 })]),
  };
  const { calls, replay } = runOf([long, late], pagingPolicies.lru, { memoryTokens: 10, endUs });
  expect(calls).toEqual([
    { chain: 0, cached: 0, missing: 0 },
    { chain: 1, cached: 0, missing: 5 },
    { chain: 1, cached: 4, missing: 5 },
  ]);
  expect(replay.counts).toEqual({
    calls: 3,
    contextBlocks: 24,
    hitBlocks: 4,
    cachedBlocks: 4,
    repeatedBlocks: 5,
    tokensIn: 24,
    tokensOut: 0,
    evictedBlocks: 0,
    prefetchedBlocks: 0,
    usefulPrefetchedBlocks: 0,
    bypassedCalls: 2,
    bypassedBlocks: 10,
  });
});

test('a hit is what a call shares with the one before it, even where more is cached', () => {
  const back = [call(0, 0, [[1, 5]]), call(1, 2, []), call(2, 2, [[3, 3]])];
  const { replay } = runOf([{ startUs: 0, space: 2, workflow: 0, chain: chain(back) }], pagingPolicies.lru, {
    memoryTokens: 10,
    endUs,
  });
  expect(replay.counts).toMatchObject({
    contextBlocks: 12,
    hitBlocks: 4,
    cachedBlocks: 7,
    repeatedBlocks: 0,
  });
});

test('an instant call pins nothing once it is loaded; a policy that must admit drives others out', () => {
  const first = {
    startUs: 0,
    space: 2,
    workflow: 0,
    chain: chain([call(0, 0, [[1, 6]], { durationUs: 100 }), call(120, 6, [])]),
  };
  const second = {
    startUs: 10,
    space: 3,
    workflow: 0,
    chain: chain([call(0, 0, [[1, 6]], { durationUs: 5 })]),
  };
  const hits = (options: object): number =>
    runOf([first, second], sessionPolicies['clairvoyant-sessions'], { memoryTokens: 8, endUs, ...options })
      .replay.counts.hitBlocks;
  expect(hits({})).toBe(6);
  expect(hits({ calls: 'instant' })).toBe(6);
  expect(hits({ calls: 'instant', admission: 'must' })).toBe(2);
});

test('the same sessions and seed give the same counts, and a capacity of everything misses what is new only', () => {
  fc.assert(
    fc.property(chains, (placed) => {
      const options = { memoryTokens: 10_000, endUs };
      const { replay } = runOf(placed, pagingPolicies.lru, options);
      expect(runOf(placed, pagingPolicies.lru, options).replay.counts).toEqual(replay.counts);
      expect(replay.counts).toMatchObject({ repeatedBlocks: 0, evictedBlocks: 0, bypassedBlocks: 0 });
    }),
    { seed: 12, numRuns: 50 },
  );
});
