/** One run as MemoryStore holds it: its branches, processes, results, calls and audit log, and what may be added to them. */
import { AuditLog } from './audit-log.ts';
import type { Pid } from './ids.ts';
import type {
  AuditRecord,
  CheckpointRecord,
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  PageRecord,
  ProcessEnded,
  ProcessStarted,
  RecordingRecord,
  RunStarted,
} from './records.ts';
import { isSameRecord, refusal } from './storage.ts';
import type { BranchRecord, HistoryFilter, ProcessAddress, RunSummary } from './storage.ts';

/** Records with an identity within their run. Audit records have none, pages belong to all runs. */
export type RunRecord = Exclude<KernelRecord, AuditRecord | PageRecord>;

/** A process with its results and checkpoints, both in ascending order of n, and its journal in that of seq. */
export interface ProcessTable {
  readonly started: ProcessStarted;
  end: ProcessEnded | undefined;
  readonly history: HistoryRecord[];
  readonly journal: JournalRecord[];
  readonly checkpoints: CheckpointRecord[];
}

export class RunTable {
  audit = new AuditLog();
  /** Hashes of those that it may need. */
  readonly pages = new Set<string>();
  /** When all but its audit log and its calls was removed. */
  prunedUs: number | undefined;
  /** Processes of all branches, in the order of their start. */
  readonly processes: ProcessTable[] = [];
  /** Of all branches, in the order of their append. */
  readonly ends: ProcessEnded[] = [];
  // Maps give their entries in the order of insertion.
  private readonly branches = new Map<string, BranchTable>();
  /** Results of all processes, in the order of their append. */
  private readonly results: HistoryRecord[] = [];
  /** Of all branches, in the order of their append. */
  private readonly records: BranchRecord[] = [];
  /** Parts of all recordings, in the order of their append. */
  readonly recordings: RecordingRecord[] = [];
  /** Ledger records by what they are about: a reservation is made once and settled once. */
  private readonly calls = new Map<string, LedgerRecord>();

  /** It has not started, or what had was taken back. */
  get isEmpty(): boolean {
    return this.branches.size === 0 && this.prunedUs === undefined;
  }

  /** Stores the record, which is the table's from now on; false when it was there. Throws STORAGE_FAILED when it may not be stored. */
  add(record: RunRecord): boolean {
    if (this.prunedUs !== undefined && !(record.type === 'ledger' && record.what === 'settled'))
      throw refusal(record, 'belongs to a run that was pruned');
    const isNew = this.put(record);
    if (isNew && isOfBranch(record)) this.records.push(record);
    return isNew;
  }

  private put(record: RunRecord): boolean {
    switch (record.type) {
      case 'run.started':
        return this.startBranch(record);
      case 'process.started':
        return this.startProcess(record);
      case 'history':
        return this.addResult(record);
      case 'tool.started':
      case 'tool.ended':
      case 'message.sent':
      case 'signal.sent':
      case 'answer.partial':
        return addToJournal(this.processOf(record), record);
      case 'checkpoint':
        for (const { hash } of record.nodes) if (hash !== '') this.pages.add(hash);
        return addCheckpoint(this.processOf(record), record);
      case 'ledger':
        return this.addCall(record);
      case 'process.ended':
        return this.endProcess(record);
      case 'recording':
        return this.addRecording(record);
    }
  }

  /** Undoes `add` for the record that was added last. */
  takeBack(record: RunRecord): void {
    if (isOfBranch(record)) this.records.pop();
    switch (record.type) {
      case 'run.started':
        this.branches.delete(record.branch);
        break;
      case 'process.started':
        this.branches.get(record.branch)?.processes.delete(record.pid);
        this.processes.pop();
        break;
      case 'history':
        this.processOf(record).history.pop();
        this.results.pop();
        break;
      case 'tool.started':
      case 'tool.ended':
      case 'message.sent':
      case 'signal.sent':
      case 'answer.partial':
        this.processOf(record).journal.pop();
        break;
      case 'checkpoint':
        this.processOf(record).checkpoints.pop();
        break;
      case 'ledger':
        this.calls.delete(callKey(record));
        break;
      case 'process.ended':
        this.processOf(record).end = undefined;
        this.ends.pop();
        break;
      case 'recording':
        this.recordings.pop();
        break;
    }
  }

