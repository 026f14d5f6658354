/**
 * Page replacement as the textbooks do it by hand: the project's own FIFO, LRU and second chance through its replay harness.
 *
 * Two rules of the books stand here, apart from the honest policies: OPT drops, of pages never used again, the one loaded first (ours: the one used longest
 * ago; the misses are the same); and a page enters CLOCK with its use bit set (ours: clear), so that loading it is told to our clock as a use, too.
 */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import { clock } from '../../policies/paging/clock.ts';
import { fifo } from '../../policies/paging/fifo.ts';
import { lru } from '../../policies/paging/lru.ts';
import { farthestUse } from './listed-pages.ts';
import { type PageAccess, runPages } from './page-run.ts';
import { type ShownAccess, withMemory } from './paging.ts';

export interface TextbookPagingProblem {
  readonly policy: keyof typeof textbookRules;
  /** Frames. */
  readonly cacheSize: number;
  readonly references: readonly number[];
}

/** With CLOCK the frames, null where free; else the memory in the order of loading. */
export interface TextbookPagingAnswer {
  readonly hits: number;
  readonly misses: number;
  readonly accesses: readonly (
    | ShownAccess
    | (PageAccess & { readonly frames: readonly (number | null)[] })
  )[];
}

const textbookRules = {
  FIFO: fifo,
  LRU: lru,
  OPT: farthestUse('textbook OPT', 'first'),
  CLOCK: usedWhenLoaded(clock),
} satisfies Record<string, CreatePagingPolicy>;

/** Throws KernelError for a malformed problem. */
export function solveTextbookPaging(problem: TextbookPagingProblem): TextbookPagingAnswer {
  const { references, cacheSize } = problem;
  if (!Object.hasOwn(textbookRules, problem.policy))
    throw invalid('policy', problem.policy, Object.keys(textbookRules).join(', '));
  const accesses = runPages({ references, cacheSize, policy: textbookRules[problem.policy] });
  const hits = accesses.filter(({ hit }) => hit).length;
  return {
    hits,
    misses: accesses.length - hits,
    accesses: problem.policy === 'CLOCK' ? withFrames(accesses, cacheSize) : withMemory(accesses, false),
  };
}

/** A page takes the frame of its victim, or the first free one. */
function withFrames(accesses: readonly PageAccess[], cacheSize: number): TextbookPagingAnswer['accesses'] {
  let frames: readonly (number | null)[] = Array.from({ length: cacheSize }, () => null);
  return accesses.map((access) => {
    const { page, hit, victim } = access;
    if (!hit) frames = frames.with(frames.indexOf(victim), page);
    return { ...access, frames };
  });
}

function usedWhenLoaded(create: CreatePagingPolicy): CreatePagingPolicy {
  return (context) => {
    const policy = create(context);
    return {
      name: `textbook ${policy.name}`,
      admit(page, nowUs) {
        policy.admit(page, nowUs);
        policy.touch(page, nowUs);
        return true;
      },
      touch: (page, nowUs) => policy.touch(page, nowUs),
      evict: (need, eligible) => policy.evict(need, eligible),
      remove: (page) => policy.remove(page),
      checkInvariants: (resident) => policy.checkInvariants?.(resident),
    };
  };
}
