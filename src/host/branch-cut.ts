/**
 * What of a branch stands before a cut: a prefix of its records in the order of their append, so that it is one moment of all processes of a team; what was under way then is not begun. As the records of a new
 * branch, which needs nothing of the old one: contents are shared by their hashes.
 */
import { assert } from '../base/assert.ts';
import { assemble } from '../kernel/checkpoint-chain.ts';
import { invalid } from '../kernel/errors.ts';
import type { Pid } from '../kernel/ids.ts';
import type { CheckpointRecord, HistoryRecord, JournalRecord } from '../kernel/records.ts';
import type { BranchRecord } from '../kernel/storage.ts';
import type { StoredStep } from '../agents/traces/stored-steps.ts';
import type { StoredBranch } from './stored-branch.ts';

export interface BranchCut {
  /** The last step before it; 0: none. */
  readonly after: number;
  /** The records before it. */
  readonly records: readonly BranchRecord[];
  /** The last syscall of each process that has its result. */
  readonly lastN: ReadonlyMap<Pid, number>;
  /** Steps behind it. */
  readonly behind: readonly StoredStep[];
}

/** A cut inside a batch of tool calls moves behind its last result, one inside the end of a family behind its last end. Throws KernelError INVALID_ARGUMENT for a step that there is not. */
export function cutAfter(
  { records, steps }: Pick<StoredBranch, 'records' | 'steps'>,
  step: number,
): BranchCut {
  if (!Number.isSafeInteger(step) || step < 0 || step > steps.length)
    throw invalid('after', step, `a step of the run, 0 to ${steps.length}`);
  // Before the first step there is the start of its root process.
  return cutAt({ records, steps }, step === 0 ? 1 : endOfFamily(records, steps[step - 1]!));
}

/** The moment before the result of a step that is there. */
export function cutBefore(
  { records, steps }: Pick<StoredBranch, 'records' | 'steps'>,
  step: StoredStep,
): BranchCut {
  return cutAt({ records, steps }, step.end - 1);
}

function cutAt({ records, steps }: Pick<StoredBranch, 'records' | 'steps'>, end: number): BranchCut {
  const before = records.slice(0, end);
  const lastN = new Map<Pid, number>();
  for (const record of before)
    if (record.type === 'history') lastN.set(record.pid, record.n);
    else if (record.type === 'process.started') lastN.set(record.pid, 0);
  const after = steps.findLastIndex((one) => one.end <= end) + 1;
  return { after, records: before, lastN, behind: steps.slice(after) };
}

/** Where a process is ended by another, or with its parent, all that ends at this instant ends together. */
function endOfFamily(records: readonly BranchRecord[], { end, type, status }: StoredStep): number {
  if (type !== 'conclusion' || status !== 'cancelled') return end;
  const { atUs } = records[end - 1]!;
  let at = end;
  while (at < records.length && records[at]!.atUs === atUs && isOfAnEnd(records[at]!)) at++;
  return at;
}

const isOfAnEnd = (record: BranchRecord): boolean =>
  record.type === 'process.ended' ||
  record.type === 'signal.sent' ||
  (record.type === 'history' && record.kind === 'signal');

/** What stands before the cut as records of branch `name`, each process with its last checkpoint, whole. */
export function recordsOfBranch({ records, lastN }: BranchCut, name: string): BranchRecord[] {
  const checkpoints = lastCheckpoints(records, lastN);
  const seqs = new Map<Pid, number>();
  const moved: BranchRecord[] = [];
  for (const record of records) {
    switch (record.type) {
      case 'process.started':
      case 'history':
      case 'process.ended':
        moved.push({ ...record, branch: name });
        break;
      case 'checkpoint': {
        const whole = checkpoints.get(record);
        if (whole !== undefined) moved.push({ ...whole, branch: name });
        break;
      }
      default:
        if (!isKept(record, lastN.get(record.pid)!)) break;
        moved.push({ ...record, branch: name, seq: nextSeq(seqs, record.pid) });
    }
  }
  return moved;
}

/** Of a process that waits at the cut in a model call or a batch of tools, it is as if that had not begun. */
function isKept(record: JournalRecord, lastN: number): boolean {
  switch (record.type) {
    case 'tool.started':
    case 'tool.ended':
    case 'answer.partial':
      return record.n <= lastN;
    default:
      return true;
  }
}

export function nextSeq(seqs: Map<Pid, number>, pid: Pid): number {
  const seq = (seqs.get(pid) ?? 0) + 1;
  seqs.set(pid, seq);
  return seq;
}

/** Of each process the last one that has its result, with its whole prompt; by the record that told it. */
function lastCheckpoints(
  records: readonly BranchRecord[],
  lastN: ReadonlyMap<Pid, number>,
): ReadonlyMap<CheckpointRecord, CheckpointRecord> {
  const chains = new Map<Pid, CheckpointRecord[]>();
  for (const record of records) {
    if (record.type !== 'checkpoint' || record.n > lastN.get(record.pid)!) continue;
    const chain = chains.get(record.pid);
    if (chain === undefined || record.base === '') chains.set(record.pid, [record]);
    else chain.push(record);
  }
  return new Map(
    [...chains.values()].map((chain) => {
      const last = chain.at(-1)!;
      return [last, { ...last, base: '', keep: 0, nodes: assemble(chain) }];
    }),
  );
}

/** The history record of a step before the cut that has one. */
export function resultOf(records: readonly BranchRecord[], { pid, n }: StoredStep): HistoryRecord {
  const found = records.findLast(
    (record) => record.type === 'history' && record.pid === pid && record.n === n,
  );
  assert(found?.type === 'history', `syscall ${n} of process ${pid} has no result`);
  return found;
}
