/**
 * The rule set of OSTEP's paging-policy. FIFO, LRU and MRU are the project's own policies; all run through its replay harness.
 *
 * Where OSTEP departs from the project's own, the policy is written here, to the kernel's contract:
 * - OPT: of pages never used again the one loaded last leaves (ours drops the one used longest ago; the misses are the same). UNOPT has no counterpart.
 * - RAND: the victim's place in the list is a uniform number × frames, of the homework's generator, not of a stream of ours.
 * - CLOCK is no clock: there is no hand. A page has a counter, 1 when it is loaded, one more with each hit, at most `clockbits`. The victim is drawn at random;
 *   one whose counter is not 0 loses one, and the draw is repeated. With `clockbits` 0 a hit sets the counter to 0: being used makes a page easier to evict.
 *
 * The memory is shown as one list: new pages at its right, with LRU and MRU also those that were hit.
 * Source of the rules: the behaviour of paging-policy.py of 2025-10-26.
 */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { PageId } from '../../kernel/ids.ts';
import { fifo } from '../../policies/paging/fifo.ts';
import { lru } from '../../policies/paging/lru.ts';
import { mru } from '../../policies/paging/mru.ts';
import { checkInteger } from './checks.ts';
import { farthestUse, listedPages, soonestUse } from './listed-pages.ts';
import type { RandomSource } from './mersenne-twister.ts';
import { type PageAccess, runPages } from './page-run.ts';
import { scriptedDraws } from './scripted-draws.ts';
import { percent } from './two-decimals.ts';

export interface PagingProblem {
  readonly policy: PagingRuleName;
  /** Frames. */
  readonly cacheSize: number;
  readonly references: readonly number[];
  /** Largest counter of CLOCK; default 2. */
  readonly clockbits?: number;
  /** What RAND and CLOCK draw, in [0, 1). Absent: drawn. */
  readonly draws?: readonly number[];
}

export interface ShownAccess extends PageAccess {
  /** After the access. */
  readonly memory: readonly number[];
}

export interface PagingAnswer {
  readonly hits: number;
  readonly misses: number;
  readonly hitRatePct: number;
  readonly accesses: readonly ShownAccess[];
}

interface PagingRule {
  readonly policy: CreatePagingPolicy;
  /** Whether a page that is hit moves to the right. */
  readonly movesHits?: boolean;
}

/** Largest counter of CLOCK where none is given. */
export const defaultClockbits = 2;

/** The ostep rule set, by the names of its flag. */
const pagingRules = {
  FIFO: () => ({ policy: fifo }),
  LRU: () => ({ policy: lru, movesHits: true }),
  MRU: () => ({ policy: mru, movesHits: true }),
  OPT: () => ({ policy: farthestUse('ostep OPT', 'last') }),
  UNOPT: () => ({ policy: soonestUse('ostep UNOPT') }),
  RAND: (_problem, random) => ({ policy: randomPlace(random) }),
  CLOCK: ({ clockbits = defaultClockbits }, random) => ({ policy: countingClock(clockbits, random) }),
} satisfies Record<string, (problem: PagingProblem, random: RandomSource) => PagingRule>;

export type PagingRuleName = keyof typeof pagingRules;
export const pagingRuleNames = Object.keys(pagingRules) as PagingRuleName[];

/** Throws KernelError for a malformed problem. `random`: what is drawn where the problem lists no draws. */
export function solvePaging(problem: PagingProblem, random: RandomSource): PagingAnswer {
  const { references, cacheSize, clockbits = 0, draws } = problem;
  if (!Object.hasOwn(pagingRules, problem.policy))
    throw invalid('policy', problem.policy, pagingRuleNames.join(', '));
  checkInteger('clockbits', clockbits, 0);
  const source = draws === undefined ? random : scriptedDraws(draws);
  const rule: PagingRule = pagingRules[problem.policy](problem, source);
  const accesses = withMemory(
    runPages({ references, cacheSize, policy: rule.policy }),
    rule.movesHits ?? false,
  );
  const hits = accesses.filter(({ hit }) => hit).length;
  return {
    hits,
    misses: accesses.length - hits,
    hitRatePct: percent(hits, accesses.length),
    accesses,
  };
}

/** The resident pages after each access, in the order of their loading or, with `movesHits`, of their last use. */
export function withMemory(accesses: readonly PageAccess[], movesHits: boolean): ShownAccess[] {
  let memory: readonly number[] = [];
  return accesses.map((access) => {
    const { page, hit, victim } = access;
    if (!hit || movesHits) memory = [...memory.filter((other) => other !== victim && other !== page), page];
    return { ...access, memory };
  });
}

function randomPlace(random: RandomSource): CreatePagingPolicy {
  return listedPages('ostep RAND', () => ({
    victim: (pages) => Math.floor(random.uniform() * pages.length),
  }));
}

function countingClock(largest: number, random: RandomSource): CreatePagingPolicy {
  return listedPages('ostep CLOCK', () => {
    const counters = new Map<PageId, number>();
    return {
      loaded: (page) => void counters.set(page, 1),
      used: (page) => void counters.set(page, Math.min(counters.get(page)! + 1, largest)),
      victim(pages) {
        for (;;) {
          const place = Math.floor(random.uniform() * pages.length);
          const page = pages[place]!;
          const counter = counters.get(page)!;
          if (counter === 0) return place;
          counters.set(page, counter - 1);
        }
      },
    };
  });
}
