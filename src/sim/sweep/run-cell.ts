/** One cell on its workload: what every thread and every machine makes the same of. */
import { assert } from '../../base/assert.ts';
import { invalid } from '../../kernel/errors.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { pagingPolicies } from '../../policies/index.ts';
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { compareRun } from '../compare/compare-run.ts';
import { seededWorkload, type SeededWorkload } from '../compare/compared-workload.ts';
import type { RunFigures } from '../compare/run-figures.ts';
import { amountOf, footprintOf } from '../paging/capacity.ts';
import { PageReplay, type PageCounts } from '../paging/page-replay.ts';
import type { ReferenceTrace } from '../paging/reference-trace.ts';
import { drawCell, type CellRequest, type CellResult } from '../sessions/session-cell.ts';
import { sessionContenders } from '../sessions/session-contenders.ts';
import { runTask } from '../sessions/session-grid.ts';
import type { SessionTrace } from '../sessions/session-trace.ts';
import { kernelOptionsOf } from '../spec.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Cell, CompareCell, PageCell, SessionsCell } from './cells.ts';
import { recordedCell, scenarioCell } from './compare-cell.ts';

/** A workload, read as the kind of cell asks for it. */
export type ReadWorkload =
  | { readonly kind: 'page'; readonly trace: ReferenceTrace }
  | { readonly kind: 'compare'; readonly workload: Workload }
  | { readonly kind: 'compare'; readonly name: string; readonly scenario: string }
  | { readonly kind: 'sessions'; readonly trace: SessionTrace };

export interface PageResult extends PageCounts {
  /** In the unit: of a share what it comes to. */
  readonly capacity: number;
}

/** By the kind of the cell. Plain data. */
export type Result = PageResult | RunFigures | CellResult;

/** `onProgress` is called with the share that is done, where that is known. Throws KernelError for a policy that cannot run there, and whatever a broken program throws. */
export function runCell(cell: Cell, read: ReadWorkload, onProgress?: (share: number) => void): Result {
  assert(cell.kind === read.kind, () => `a cell of ${cell.kind} on a workload read for ${read.kind}`);
  switch (cell.kind) {
    case 'page':
      return runPage(cell, (read as ReadWorkload & { kind: 'page' }).trace, onProgress);
    case 'compare':
      return compareRun(
        seeded(cell, read as ReadWorkload & { kind: 'compare' }),
        cell.policy,
        onProgress === undefined ? {} : { onProgress },
      );
    case 'sessions':
      return runTask((read as ReadWorkload & { kind: 'sessions' }).trace, taskOf(cell)).result;
  }
}

/** Whether the workload can be what the cell asks for, without running it. Throws KernelError. */
export function checkCell(cell: Cell, read: ReadWorkload): void {
  if (cell.kind === 'page' && read.kind === 'page') void replayOptions(cell, read.trace);
  else if (cell.kind === 'compare' && read.kind === 'compare') {
    // Which policy has a slice is told by the policy.
    const { sliceUs: _, ...spec } = seeded(cell, read).spec;
    void new Kernel({ ...kernelOptionsOf(spec), records: false });
  } else if (cell.kind === 'sessions' && read.kind === 'sessions')
    void drawCell(read.trace, taskOf(cell).request);
}

/** References between two reports of progress. */
const stride = 1_000_000;

function runPage(cell: PageCell, trace: ReferenceTrace, onProgress?: (share: number) => void): PageResult {
  const create = (pagingPolicies as Readonly<Record<string, CreatePagingPolicy>>)[cell.policy];
  assert(create !== undefined, () => `no paging policy ${cell.policy}`);
  const options = replayOptions(cell, trace);
  const replay = new PageReplay(trace, create, options);
  const { length } = trace.ids;
  for (let end = Math.min(length, stride); ; end = Math.min(length, end + stride)) {
    replay.run(end);
    onProgress?.(end / length);
    if (end === length) break;
  }
  return { capacity: options.capacity, ...replay.counts };
}

function replayOptions({ capacity, unit, seed, tickUs }: PageCell, trace: ReferenceTrace) {
  if (unit === 'size' && trace.sizes === undefined)
    throw invalid('unit', unit, `pages: ${trace.name} has no sizes`);
  return { capacity: amountOf(capacity, footprintOf(trace, unit)), unit, seed, tickUs };
}

function seeded(cell: CompareCell, read: ReadWorkload & { readonly kind: 'compare' }): SeededWorkload {
  const compared =
    'scenario' in read ? scenarioCell(read.name, read.scenario, cell) : recordedCell(read.workload, cell);
  return seededWorkload(compared, cell.seed);
}

function taskOf({ policy, seed, capacity, sessions, calls, victims, admission, workflows }: SessionsCell) {
  const contender = sessionContenders.find(({ name }) => name === policy) ?? { name: policy };
  const request: CellRequest = {
    sessions,
    memoryTokens: capacity,
    seed,
    calls,
    workflows,
    victims: contender.victims ?? victims,
    admission: contender.admission ?? admission,
  };
  return { contender, request };
}
