/**
 * A page reference string through the replay harness, one access at a time: hits and misses are the harness's, victims are what the policy answered.
 * Pages may be any integers; policies see dense ids.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { pageReplayDefaults, PageReplay } from '../../sim/paging/page-replay.ts';
import { checkCells, checkInteger, checkNotEmpty } from './checks.ts';

export interface PageAccess {
  readonly page: number;
  readonly hit: boolean;
  /** The page that left for it. */
  readonly victim: number | null;
}

export interface PageRunOptions {
  readonly references: readonly number[];
  /** Frames. */
  readonly cacheSize: number;
  readonly policy: CreatePagingPolicy;
}

/** Throws KernelError without references or frames. */
export function runPages({ references, cacheSize, policy }: PageRunOptions): PageAccess[] {
  checkNotEmpty('references', references);
  checkInteger('frames', cacheSize, 1);
  // Each access shows the whole memory.
  checkCells('accesses × frames', references.length * Math.min(cacheSize, references.length));
  const idOf = new Map<number, number>();
  for (const page of references) if (!idOf.has(page)) idOf.set(page, idOf.size + 1);
  const pages = [...idOf.keys()];
  const trace = {
    name: 'references',
    format: 'generated',
    ids: Int32Array.from(references, (page) => idOf.get(page)!),
    unique: pages.length,
  } as const;
  const victims: PageId[] = [];
  const replay = new PageReplay(trace, noting(policy, victims), {
    ...pageReplayDefaults,
    capacity: cacheSize,
  });
  let misses = 0;
  const accesses = references.map((page, at): PageAccess => {
    replay.run(at + 1);
    const hit = replay.counts.misses === misses;
    misses = replay.counts.misses;
    const victim = victims.pop();
    assert(victims.length === 0, () => `access ${at} had ${victims.length + 1} victims`);
    return { page, hit, victim: victim === undefined ? null : pages[victim - 1]! };
  });
  replay.checkInvariants();
  return accesses;
}

/** The same policy, whose victims are noted. */
function noting(create: CreatePagingPolicy, victims: PageId[]): CreatePagingPolicy {
  return (context): PagingPolicy => {
    const policy = create(context);
    assert(
      policy.miss === undefined && policy.shed === undefined,
      () => `${policy.name} needs to be told more`,
    );
    return {
      name: policy.name,
      admit: (page, nowUs) => policy.admit(page, nowUs),
      touch: (page, nowUs) => policy.touch(page, nowUs),
      evict(need, eligible) {
        const victim = policy.evict(need, eligible);
        if (victim !== undefined) victims.push(victim);
        return victim;
      },
      remove: (page) => policy.remove(page),
      checkInvariants: (resident) => policy.checkInvariants?.(resident),
    };
  };
}
