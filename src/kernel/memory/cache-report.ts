/**
 * Where a context memory is only an estimate of what another's cache holds, as towards a hosted model: the correction of the estimate by the cached tokens that its server reports
 * of a call. The report is about the moment at which the call began, and the server has computed the whole prompt since. So:
 *
 * - It had nothing of a prompt that it had been sent before: it has lost it or keeps nothing at all, and nothing of the prompt stays. Should it keep prompts after all, its next
 *   report says so.
 * - It had less than estimated: what stands behind that in this prompt it has again by now, but not what stands there in the prompts of others, for a prefix is of no use without
 *   all before it.
 * - It had as much or more: the call has brought all of its prompt in anyway.
 */
import type { ExtentStore } from './extent-store.ts';
import type { Extent } from './extent.ts';
import type { PageTable } from './page-table.ts';
import type { ResidentSet } from './resident-set.ts';

/** Of one prompt, in tokens as this kernel counts them. */
export interface CacheReport {
  /** What the server had of it. */
  readonly cachedTokens: number;
  /** What this memory had of it when the call began. */
  readonly estimatedTokens: number;
  /** What had been sent to the server before, this memory's or lost again. */
  readonly sentTokens: number;
}

/** Servers count in blocks, hosted ones of up to 128 tokens: nearer than that is the same. */
const blockTokens = 128;

/** Of the call on `table` that has just ended. What other running calls use stays. */
export function heedReport(
  { cachedTokens, estimatedTokens, sentTokens }: CacheReport,
  table: PageTable,
  extents: ExtentStore,
  resident: ResidentSet,
): void {
  if (cachedTokens === 0) {
    if (sentTokens > 0) lose(pathAndBehind(table, 0), extents, resident);
  } else if (cachedTokens + blockTokens < estimatedTokens)
    lose(besidePath(table, cachedTokens + blockTokens), extents, resident);
}

/** The extents of the prompt from entry `from` on, and all behind them; each before those behind it. */
function pathAndBehind({ entries }: PageTable, from: number): Extent[] {
  const found = new Set<Extent>();
  for (let at = from; at < entries.length; at++) found.add(entries[at]!.extent);
  // A set goes on with what is put into it.
  for (const extent of found) for (const child of extent.children?.values() ?? []) found.add(child);
  return [...found];
}

/** What goes on otherwise than this prompt, behind more than its first `tokens` tokens; each before those behind it. */
function besidePath({ entries }: PageTable, tokens: number): Extent[] {
  const path = new Set(entries.map(({ extent }) => extent));
  const found = new Set<Extent>();
  let before = 0;
  for (const { extent } of entries) {
    before += extent.tokens;
    if (before <= tokens) continue;
    for (const child of extent.children?.values() ?? []) if (!path.has(child)) found.add(child);
  }
  for (const extent of found) for (const child of extent.children?.values() ?? []) found.add(child);
  return [...found];
}

function lose(lost: readonly Extent[], extents: ExtentStore, resident: ResidentSet): void {
  // What stands behind others leaves before them.
  for (const extent of lost.toReversed()) {
    if (extent.residentPages === 0 || isInUse(extent)) continue;
    resident.lose(extent);
    for (const { table } of extent.users) table.used = 0;
    extents.forgetIfUnused(extent);
  }
}

function isInUse({ users }: Extent): boolean {
  return users.some(({ table }) => table.room >= 0 && !table.bypassed);
}
