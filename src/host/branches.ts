/**
 * Branches of a stored run: a rewind goes back behind a step and takes over, a fork goes on beside the other. Each is made in one append, by whoever has the run's lease; what it needs is in it, so that the branch
 * it was made from may be removed. Money and tokens that were spent stay spent: the ledger is the run's.
 */
import type { StoredStep } from '../agents/traces/stored-steps.ts';
import { checkBranchName } from '../kernel/branches.ts';
import { invalid } from '../kernel/errors.ts';
import { estimateTokens } from '../kernel/estimate.ts';
import type { Json, Pid } from '../kernel/ids.ts';
import {
  historyVersion as v,
  type AuditRecord,
  type BranchOrigin,
  type KernelRecord,
  type ProcessEnded,
  type RunStarted,
} from '../kernel/records.ts';
import type { BranchRecord, StorageManager } from '../kernel/storage.ts';
import { cutAfter, nextSeq, recordsOfBranch, resultOf, type BranchCut } from './branch-cut.ts';
import { editedResult } from './branch-edit.ts';
import type { Redactor } from './redactor.ts';
import { chosenBranch, readBranch, type StoredBranch } from './stored-branch.ts';

export interface BranchRequest {
  readonly kind: BranchOrigin['kind'];
  /** The last step to keep; 0: begin anew. */
  readonly after: number;
  /** Default: the kind with the next number, `fork-1`. */
  readonly name?: string;
  /** The result of that step, instead of what it was. */
  readonly edit?: string;
  /** What the root process is told next. */
  readonly message?: Json;
  /** The same, where it is more than one. */
  readonly messages?: readonly Json[];
  /** Those of the new branch; default: of the other one. */
  readonly settings?: Json;
  /** Takes out of `edit` and `message` what must not be stored. Absent: nothing. */
  readonly redactor?: Redactor;
  /** Of an edited answer, as its page. Default: an estimate. */
  readonly countTokens?: (text: string) => number;
}

/** A branch to be: nothing of it is stored yet. */
export interface BranchPlan {
  readonly run: string;
  readonly name: string;
  /** What it is made from. `after`: where the cut is, behind the last result of a batch of tools. */
  readonly origin: BranchOrigin;
  /** The step behind which the cut is; undefined: it begins anew. */
  readonly last: StoredStep | undefined;
  /** Steps behind the cut, which the new branch does not have. */
  readonly behind: number;
  /** Of these, and of what is under way, all that has acted on the world, or may have: no branch undoes it. In the order in which it was told. */
  readonly effects: readonly StoredStep[];
  /** Processes of the other branch that end with this. */
  readonly ends: readonly Pid[];
  readonly started: RunStarted;
  readonly records: readonly KernelRecord[];
}

/** Throws KernelError INVALID_ARGUMENT: one line. */
export function planBranch(stored: StoredBranch, request: BranchRequest, atUs: number): BranchPlan {
  const { run, branch, branches, records } = stored;
  const { kind, edit, redactor } = request;
  const told = [...(request.message === undefined ? [] : [request.message]), ...(request.messages ?? [])];
  const messages = redactor === undefined ? told : told.map((message) => redactor.value(message));
  const name = nameOf(request, branches);
  const cut = cutAfter(stored, request.after);
  checkGoesOn(stored, cut, messages.length > 0);
  const edited = edit === undefined ? undefined : editOf(stored, request, cut);
  const origin: BranchOrigin = {
    kind,
    branch,
    after: cut.after,
    ...(edited === undefined ? {} : { edited: request.after }),
  };
  const settings = request.settings ?? stored.started.settings;
  const started: RunStarted = {
    v,
    type: 'run.started',
    run,
    branch: name,
    ...(settings === undefined ? {} : { settings }),
    origin,
    atUs,
  };
  const own = recordsOfBranch(edited === undefined ? cut : { ...cut, records: edited.records }, name);
  const ended = kind === 'rewind' ? unfinished(records).map((pid) => cancelled(run, branch, pid, atUs)) : [];
  return {
    run,
    name,
    origin,
    last: stored.steps[cut.after - 1],
    behind: cut.behind.length,
    effects: effectsBehind(stored, cut),
    ends: ended.map(({ pid }) => pid),
    started,
    records: [
      started,
      ...(edited?.page === undefined ? [] : [edited.page]),
      ...own,
      ...messagesTo(own, messages, atUs),
      ...ended,
      auditOf(origin, { run, name, cut, atUs }),
    ],
  };
}

export interface BranchMaker {
  readonly storage: StorageManager;
  readonly nowUs: () => number;
  /** Takes the lease of the run. Throws KernelError LEASE_LOST while somebody else drives it. Absent: who calls has it, or nobody else uses the storage. */
  readonly lease?: (run: string) => Promise<{ release(): Promise<void> }>;
}

