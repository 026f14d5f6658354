/** After a crash the kernel is rebuilt from histories and the budget ledger (design, section 1): this reads them back. */
import { currentBranch } from './branches.ts';
import { budgetResources, isCount, isRecord, type BudgetNodeSpec } from './budget-limits.ts';
import { BudgetTree, type Reservation } from './budgets.ts';
import { invalid, modelFailureCodes } from './errors.ts';
import type {
  HeldSignal,
  RestoredBatch,
  RestoredCall,
  RestoredProcess,
  RestoredStop,
  RestoreInput,
} from './inputs.ts';
import type { MemoryStore } from './memory-store.ts';
import { reservationKey } from './past-spending.ts';
import type { Pid } from './ids.ts';
import { read, readAtOnce, type ChosenBranches, type Reading } from './reading.ts';
import { readingLocks, semaphoreKinds, semaphoresOf, type LocksOfAll } from './restored-locks.ts';
import type { HistoryRecord, JournalRecord, LedgerRecord, ProcessEnded } from './records.ts';
import type { ProcessTally, StoredProcess } from './storage.ts';
import type { ChildEnd, Message, SyscallResult } from './syscalls.ts';

/**
 * The input that lets the unfinished processes of a branch of `run` go on; undefined when all have ended. Throws STORAGE_FAILED on a damaged checkpoint.
 * `branchOf`: those that the kernel will restore; default: the current ones. `lastPid` and `locks`: of all of them, the same for each run.
 */
export function recoveryInput(
  store: MemoryStore,
  run: string,
  branchOf: ChosenBranches = (name) => currentBranch(store.branches(name)),
  lastPid?: number,
  locks?: LocksOfAll,
): RestoreInput | undefined {
  const runs = store.runs().map((summary) => summary.run);
  return readAtOnce(store, recovering({ run, runs, branchOf, lastPid, locks }));
}

/** `runs`: all that the kernel will restore. */
export function* recovering({
  run,
  runs,
  branchOf,
  lastPid,
  locks,
}: {
  readonly run: string;
  readonly runs: readonly string[];
  readonly branchOf: ChosenBranches;
  readonly lastPid?: number | undefined;
  readonly locks?: LocksOfAll | undefined;
}): Reading<RestoreInput | undefined> {
  const branch = branchOf(run);
  const all = yield* read((store) => store.processes(run, { branch }));
  const ends = endsByParent(all, yield* read((store) => store.ends(run, { branch })));
  const processes: RestoredProcess[] = [];
  for (const process of all)
    if (process.end === undefined) processes.push(yield* restoring(process, ends.get(process.pid) ?? []));
  if (processes.length === 0) return undefined;
  const semaphores = semaphoresOf(
    yield* read((store) => store.history(run, { branch, kinds: semaphoreKinds })),
  );
  return {
    type: 'run.restored',
    processes,
    lastPid: lastPid ?? (yield* highestPid(runs, branchOf)),
    ended: all.flatMap(({ pid, end }) => (end === undefined ? [] : [pid])),
    ...(locks ?? (yield* readingLocks(runs, branchOf))),
    semaphores,
  };
}

/** The highest pid that any run has used: a new process must not have one that is a restored one's, or that its branch has in its records. */
function* highestPid(runs: readonly string[], branchOf: ChosenBranches): Reading<number> {
  let highest = 0;
  for (const run of runs)
    for (const { pid } of yield* read((store) => store.processes(run, { branch: branchOf(run) })))
      if (pid > highest) highest = pid;
  return highest;
}

/** What there is of a process but its checkpoint's state and what came behind it is read as far as something of it is still open: the cost doesn't grow with its age. */
function* restoring(process: StoredProcess, ends: readonly ProcessEnded[]): Reading<RestoredProcess> {
  const { end: _, ...started } = process;
  const { run, branch, pid } = started;
  const address = { run, branch, pid };
  const saved = yield* read((store) => store.lastCheckpoint(address));
  const checkpoint = saved && {
    n: saved.n,
    atUs: saved.atUs,
    state: saved.state,
    prompt: saved.nodes,
    nextPage: saved.nextPage,
    random: saved.random,
  };
  const n = checkpoint?.n ?? 0;
  const tally = yield* read((store) => store.tally(address));
  const waits = yield* read((store) => store.history(run, { branch, pid, kinds: ['wait'] }));
  const received = countOf(tally, isReceived);
  const messages = yield* read((store) =>
    store.journal(address, { types: ['message.sent'], skip: received }),
  );
  const signals = yield* read((store) => store.journal(address, { types: ['signal.sent'] }));
  const calls = yield* read((store) =>
    store.journal(address, { types: ['tool.started', 'tool.ended'], after: tally.lastN }),
  );
  return {
    started,
    checkpoint,
    // With the checkpoint's own result, which tells when the program went on from there.
    history: yield* read((store) => store.history(run, { branch, pid, after: n - 1 })),
    endedChildren: notWaitedFor(waits, ends),
    mailbox: mailOf(messages),
    batch: interruptedBatch(calls),
    signal: heldSignal(signals),
    stops: stopsOf(signals).filter((stop) => stop.n >= n),
    calls: countOf(tally, isEndedCall),
    journalled: tally.lastSeq,
  };
}

type Tallied = ProcessTally['results'][number];

function countOf({ results }: ProcessTally, isMeant: (tallied: Tallied) => boolean): number {
  return results.filter(isMeant).reduce((sum, { count }) => sum + count, 0);
}

/** Refused ones had not run, or could not go on. */
const isEndedCall = ({ kind, code }: Tallied): boolean =>
  kind === 'think' && (code === '' || (modelFailureCodes as readonly string[]).includes(code));

const isReceived = ({ kind, code }: Tallied): boolean => kind === 'receive' && code === '';

