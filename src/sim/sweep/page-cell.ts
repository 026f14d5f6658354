/** A cell of paging: one policy on a page reference string. */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import { pagingPolicies } from '../../policies/paging/index.ts';
import { amountOf, footprintOf } from '../paging/capacity.ts';
import { PageReplay, type PageCounts, type PageReplayOptions } from '../paging/page-replay.ts';
import type { ReferenceTrace } from '../paging/reference-trace.ts';
import type { PageCell } from './cells.ts';

export interface PageResult extends PageCounts {
  /** In the unit: of a share what it comes to. */
  readonly capacity: number;
}

/** References between two reports of progress. */
const stride = 1_000_000;

/** Throws KernelError INVALID_ARGUMENT for a policy that cannot run there. */
export function runPageCell(
  cell: PageCell,
  trace: ReferenceTrace,
  onProgress?: (share: number) => void,
): PageResult {
  const create = (pagingPolicies as Readonly<Record<string, CreatePagingPolicy>>)[cell.policy];
  assert(create !== undefined, () => `no paging policy ${cell.policy}`);
  const options = checkPageCell(cell, trace);
  const replay = new PageReplay(trace, create, options);
  const { length } = trace.ids;
  for (let end = Math.min(length, stride); ; end = Math.min(length, end + stride)) {
    replay.run(end);
    onProgress?.(end / length);
    if (end === length) break;
  }
  return { capacity: options.capacity, ...replay.counts };
}

/** Throws KernelError INVALID_ARGUMENT for sizes that the trace does not have. */
export function checkPageCell(
  { capacity, unit, seed, tickUs }: PageCell,
  trace: ReferenceTrace,
): PageReplayOptions {
  if (unit === 'size' && trace.sizes === undefined)
    throw invalid('unit', unit, `pages: ${trace.name} has no sizes`);
  return { capacity: amountOf(capacity, footprintOf(trace, unit)), unit, seed, tickUs };
}