/**
 * Makes the branch, of `from`, or of the one with which the run goes on: read, planned and stored while nobody else can drive the run. Throws KernelError LEASE_LOST while somebody does, INVALID_ARGUMENT as
 * planBranch does, and as the storage does; then nothing has changed.
 */
export async function makeBranch(
  { storage, nowUs, lease }: BranchMaker,
  { run, from, ...request }: BranchRequest & { readonly run: string; readonly from?: string },
): Promise<BranchPlan> {
  // Nothing is leased of a run that is not there.
  chosenBranch(run, await storage.branches(run), from);
  const held = await lease?.(run);
  try {
    const plan = planBranch(await readBranch(storage, run, from), request, nowUs());
    await storage.append(plan.records);
    return plan;
  } finally {
    await held?.release();
  }
}

function nameOf({ kind, name }: BranchRequest, branches: readonly RunStarted[]): string {
  const taken = new Set(branches.map(({ branch }) => branch));
  if (name !== undefined) {
    checkBranchName('branch', name);
    if (taken.has(name)) throw invalid('branch', name, 'a name that no branch of the run has');
    return name;
  }
  for (let number = 1; ; number++) if (!taken.has(`${kind}-${number}`)) return `${kind}-${number}`;
}

/** Somebody must live at the cut, and hear what is to be told. */
function checkGoesOn({ steps }: StoredBranch, { after, records }: BranchCut, isTold: boolean): void {
  const root = records[0]!.pid;
  const living = unfinished(records);
  if (isTold ? living.includes(root) : living.length > 0) return;
  const ends = steps.filter(({ type }) => type === 'conclusion');
  const last = isTold ? ends.find(({ pid }) => pid === root) : ends.at(-1);
  throw invalid('after', after, `0 to ${last!.sequence - 1}, a step before its end`);
}

const unfinished = (records: readonly BranchRecord[]): Pid[] => {
  const ended = new Set(records.flatMap((record) => (record.type === 'process.ended' ? [record.pid] : [])));
  return records.flatMap((record) =>
    record.type === 'process.started' && !ended.has(record.pid) ? [record.pid] : [],
  );
};

function editOf(
  { steps }: StoredBranch,
  { after, edit = '', redactor, countTokens = estimateTokens }: BranchRequest,
  { records }: BranchCut,
): { readonly records: readonly BranchRecord[]; readonly page: KernelRecord | undefined } {
  const step = steps[after - 1];
  if (step === undefined) throw invalid('edit', after, 'a step from 1 on');
  if (step.type === 'conclusion' || step.status === 'cancelled')
    throw invalid('edit', after, `the step of a model's answer, a tool's result or what a person said`);
  const result = resultOf(records, step);
  const { record, page } = editedResult(result, step, edit, { redactor, countTokens });
  return { records: records.map((one) => (one === result ? record : one)), page };
}

/** What has acted on the world behind the cut: writes of tools, finished or not, and memories. */
function effectsBehind({ underWay }: StoredBranch, { behind }: BranchCut): readonly StoredStep[] {
  const acted = behind.filter(
    ({ isWrite, type, status }) => isWrite || (type === 'memory_write' && status === 'done'),
  );
  return [...acted, ...underWay];
}

function messagesTo(own: readonly BranchRecord[], messages: readonly Json[], atUs: number): KernelRecord[] {
  const { run, branch, pid } = own[0]!;
  const seqs = new Map<Pid, number>();
  for (const record of own) if ('seq' in record) seqs.set(record.pid, record.seq);
  return messages.map((message) => {
    const seq = nextSeq(seqs, pid);
    return { v, type: 'message.sent', run, branch, pid, seq, from: 0, message, atUs };
  });
}

function cancelled(run: string, branch: string, pid: Pid, atUs: number): ProcessEnded {
  return { v, type: 'process.ended', run, branch, pid, outcome: 'cancelled', value: null, atUs };
}

/** Who looks for the acts of one branch finds here where they begin. */
function auditOf(
  { kind, branch, after }: BranchOrigin,
  {
    run,
    name,
    cut,
    atUs,
  }: { readonly run: string; readonly name: string; readonly cut: BranchCut; readonly atUs: number },
): AuditRecord {
  const { pid } = cut.records[0]!;
  return {
    v,
    type: 'audit',
    run,
    pid,
    n: cut.lastN.get(pid)!,
    action: `${kind}/${name}`,
    input: `branch/${branch}/${after}`,
    output: 'none',
    microDollars: 0,
    atUs,
  };
}
