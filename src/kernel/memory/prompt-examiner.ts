import type { Pid } from '../ids.ts';
import type { MemoryObserver, Residency } from './memory-options.ts';
import type { PageTable } from './page-table.ts';

/** What a call finds in memory, in tokens. The three kinds of fault and the cached ones sum to the prompt's pages. */
export interface Prompt {
  /** `begin` filled the memory; `waits`: no room now; `too-large`: there never will be. */
  outcome: 'begun' | 'waits' | 'too-large';
  cachedTokens: number;
  /** Of the cached ones, what a prefetch had brought and no call had used since. */
  prefetchedTokens: number;
  compulsoryTokens: number;
  capacityTokens: number;
  /** Of the capacity ones, what only another engine has computed: there is no tier that it could be loaded from. */
  elsewhereTokens: number;
  holeTokens: number;
}

/** Finds out what a use of pages would find in memory, and tells of the faults when the use takes place. Moves nothing. */
export class PromptExaminer {
  /** The result of the last examination. */
  readonly prompt: Prompt = {
    outcome: 'begun',
    cachedTokens: 0,
    prefetchedTokens: 0,
    compulsoryTokens: 0,
    capacityTokens: 0,
    elsewhereTokens: 0,
    holeTokens: 0,
  };
  private readonly isPrefix: boolean;
  private readonly observer: MemoryObserver;
  /** Extents met in one walk carry its number. */
  private walks = 0;
  private table: PageTable | undefined;
  private from = 0;
  private to = 0;

  constructor(residency: Residency, observer: MemoryObserver) {
    this.isPrefix = residency === 'prefix';
    this.observer = observer;
  }

  /**
   * Fills `prompt` with what a use of entries [from, to) would find; the outcome is the caller's to say. What stands twice in them is missing
   * once, and there the second time. Returns the tokens that are missing.
   */
  examine(table: PageTable, to: number, from = 0): number {
    const { prompt, isPrefix } = this;
    let cached = 0;
    let compulsory = 0;
    let capacity = 0;
    let elsewhere = 0;
    let hole = 0;
    let isUsable = true;
    const walk = ++this.walks;
    for (let at = from; at < to; at++) {
      const { extent } = table.entries[at]!;
      const { lo, hi, count, tokensEach } = extent;
      if (extent.isWhole || extent.examination === walk) {
        if (isUsable) cached += count * tokensEach;
        else hole += count * tokensEach;
        continue;
      }
      extent.examination = walk;
      const here = Math.max(extent.seen, hi);
      const seen = Math.max(here, extent.elsewhere);
      const isWithoutGap = lo === 0 || hi === lo;
      const resident = hi - lo;
      if (isUsable && (!isPrefix || isWithoutGap)) cached += resident * tokensEach;
      else hole += resident * tokensEach;
      capacity += (seen - resident) * tokensEach;
      elsewhere += (seen - here) * tokensEach;
      compulsory += (count - seen) * tokensEach;
      if (isPrefix) isUsable = false;
    }
    prompt.cachedTokens = cached;
    prompt.compulsoryTokens = compulsory;
    prompt.capacityTokens = capacity;
    prompt.elsewhereTokens = elsewhere;
    prompt.holeTokens = hole;
    this.table = table;
    this.from = from;
    this.to = to;
    return compulsory + capacity;
  }

  /** `pid` uses what was examined last; nothing has moved since. */
  tellFaults(pid: Pid): void {
    const { compulsoryTokens, capacityTokens, holeTokens } = this.prompt;
    if (compulsoryTokens + capacityTokens + holeTokens === 0) return;
    let compulsory = 0;
    let capacity = 0;
    let cachedOrHole = 0;
    let holeTokensLeft = 0;
    let isUsable = true;
    const { isPrefix, observer } = this;
    const { entries, pages } = this.table!;
    const walk = ++this.walks;
    for (let at = this.from; at < this.to; at++) {
      const { extent } = entries[at]!;
      if (extent.examination === walk) continue;
      extent.examination = walk;
      const { lo, hi, count } = extent;
      const seen = Math.max(extent.seen, hi, extent.elsewhere);
      const resident = hi - lo;
      capacity += seen - resident;
      compulsory += count - seen;
      if (resident > 0 && isPrefix && (!isUsable || lo > 0)) {
        cachedOrHole += resident;
        holeTokensLeft += resident * extent.tokensEach;
      }
      if (resident < count) isUsable = false;
    }
    if (compulsory > 0) observer.faulted(pid, 'compulsory', compulsory, compulsoryTokens);
    if (capacity > 0) observer.faulted(pid, 'capacity', capacity, capacityTokens);
    // A bypassed call is billed for resident pages too: they count as a hole of its own making.
    if (holeTokens > holeTokensLeft) cachedOrHole = pages - compulsory - capacity;
    if (holeTokens > 0) observer.faulted(pid, 'hole', cachedOrHole, holeTokens);
  }

  /** Resident tokens of the table's pages that could leave now. */
  unpinnedTokens({ entries }: PageTable): number {
    const walk = ++this.walks;
    let tokens = 0;
    for (const { extent } of entries) {
      if (extent.pins > 0 || extent.examination === walk) continue;
      extent.examination = walk;
      tokens += extent.residentTokens;
    }
    return tokens;
  }
}
