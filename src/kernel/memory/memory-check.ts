import { assert } from '../../base/assert.ts';
import type { ExtentStore } from './extent-store.ts';
import type { Extent } from './extent.ts';
import type { PageTable } from './page-table.ts';
import type { ResidentSet } from './resident-set.ts';

/** Recounts everything about one memory from scratch: pins, residency, importance, what the policy holds. Throws AssertionError. */
export function checkMemory(extents: ExtentStore, set: ResidentSet): void {
  const isPrefix = set.residency === 'prefix';
  const tables = new Set<PageTable>();
  for (const { users } of extents.all()) for (const { table } of users) tables.add(table);
  const pins = countPins(tables, isPrefix, set.isEndless);
  let resident = 0;
  let pinned = 0;
  let inPolicy = 0;
  for (const extent of extents.all()) {
    const counted = pins.get(extent) ?? 0;
    assert(extent.pins === counted, () => `extent ${extent.id}: ${extent.pins} pins, not ${counted}`);
    checkExtent(extent);
    if (isPrefix && set.victims === 'leaf') checkPath(extent);
    resident += extent.residentTokens;
    if (extent.pins > 0) pinned += extent.residentTokens;
    if (extent.residentPages > 0 && !extent.refused) inPolicy++;
  }
  assert(resident === set.residentTokens, () => `resident ${set.residentTokens} !== ${resident}`);
  assert(pinned === set.pinnedTokens, () => `pinned ${set.pinnedTokens} !== ${pinned}`);
  assert(
    resident + set.roomTokens <= set.capacity,
    () => `${resident} + ${set.roomTokens} tokens in ${set.capacity}`,
  );
  set.policy.checkInvariants?.(inPolicy);
}

/** How often each extent is pinned: once for each running call on it, unless nothing is ever evicted; once for each pinned entry at it and, in a tree, behind it. */
function countPins(
  tables: Iterable<PageTable>,
  isPrefix: boolean,
  isEndless: boolean,
): ReadonlyMap<Extent, number> {
  const pins = new Map<Extent, number>();
  for (const { entries, room, bypassed } of tables) {
    let behind = 0;
    for (let at = entries.length - 1; at >= 0; at--) {
      const { extent, pinned } = entries[at]!;
      if (pinned) behind++;
      const own = (isPrefix ? behind : Number(pinned)) + Number(room >= 0 && !bypassed && !isEndless);
      pins.set(extent, (pins.get(extent) ?? 0) + own);
    }
  }
  return pins;
}

function checkExtent(extent: Extent): void {
  const { id, lo, hi, count, users, importance, children, residentChildren } = extent;
  assert(lo >= 0 && lo <= hi && hi <= count, () => `extent ${id}: resident [${lo}, ${hi})`);
  let counted = 0;
  for (const child of children?.values() ?? []) if (child.residentPages > 0) counted++;
  assert(
    residentChildren === counted,
    () => `extent ${id}: ${residentChildren} !== ${counted} resident children`,
  );
  let highest = -1;
  for (const user of users) highest = Math.max(highest, user.importance);
  if (highest >= 0)
    assert(importance === highest, () => `extent ${id}: importance ${importance} !== ${highest}`);
}

/** Where only leaves leave, what is resident has all before it resident. */
function checkPath({ id, lo, parent, residentPages }: Extent): void {
  if (residentPages === 0) return;
  assert(lo === 0, () => `extent ${id}: a hole before a resident page`);
  assert(parent === undefined || parent.isWhole, () => `extent ${id} is resident behind a hole`);
}
