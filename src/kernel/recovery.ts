/** After a crash the kernel is rebuilt from histories and the budget ledger (design, section 1): this reads them back. */
import { currentBranch } from './branches.ts';
import { budgetResources, isCount, isRecord, type BudgetNodeSpec } from './budget-limits.ts';
import { BudgetTree, type Reservation } from './budgets.ts';
import { invalid, modelFailureCodes, type KernelErrorCode } from './errors.ts';
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
import { locksOf, semaphoresOf } from './restored-locks.ts';
import type { HistoryRecord, JournalRecord, LedgerRecord, ProcessEnded } from './records.ts';
import type { StoredProcess } from './storage.ts';
import type { ChildEnd, Message, SyscallResult } from './syscalls.ts';

/** What storage has to tell; any adapter's readers, once awaited. */
export type HistoryReader = Pick<
  MemoryStore,
  'runs' | 'branches' | 'processes' | 'ends' | 'history' | 'journal' | 'lastCheckpoint'
>;

/** Which branch of each run is meant. */
export type ChosenBranches = (run: string) => string;

/**
 * The input that lets the unfinished processes of a branch of `run` go on; undefined when all have ended. Throws STORAGE_FAILED on a damaged checkpoint.
 * `branchOf`: those that the kernel will restore; default: the current ones. `lastPid` and `locks`: of all of them, the same for each run.
 */
export function recoveryInput(
  store: HistoryReader,
  run: string,
  branchOf: ChosenBranches = (name) => currentBranch(store.branches(name)),
  lastPid = highestPid(store, branchOf),
  locks = locksOf(store, branchOf),
): RestoreInput | undefined {
  const branch = branchOf(run);
  const all = store.processes(run, { branch });
  const ends = endsByParent(all, store.ends(run, { branch }));
  const processes = all
    .filter((process) => process.end === undefined)
    .map((process) => restored(store, process, ends.get(process.pid) ?? []));
  if (processes.length === 0) return undefined;
  const semaphores = semaphoresOf(store.history(run, { branch }));
  return { type: 'run.restored', processes, lastPid, ...locks, semaphores };
}

/** The highest pid that any run has used: a new process must not have one that is a restored one's, or that its branch has in its records. */
function highestPid(store: HistoryReader, branchOf: ChosenBranches): number {
  let highest = 0;
  for (const { run } of store.runs())
    for (const { pid } of store.processes(run, { branch: branchOf(run) })) if (pid > highest) highest = pid;
  return highest;
}

function restored(
  store: HistoryReader,
  process: StoredProcess,
  ends: readonly ProcessEnded[],
): RestoredProcess {
  const { end: _, ...started } = process;
  const { run, branch, pid } = started;
  const whole = store.history(run, { branch, pid });
  const journal = store.journal({ run, branch, pid });
  const saved = store.lastCheckpoint({ run, branch, pid });
  const checkpoint = saved && {
    n: saved.n,
    atUs: saved.atUs,
    state: saved.state,
    prompt: saved.nodes,
    nextPage: saved.nextPage,
    random: saved.random,
  };
  // With the checkpoint's own result, which tells when the program went on from there.
  const history = whole.filter(({ n }) => n >= (checkpoint?.n ?? 0));
  return {
    started,
    checkpoint,
    history,
    endedChildren: notWaitedFor(whole, ends),
    mailbox: notReceived(whole, journal),
    batch: interruptedBatch(whole, journal),
    signal: heldSignal(journal),
    stops: stopsOf(journal).filter(({ n }) => n >= (checkpoint?.n ?? 0)),
    calls: whole.filter(isEndedCall).length,
    journalled: journal.length,
  };
}

/** Refused ones had not run, or could not go on. */
const isEndedCall = ({ kind, result }: HistoryRecord): boolean =>
  kind === 'think' && (result.ok || isModelFailure(result.code));

const isModelFailure = (code: KernelErrorCode): boolean =>
  (modelFailureCodes as readonly string[]).includes(code);

/** Messages are received in the order in which they were sent. */
function notReceived(history: readonly HistoryRecord[], journal: readonly JournalRecord[]): Message[] {
  const received = history.filter(({ kind, result }) => kind === 'receive' && result.ok).length;
  return journal
    .filter((record) => record.type === 'message.sent')
    .slice(received)
    .map(({ from, message }) => ({ from, message }));
}

/** The tool calls of the syscall behind the history, each with the last that is known of it. */
function interruptedBatch(
  history: readonly HistoryRecord[],
  journal: readonly JournalRecord[],
): RestoredBatch | undefined {
  const lastN = history.at(-1)?.n ?? 0;
  const calls = new Map<number, RestoredCall>();
  let batch: Pick<RestoredBatch, 'n' | 'hash'> | undefined;
  for (const record of journal) {
    if ((record.type !== 'tool.started' && record.type !== 'tool.ended') || record.n <= lastN) continue;
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

/** That `budgets` can book it: what an earlier kernel kept may come from a file. Throws KernelError INVALID_ARGUMENT or UNKNOWN_BUDGET. */
export function checkLedger(ledger: readonly LedgerRecord[], budgets: BudgetTree): void {
  let lastUs = 0;
  for (const [index, record] of ledger.entries()) {
    const at = `ledger[${index}]`;
    if (!isRecord(record)) throw invalid(at, record, 'a ledger record');
    const { what, node, atUs } = record;
    if (what !== 'reserved' && what !== 'settled') throw invalid(`${at}.what`, what, 'reserved, settled');
    for (const field of ledgerCounts)
      if (!isCount(record[field])) throw invalid(`${at}.${field}`, record[field], 'an integer, 0 or more');
    if (!isCount(atUs) || atUs < lastUs)
      throw invalid(`${at}.atUs`, atUs, `an integer of at least ${lastUs}`);
    lastUs = atUs;
    budgets.indexOf(node);
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
