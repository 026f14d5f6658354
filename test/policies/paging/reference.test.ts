/** Exact miss counts of other systems on real traces. All rows run in the acceptance script; here the ones of smaller traces. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { pageReplayDefaults, PageReplay } from '../../../src/sim/paging/page-replay.ts';
import {
  haveReference,
  referenceMissing,
  referenceRows,
  sharedTrace,
  type ReferenceRow,
} from '../../support/reference-traces.ts';
import { isSoak } from '../../support/seeds.ts';
import type { ReferenceTrace } from '../../../src/sim/paging/reference-trace.ts';

const rows = haveReference ? referenceRows() : [];
const traces = new Map<string, ReferenceTrace>();
const traceOf = (name: string): ReferenceTrace => {
  const trace = traces.get(name) ?? sharedTrace(name);
  traces.set(name, trace);
  return trace;
};

for (const [name, create] of Object.entries<CreatePagingPolicy>(pagingPolicies)) {
  const own = rows.filter((row) => row.policy === name && (isSoak || row.requests < 130_000));
  if (haveReference && own.length === 0) continue;
  test.skipIf(!haveReference)(`${name}: the miss counts of other systems${referenceMissing}`, () => {
    const differing: [ReferenceRow, number][] = [];
    for (const row of own) {
      const { capacity, unit } = row;
      const replay = new PageReplay(traceOf(row.trace), create, { ...pageReplayDefaults, capacity, unit });
      replay.run();
      const { misses } = replay.counts;
      replay.checkInvariants();
      if (misses !== row.misses) differing.push([row, misses]);
    }
    expect(differing).toEqual([]);
  });
}