  /** Removes all but the audit log and the calls; `atUs` undefined: that log, too, and it has not started then. */
  prune(atUs: number | undefined): void {
    this.prunedUs = atUs;
    if (atUs === undefined) this.audit = new AuditLog();
    this.branches.clear();
    this.pages.clear();
    for (const list of [this.processes, this.ends, this.results, this.records, this.recordings])
      list.length = 0;
  }

  /** Of its records and its audit log, characters of JSON. */
  get size(): number {
    const started = Array.from(this.branches.values(), (branch) => branch.started);
    return sizeOf(started) + sizeOf(this.records) + sizeOf(this.recordings) + sizeOf(this.audit.entries());
  }

  summary(run: string): RunSummary {
    const { prunedUs } = this;
    if (prunedUs !== undefined) {
      const [entry] = this.audit.entries();
      const startedUs = entry?.record.atUs ?? prunedUs;
      return { run, startedUs, branches: [], processes: 0, unfinished: 0, prunedUs };
    }
    const [first] = this.branches.values();
    return {
      run,
      startedUs: first?.started.atUs ?? 0,
      branches: Array.from(this.branches.keys()),
      processes: this.processes.length,
      unfinished: this.processes.filter(({ end }) => end === undefined).length,
    };
  }

  /** How its branches were started. */
  started(): RunStarted[] {
    return Array.from(this.branches.values(), ({ started }) => started);
  }

  process({ branch, pid }: Omit<ProcessAddress, 'run'>): ProcessTable | undefined {
    return this.branches.get(branch)?.processes.get(pid);
  }

  /** Of all branches, when none is named. */
  recordsOf(branch?: string): BranchRecord[] {
    return branch === undefined ? this.records : this.records.filter((record) => record.branch === branch);
  }

  history({ branch, pid, after = -1, kinds }: HistoryFilter): HistoryRecord[] {
    // With both given, the process's own list: recovery reads one process after the other.
    const isOne = branch !== undefined && pid !== undefined;
    const records = isOne ? (this.process({ branch, pid })?.history ?? []) : this.results;
    return records.filter(
      (record) =>
        record.n > after &&
        (kinds === undefined || kinds.includes(record.kind)) &&
        (branch === undefined || record.branch === branch) &&
        (pid === undefined || record.pid === pid),
    );
  }

  private startBranch(record: RunStarted): boolean {
    const known = this.branches.get(record.branch);
    if (known !== undefined) return repeats(known.started, record);
    this.branches.set(record.branch, { started: record, processes: new Map() });
    return true;
  }

  private startProcess(record: ProcessStarted): boolean {
    const branch = this.branches.get(record.branch);
    if (branch === undefined) throw refusal(record, 'belongs to a branch that has not started');
    const known = branch.processes.get(record.pid);
    if (known !== undefined) return repeats(known.started, record);
    const process: ProcessTable = {
      started: record,
      end: undefined,
      history: [],
      journal: [],
      checkpoints: [],
    };
    branch.processes.set(record.pid, process);
    this.processes.push(process);
    return true;
  }

  private addResult(record: HistoryRecord): boolean {
    const process = this.processOf(record);
    if (!isNext(process.history, record, process.end)) return false;
    process.history.push(record);
    this.results.push(record);
    return true;
  }

  /** Compare and set: the first end stands. */
  private endProcess(record: ProcessEnded): boolean {
    const process = this.processOf(record);
    if (process.end !== undefined) return repeats(process.end, record);
    process.end = record;
    this.ends.push(record);
    return true;
  }

  private addCall(record: LedgerRecord): boolean {
    const key = callKey(record);
    const known = this.calls.get(key);
    if (known !== undefined) return repeats(known, record);
    if (record.what === 'reserved' && this.hasEndedEverywhere(record.pid)) throw afterEnd(record);
    this.calls.set(key, record);
    return true;
  }

