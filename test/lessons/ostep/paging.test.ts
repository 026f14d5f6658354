/** Page replacement by OSTEP's rules and the textbooks': by hand, against simulations written the plain way, and against our own policies. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { MersenneTwister } from '../../../src/lessons/ostep/mersenne-twister.ts';
import { type PagingProblem, pagingRuleNames, solvePaging } from '../../../src/lessons/ostep/paging.ts';
import {
  solveTextbookPaging,
  type TextbookPagingAnswer,
} from '../../../src/lessons/ostep/textbook-paging.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { PageReplay, pageReplayDefaults } from '../../../src/sim/paging/page-replay.ts';
import { seedCount } from '../../support/seeds.ts';

const answerTo = (problem: PagingProblem, seed = 0): ReturnType<typeof solvePaging> =>
  solvePaging(problem, new MersenneTwister(seed));

const references = fc.array(fc.integer({ min: -2, max: 8 }), { minLength: 1, maxLength: 60 });
const cacheSize = fc.integer({ min: 1, max: 6 });
const runs = { seed: 11, numRuns: seedCount(150, 5_000) };

test('one string by each rule, worked out by hand', () => {
  const problem = { cacheSize: 2, references: [1, 2, 1, 3, 2, 1], draws: [0.9, 0.1, 0.1, 0.1, 0.1, 0.1] };
  const victims = Object.fromEntries(
    pagingRuleNames.map((policy) => [
      policy,
      answerTo({ ...problem, policy }).accesses.map(({ victim }) => victim),
    ]),
  );
  const none = null;
  expect(victims).toEqual({
    FIFO: [none, none, none, 1, none, 2],
    LRU: [none, none, none, 2, 1, 3],
    MRU: [none, none, none, 1, none, 2],
    OPT: [none, none, none, 1, none, 3],
    UNOPT: [none, none, none, 2, 1, 3],
    RAND: [none, none, none, 2, 1, 3],
    // 2 (1 → 0), 1 (2 → 1), 1 (1 → 0), 1 leaves; then 2's counter is 1 after its hit, and the script ends.
    CLOCK: [none, none, none, 1, none, 2],
  });
});

test('counters of CLOCK: with 0 bits a hit makes a page easier to evict', () => {
  const problem = { policy: 'CLOCK', cacheSize: 2, references: [1, 2, 1, 3] } as const;
  expect(answerTo({ ...problem, clockbits: 0, draws: [0] }).accesses[3]!.victim).toBe(1);
  expect(answerTo({ ...problem, clockbits: 2, draws: [0, 0.5, 0.5] }).accesses[3]!.victim).toBe(2);
});

/** The plain way: the victim's place in a list of the resident pages. */
function plainMisses(pages: readonly number[], frames: number, movesHits: boolean): number {
  const memory: number[] = [];
  let misses = 0;
  for (const page of pages) {
    const place = memory.indexOf(page);
    if (place < 0) {
      misses++;
      if (memory.length === frames) memory.shift();
      memory.push(page);
    } else if (movesHits) memory.push(...memory.splice(place, 1));
  }
  return misses;
}

/** Misses of one of our own policies in the replay harness. */
function replayedMisses(pages: readonly number[], frames: number, create: CreatePagingPolicy): number {
  const ids = [...new Set(pages)];
  const trace = {
    name: 'drawn',
    format: 'generated',
    ids: Int32Array.from(pages, (page) => ids.indexOf(page) + 1),
    unique: ids.length,
  } as const;
  const replay = new PageReplay(trace, create, { ...pageReplayDefaults, capacity: frames });
  replay.run();
  return replay.counts.misses;
}

