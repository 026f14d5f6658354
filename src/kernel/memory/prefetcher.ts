import { assert } from '../../base/assert.ts';
import { shown } from '../errors.ts';
import type { PageId } from '../ids.ts';
import type { ExtentStore } from './extent-store.ts';
import type { Extent } from './extent.ts';
import type { PageTable } from './page-table.ts';
import type { ResidentSet } from './resident-set.ts';
import type { TableEditor } from './table-editor.ts';

/** A transfer from the slower tier that is under way. Nothing is reserved for it, and it names what it brings even if its page id is given to another content. */
export interface Prefetch {
  readonly extent: Extent;
  /** What was missing of it, and of all before it, when it began. */
  readonly tokens: number;
}

export interface Prefetched {
  readonly loadedTokens: number;
  /** What came and found no room: the policy prefers what is there, or refuses it. */
  readonly declinedTokens: number;
}

/** Loads prefixes before they are asked for, in `prefix` residency: the policy says which, and what leaves for them. */
export class Prefetcher {
  private readonly extents: ExtentStore;
  private readonly resident: ResidentSet;
  private readonly tables: TableEditor;

  constructor(extents: ExtentStore, resident: ResidentSet, tables: TableEditor) {
    this.extents = extents;
    this.resident = resident;
    this.tables = tables;
  }

  /** What the policy wants most. Undefined: nothing. Throws POLICY_BROKEN when it names what cannot be loaded. */
  begin(nowUs: number): Prefetch | undefined {
    const { policy } = this.resident;
    if (policy.prefetch === undefined) return undefined;
    const pages: unknown = policy.prefetch(nowUs);
    if (!Array.isArray(pages))
      throw this.resident.broken(`prefetch is ${shown(pages)} at ${nowUs} µs`, 'a list of pages');
    if (pages.length === 0) return undefined;
    const page: unknown = pages[0];
    const extent = this.extents.at(page as PageId);
    const tokens = extent === undefined ? 0 : missingTokens(loadable(pathTo(extent)));
    if (extent === undefined || tokens === 0)
      throw this.resident.broken(
        `prefetch names page ${shown(page)} at ${nowUs} µs, ${extent === undefined ? 'which is not known' : 'of which nothing can be loaded'}`,
        'a page that was computed, and of whose prefix something is not resident',
      );
    return { extent, tokens };
  }

  /**
   * The transfer is over: of what is missing by now, from the front on, becomes resident what the policy makes room for; no more than was transferred, if more has
   * left meanwhile.
   */
  end({ extent, tokens: transferred }: Prefetch, nowUs: number): Prefetched {
    const { extents, resident, tables } = this;
    const { policy } = resident;
    const isForgotten = extents.at(extent.id) !== extent;
    const path = isForgotten ? [] : loadable(pathTo(this.divided(extent)));
    const tokens = missingTokens(path);
    if (tokens === 0) return { loadedTokens: 0, declinedTokens: 0 };
    // Pinned, so that making room for it cannot cost what it stands on.
    const pinned = [...path];
    for (const each of pinned) resident.addPins(each, 1);
    policy.prefetching?.(path.at(-1)!.id, nowUs);
    const missing = path.filter(({ isWhole }) => !isWhole);
    const refused = policy.miss === undefined ? noExtents : resident.tellMisses(missing.toReversed(), nowUs);
    const firstRefused = missing.findIndex((each) => refused.has(each));
    const wanted = firstRefused < 0 ? missing : missing.slice(0, firstRefused);
    const wantedTokens = wholePages(wanted, transferred);
    let room = wantedTokens === 0 ? 0 : resident.makeRoomFor(wantedTokens);
    const loaded: Extent[] = [];
    for (const each of wanted) {
      const pages = Math.min(each.count, Math.floor(room / each.tokensEach));
      if (pages === 0) break;
      if (pages < each.count) pinned.push(tables.split(each, pages));
      loaded.push(each);
      room = pages < each.count ? 0 : room - each.tokens;
    }
    for (const each of loaded.toReversed()) resident.prefetch(each, nowUs);
    for (const each of pinned) resident.addPins(each, -1);
    for (const each of loaded) resident.freeIfRefused(each);
    let loadedTokens = 0;
    for (const each of loaded) loadedTokens += each.residentTokens;
    resident.shed();
    return { loadedTokens, declinedTokens: Math.min(tokens, transferred) - loadedTokens };
  }

  /** What is resident in part on the way to `extent` is cut in two. Returns where the way ends now. */
  private divided(extent: Extent): Extent {
    let end = extent;
    for (let at: Extent | undefined = extent; at !== undefined; at = at.parent) {
      if (at.residentPages === 0 || at.isWhole) continue;
      assert(at.lo === 0, 'a prefix is resident from its front on');
      const tail = this.tables.split(at, at.hi);
      if (at === extent) end = tail;
    }
    return end;
  }
}

/** Of the first `cachedTokens`, what a prefetch had brought; all that the call uses counts as used from now on. */
export function usedPrefetches({ entries }: PageTable, cachedTokens: number): number {
  let tokens = 0;
  for (const { extent } of entries) {
    if (!extent.isPrefetched) continue;
    extent.isPrefetched = false;
    if (extent.tokensBefore < cachedTokens) tokens += extent.residentTokens;
  }
  return tokens;
}

const noExtents: ReadonlySet<Extent> = new Set();

/** From the front on. */
function pathTo(extent: Extent): Extent[] {
  const path: Extent[] = [];
  for (let at: Extent | undefined = extent; at !== undefined; at = at.parent) path.push(at);
  return path.reverse();
}

/** As far as it is resident or was computed: the tier has nothing else. */
function loadable(path: readonly Extent[]): Extent[] {
  const end = path.findIndex(({ isWhole, seen, count }) => !isWhole && seen < count);
  return end < 0 ? [...path] : path.slice(0, end);
}

function missingTokens(path: readonly Extent[]): number {
  let tokens = 0;
  for (const extent of path) tokens += extent.tokens - extent.residentTokens;
  return tokens;
}

/** Tokens of the leading pages that `limit` tokens hold. Nothing of these extents is resident. */
function wholePages(extents: readonly Extent[], limit: number): number {
  let left = limit;
  for (const { count, tokensEach } of extents) {
    const pages = Math.min(count, Math.floor(left / tokensEach));
    left -= pages * tokensEach;
    if (pages < count) break;
  }
  return limit - left;
}