  /** Ledger records name no branch: a process may reserve as long as it lives in one of them. */
  private hasEndedEverywhere(pid: Pid): boolean {
    let hasEnded = false;
    for (const { processes } of this.branches.values()) {
      const process = processes.get(pid);
      if (process !== undefined && process.end === undefined) return false;
      hasEnded ||= process !== undefined;
    }
    return hasEnded;
  }

  private addRecording(record: RecordingRecord): boolean {
    if (this.branches.size === 0) throw refusal(record, 'belongs to a run that has not started');
    const { session } = record;
    const known = this.recordings.filter((one) => one.session === session);
    if (record.part <= known.length) return repeats(known[record.part - 1]!, record);
    if (record.part !== known.length + 1) throw refusal(record, 'comes before the part that it follows');
    this.recordings.push(record);
    return true;
  }

  private processOf(record: HistoryRecord | JournalRecord | CheckpointRecord | ProcessEnded): ProcessTable {
    const process = this.process(record);
    if (process === undefined) throw refusal(record, 'belongs to a process that has not started');
    return process;
  }
}

export function sizeOf(records: readonly object[]): number {
  let size = 0;
  for (const record of records) size += JSON.stringify(record).length;
  return size;
}

interface BranchTable {
  readonly started: RunStarted;
  readonly processes: Map<Pid, ProcessTable>;
}

/** Whether `record` goes to the end of the journal; false when it is there already. Throws when it may not be stored. */
function addToJournal({ journal, end }: ProcessTable, record: JournalRecord): boolean {
  const known = journal[record.seq - 1];
  if (known !== undefined) return repeats(known, record);
  if (end !== undefined) throw afterEnd(record);
  if (record.seq !== journal.length + 1)
    throw refusal(record, `is number ${record.seq}, where ${journal.length + 1} comes next`);
  journal.push(record);
  return true;
}

function addCheckpoint({ checkpoints, end }: ProcessTable, record: CheckpointRecord): boolean {
  if (!isNext(checkpoints, record, end)) return false;
  const last = checkpoints.at(-1);
  const { base, keep } = record;
  if (base !== '' && base !== last?.tip) {
    throw refusal(record, `builds on ${JSON.stringify(base)}, which is not the tip of the one before it`);
  }
  const held = base === '' || last === undefined ? 0 : last.keep + last.nodes.length;
  if (!Number.isSafeInteger(keep) || keep < 0 || keep > held) {
    throw refusal(record, `keeps ${keep} nodes of the ${held} before it`);
  }
  checkpoints.push(record);
  return true;
}

/** Whether `record` goes to the end of `list`; false when it is there already. Throws when it may not be stored. */
function isNext<R extends HistoryRecord | CheckpointRecord>(
  list: readonly R[],
  record: R,
  end: ProcessEnded | undefined,
): boolean {
  const last = list.at(-1);
  if (last !== undefined && record.n <= last.n) {
    const known = list.findLast(({ n }) => n <= record.n);
    if (known?.n === record.n) return repeats(known, record);
    throw refusal(record, `comes after n ${last.n} of the same process`);
  }
  if (end !== undefined) throw afterEnd(record);
  return true;
}

/** False: `record` is stored already and changes nothing. Throws when it says something else. */
function repeats(known: KernelRecord, record: KernelRecord): false {
  if (!isSameRecord(known, record)) throw refusal(record, 'is stored already, with another content');
  return false;
}

function afterEnd(record: KernelRecord): Error {
  return refusal(record, 'comes after the end of its process');
}

function callKey({ pid, n, what, node, reservedUs, seq }: LedgerRecord): string {
  return `${pid} ${n} ${what} ${reservedUs} ${seq} ${node}`;
}

function isOfBranch(record: RunRecord): record is BranchRecord {
  return record.type !== 'run.started' && record.type !== 'ledger' && record.type !== 'recording';
}