test('FIFO and LRU miss as a plain list does and as our own do in the replay harness, MRU and OPT as our own', () => {
  fc.assert(
    fc.property(references, cacheSize, (references, cacheSize) => {
      const misses = (policy: PagingProblem['policy']): number =>
        answerTo({ policy, references, cacheSize }).misses;
      expect(misses('FIFO')).toBe(plainMisses(references, cacheSize, false));
      expect(misses('LRU')).toBe(plainMisses(references, cacheSize, true));
      for (const [name, own] of [
        ['FIFO', 'fifo'],
        ['LRU', 'lru'],
        ['MRU', 'mru'],
        ['OPT', 'opt'],
      ] as const)
        expect(misses(name), name).toBe(replayedMisses(references, cacheSize, pagingPolicies[own]));
    }),
    runs,
  );
});

test('every rule counts what it shows, and none beats OPT', () => {
  fc.assert(
    fc.property(references, cacheSize, fc.nat(100), (references, cacheSize, seed) => {
      const best = answerTo({ policy: 'OPT', references, cacheSize }).misses;
      for (const policy of pagingRuleNames) {
        const { accesses, hits, misses } = answerTo({ policy, references, cacheSize }, seed);
        expect(hits + misses).toBe(references.length);
        expect(misses).toBeGreaterThanOrEqual(best);
        let before: readonly number[] = [];
        for (const { page, hit, victim, memory } of accesses) {
          expect(before.includes(page)).toBe(hit);
          const left = new Set([...before, page]);
          if (victim !== null) left.delete(victim);
          expect(new Set(memory)).toEqual(left);
          expect(memory.length).toBeLessThanOrEqual(cacheSize);
          before = memory;
        }
      }
    }),
    runs,
  );
});

/** The clock of the books, with frames and a hand. */
function clockFrames(pages: readonly number[], count: number): (number | null)[][] {
  const frames: (number | null)[] = Array.from({ length: count }, () => null);
  const used = frames.map(() => false);
  let hand = 0;
  return pages.map((page) => {
    const frame = frames.indexOf(page);
    if (frame >= 0) used[frame] = true;
    else {
      for (; frames[hand] !== null && used[hand]; hand = (hand + 1) % count) used[hand] = false;
      frames[hand] = page;
      used[hand] = true;
      hand = (hand + 1) % count;
    }
    return [...frames];
  });
}

test('the textbook’s CLOCK is that of frames and a hand; its OPT misses as often as the other', () => {
  fc.assert(
    fc.property(references, cacheSize, (references, cacheSize) => {
      const { accesses } = solveTextbookPaging({ policy: 'CLOCK', references, cacheSize });
      expect(accesses.map((access) => ('frames' in access ? access.frames : []))).toEqual(
        clockFrames(references, cacheSize),
      );
      const problem = { policy: 'OPT', references, cacheSize } as const;
      expect(solveTextbookPaging(problem).misses).toBe(answerTo(problem).misses);
    }),
    runs,
  );
});

test('of pages never used again OSTEP drops the one loaded last, the books the one loaded first', () => {
  const problem = { policy: 'OPT', references: [1, 2, 3], cacheSize: 2 } as const;
  expect(answerTo(problem).accesses[2]!.victim).toBe(2);
  const { accesses }: TextbookPagingAnswer = solveTextbookPaging(problem);
  expect(accesses[2]!.victim).toBe(1);
});

test('what cannot be a problem is refused', () => {
  const problem = { policy: 'FIFO', references: [1], cacheSize: 1 } as const;
  expect(() => answerTo({ ...problem, cacheSize: 0 })).toThrow('frames: 0 is not allowed');
  expect(() => answerTo({ ...problem, references: [] })).toThrow('references: ');
  expect(() => answerTo({ ...problem, policy: 'LFU' as 'LRU' })).toThrow('policy: "LFU" is not allowed');
  expect(() => answerTo({ ...problem, policy: 'RAND', references: [1, 2], draws: [] })).toThrow('draws: 0');
  expect(() => solveTextbookPaging({ ...problem, policy: 'MRU' as 'LRU' })).toThrow('policy: "MRU"');
});
