import type { ExtentStore } from './extent-store.ts';
import type { Extent } from './extent.ts';
import type { PageTable } from './page-table.ts';

/** What a memory holds of a prompt, in tokens. */
export interface Holding {
  /** Resident and usable: what a call need not prefill. */
  usableTokens: number;
  /** Not resident, but computed here before: a slower tier of this engine has it. */
  tierTokens: number;
  /** What the call would have to find or make room for: all of the prompt that is not resident and pinned already. */
  unpinnedTokens: number;
}

/**
 * Looks the contents of a table up in a memory that need not be the table's own. Changes nothing: where the table goes on in the middle of an extent, it is not
 * split. What stands twice in a prompt counts once.
 */
export function holdingOf(table: PageTable, extents: ExtentStore, isPrefix: boolean): Holding {
  const holding: Holding = { usableTokens: 0, tierTokens: 0, unpinnedTokens: 0 };
  const told = new Set<Extent>();
  let isUsable = true;
  // In a tree: where the walk stands, after so many pages of `last`; and whether the contents have left what is known here.
  let last: Extent | undefined;
  let used = 0;
  let isLost = false;

  /** Pages [from, from + pages) of `extent` are part of the prompt. */
  function count(extent: Extent, from: number, pages: number): void {
    const { lo, hi, seen, tokensEach, pins } = extent;
    const resident = Math.max(0, within(hi - from, pages) - within(lo - from, pages));
    if (isUsable && (!isPrefix || lo <= from)) holding.usableTokens += resident * tokensEach;
    if (isPrefix && resident < pages) isUsable = false;
    holding.tierTokens += Math.max(0, within(Math.max(seen, hi) - from, pages) - resident) * tokensEach;
    holding.unpinnedTokens += (pages - (pins > 0 ? resident : 0)) * tokensEach;
  }

  for (const { extent: source } of table.entries) {
    if (told.has(source)) continue;
    told.add(source);
    const { space, first, count: pages, tokensEach } = source;
    if (extents.at(source.id) === source) {
      count(source, 0, pages);
      continue;
    }
    for (let at = 0; at < pages;) {
      const rest = pages - at;
      let known: Extent | number = rest;
      let from = 0;
      if (!isPrefix) {
        known = extents.find(undefined, space, first + at, rest);
        if (typeof known !== 'number') from = first + at - known.first;
      } else if (last !== undefined && used < last.count) {
        if (last.space === space && last.first + used === first + at) {
          known = last;
          from = used;
        }
      } else if (!isLost) known = extents.find(last, space, first + at, rest);
      if (typeof known === 'number') {
        holding.unpinnedTokens += known * tokensEach;
        at += known;
        if (!isPrefix) continue;
        isLost = true;
        isUsable = false;
        last = undefined;
        continue;
      }
      const taken = Math.min(rest, known.count - from);
      count(known, from, taken);
      last = known;
      used = from + taken;
      at += taken;
    }
  }
  return holding;
}

const within = (pages: number, most: number): number => Math.min(Math.max(pages, 0), most);