/** Messages are received in the order in which they were sent: these are those behind the received ones. */
function mailOf(journal: readonly JournalRecord[]): Message[] {
  return journal.flatMap((record) =>
    record.type === 'message.sent' ? [{ from: record.from, message: record.message }] : [],
  );
}

/** The tool calls of the syscall behind the history, each with the last that is known of it. */
function interruptedBatch(journal: readonly JournalRecord[]): RestoredBatch | undefined {
  const calls = new Map<number, RestoredCall>();
  let batch: Pick<RestoredBatch, 'n' | 'hash'> | undefined;
  for (const record of journal) {
    if (record.type !== 'tool.started' && record.type !== 'tool.ended') continue;
    const { n, hash, index, attempt } = record;
    batch = { n, hash };
    const end = record.type === 'tool.started' ? 'unknown' : record.isRepeated ? 'repeated' : record.result;
    calls.set(index, { index, attempt, end });
  }
  return batch && { ...batch, calls: [...calls.values()] };
}

/** What a process was told and has not done yet, or has to go on doing. The end outranks the stop, and a kill a termination. */
function heldSignal(journal: readonly JournalRecord[]): HeldSignal | undefined {
  const signals = journal.flatMap((record) => (record.type === 'signal.sent' ? [record.signal] : []));
  if (signals.includes('kill')) return 'kill';
  if (signals.includes('terminate')) return 'terminate';
  return signals.at(-1) === 'stop' ? 'stop' : undefined;
}

/** One for each stop that a signal `continue` ended, or that still holds. */
function stopsOf(journal: readonly JournalRecord[]): RestoredStop[] {
  const stops: RestoredStop[] = [];
  let n: number | undefined;
  for (const record of journal) {
    if (record.type !== 'signal.sent') continue;
    // Who is stopped already can't be stopped again.
    if (record.signal === 'stop') n ??= record.n;
    if (record.signal !== 'continue' || n === undefined) continue;
    stops.push({ n, untilUs: record.atUs });
    n = undefined;
  }
  if (n !== undefined) stops.push({ n, untilUs: null });
  return stops;
}

/** By parent, in the order in which the children ended. */
function endsByParent(
  all: readonly StoredProcess[],
  ends: readonly ProcessEnded[],
): ReadonlyMap<Pid | 0, readonly ProcessEnded[]> {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const byParent = new Map<Pid | 0, ProcessEnded[]>();
  for (const end of ends) {
    const parent = parents.get(end.pid)!;
    const siblings = byParent.get(parent) ?? [];
    siblings.push(end);
    byParent.set(parent, siblings);
  }
  return byParent;
}

/** Of the ends of its children those that the process has not been told yet. */
function notWaitedFor(history: readonly HistoryRecord[], ends: readonly ProcessEnded[]): ChildEnd[] {
  const told = new Set<number>();
  for (const { kind, result } of history) {
    if (kind === 'wait' && result.ok)
      told.add((result as SyscallResult<unknown> as { value: ChildEnd }).value.pid);
  }
  return ends.filter(({ pid }) => !told.has(pid)).map(({ pid, outcome, value }) => ({ pid, outcome, value }));
}

const ledgerCounts = [...budgetResources, 'tokensCached', 'tokensOut', 'reservedUs', 'seq'] as const;

/**
 * That it can be booked: what an earlier kernel kept may come from a file. `checkNode` throws for the name of a node that is none. `untilUs`: for what is booked in a kernel at work, in which the
 * order of several kernels need not be that of time. Throws KernelError INVALID_ARGUMENT or UNKNOWN_BUDGET.
 */
export function checkLedger(
  ledger: readonly LedgerRecord[],
  checkNode: (name: string) => void,
  untilUs?: number,
): void {
  let lastUs = 0;
  for (const [index, record] of ledger.entries()) {
    const at = `ledger[${index}]`;
    if (!isRecord(record)) throw invalid(at, record, 'a ledger record');
    const { what, node, atUs } = record;
    if (what !== 'reserved' && what !== 'settled') throw invalid(`${at}.what`, what, 'reserved, settled');
    for (const field of ledgerCounts)
      if (!isCount(record[field])) throw invalid(`${at}.${field}`, record[field], 'an integer, 0 or more');
    if (!isCount(atUs) || (untilUs === undefined && atUs < lastUs))
      throw invalid(`${at}.atUs`, atUs, `an integer of at least ${lastUs}`);
    if (atUs > (untilUs ?? Infinity)) throw invalid(`${at}.atUs`, atUs, `up to now, ${untilUs}`);
    lastUs = atUs;
    checkNode(node);
  }
}

/**
 * The budgets as an earlier kernel left them, by its ledger. What was used stays used, also where a limit has been lowered since. A call without
 * a known end settles in full: it may have used all that it had reserved.
 */
export function restoredBudgets(
  nodes: readonly BudgetNodeSpec[],
  ledger: readonly LedgerRecord[],
): BudgetTree {
  const budgets = new BudgetTree(nodes);
  if (ledger.length === 0) return budgets;
  const past = new BudgetTree(nodes);
  const open = new Map<string, Reservation>();
  for (const record of ledger) {
    const key = reservationKey(record);
    if (record.what === 'reserved') {
      open.set(key, past.grant(past.indexOf(record.node), record, record.atUs));
      continue;
    }
    const reserved = open.get(key);
    if (reserved === undefined) continue;
    open.delete(key);
    past.settle(reserved, record, record.atUs);
  }
  // What is still open is saved as used in full.
  budgets.load(past.save());
  // At the instant of the crash, too, a new reservation must not pass for one of before.
  budgets.numberFrom(ledger.reduce((highest, { seq }) => Math.max(highest, seq), 0) + 1);
  return budgets;
}
