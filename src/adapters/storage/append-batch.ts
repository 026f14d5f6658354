/**
 * Appends that are judged and written together, in one transaction. Each is taken whole or refused alone, by the rules of the storage contract; what the rules need to know of a run is
 * its head. What is stored is read only for a record that may be the same again.
 */
import { chainAudit } from '../../kernel/audit-log.ts';
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
} from '../../kernel/records.ts';
import { checkRecord, isSameRecord, leaseLost, refusal } from '../../kernel/storage.ts';
import { nativeSha256 } from './native-sha256.ts';
import { isUtf8 } from './packed-json.ts';
import { auditRow, branchBytes, checkpointRow, recordingRow } from './record-rows.ts';
import { loadHead, type ProcessHead, type RunHead } from './run-heads.ts';
import { PendingRows } from './pending-rows.ts';
import type { SqlSession } from './sql.ts';
import { StoredRecords } from './stored-records.ts';
import { auditTable, branchesTable, checkpointsTable, recordingsTable, runsTable } from './tables.ts';

export class AppendBatch {
  private readonly session: SqlSession;
  private readonly heads: Map<string, RunHead>;
  private readonly fences: ReadonlyMap<string, number>;
  private readonly stored: StoredRecords;
  private readonly pending: PendingRows;
  /** Pages whose hash is not that of their text: only what is stored tells whether they are the same. */
  private readonly misnamed = new Set<PageRecord>();

  private foreign: number | undefined;

  /** `fences`: of the leases that the storage object has taken. `heads`: of runs, changed as if what is added were stored: when the transaction fails, what they tell is void. */
  constructor(session: SqlSession, heads: Map<string, RunHead>, fences: ReadonlyMap<string, number>) {
    this.session = session;
    this.heads = heads;
    this.fences = fences;
    this.stored = new StoredRecords(session);
    this.pending = new PendingRows(heads);
  }

  /** Reads what has to be known of the runs of these appends, and keeps others from writing to them. */
  async open(appends: readonly (readonly KernelRecord[])[]): Promise<void> {
    const names = new Set<string>();
    const settling = new Set<string>();
    let last: unknown;
    for (const records of appends)
      for (const record of records) {
        const { type, run } = record;
        if (typeof run !== 'string') continue;
        if (run !== last) names.add(run);
        last = run;
        if (type === 'ledger') settling.add(run);
        if (type === 'page' && !isNamedByContent(record)) this.misnamed.add(record);
      }
    const foreign = this.session.foreignVersion();
    this.foreign = foreign;
    const isCurrent = (name: string): boolean =>
      foreign !== undefined && this.heads.get(name)?.checkedAt === foreign;
    const asked = [...names].filter((name) => !isCurrent(name));
    const keys = asked.map((name) => ({ name }));
    const rows = await this.session.find(runsTable, ['name'], keys, { lock: true });
    const found = new Map(rows.map((row) => [row['name'] as string, row]));
    for (const name of asked) {
      const row = found.get(name);
      if (row === undefined) this.heads.delete(name);
      else if (this.heads.get(name)?.version !== row['version'])
        this.heads.set(name, await loadHead(this.session, row));
      const head = this.heads.get(name);
      if (head !== undefined) head.checkedAt = foreign;
    }
    for (const name of settling) {
      const run = this.heads.get(name);
      if (run !== undefined) run.calls ??= await this.stored.callBook(run);
    }
    await this.stored.look(Array.from(this.misnamed, ({ hash }) => hash));
  }

  /** Throws KernelError STORAGE_FAILED for records that may not be stored: then none of them is added. */
  async add(records: readonly KernelRecord[]): Promise<void> {
    this.pending.begin();
    try {
      for (const record of records) {
        checkRecord(record);
        // Most are judged by what is known already: waiting for each would take longer than judging it.
        const judged = this.admit(record);
        if (judged !== undefined) await judged;
      }
    } catch (error) {
      this.pending.takeBack();
      throw error;
    }
  }

  /** Writes all that was added. */
  write(): Promise<void> {
    return this.pending.write(this.session);
  }

  private admit(record: KernelRecord): Promise<void> | void {
    const run = this.heads.get(record.run);
    if (run !== undefined && isFencedOff(run, this.fences.get(run.name))) throw leaseLost(run.name);
    if (run !== undefined && run.prunedUs !== null) return this.addToPruned(run, record);
    if (record.type === 'run.started') return this.startBranch(record);
    // Whoever leases a run may do so before it starts.
    if (run === undefined || run.branches.size === 0)
      throw refusal(record, 'belongs to a run that has not started');
    switch (record.type) {
      case 'process.started':
        return this.startProcess(run, record);
      case 'history':
        return this.addResult(run, record);
      case 'tool.started':
      case 'tool.ended':
      case 'message.sent':
      case 'signal.sent':
      case 'answer.partial':
        return this.addToJournal(run, record);
      case 'checkpoint':
        return this.addCheckpoint(run, record);
      case 'ledger':
        return this.addCall(run, record);
      case 'audit':
        return this.addAudit(run, record);
      case 'page':
        return this.addPage(run, record);
      case 'process.ended':
        return this.endProcess(run, record);
      case 'recording':
        return this.addRecording(run, record);
    }
  }

  /** A call that was stopped may end after its run. */
  private addToPruned(run: RunHead, record: KernelRecord): Promise<void> | void {
    if (record.type === 'ledger' && record.what === 'settled') return this.addCall(run, record);
    if (record.type === 'audit') return this.addAudit(run, record);
    throw refusal(record, 'belongs to a run that was pruned');
  }

  private startBranch(record: RunStarted): Promise<void> | void {
    const { run: name, branch: branchName } = record;
    const found = this.heads.get(name);
    const known = found?.branches.get(branchName);
    if (found !== undefined && known !== undefined)
      return this.again(record, () => this.stored.branch(found, known));
    const run = found ?? this.pending.startRun(name, this.foreign);
    const { branch } = this.pending.startBranch(run, branchName);
    this.pending.put(record, branchesTable, run, (number, texts) => ({
      run: number,
      branch,
      name: branchName,
      started: branchBytes(texts, record),
    }));
  }

  private startProcess(run: RunHead, record: ProcessStarted): Promise<void> | void {
    const branch = run.branches.get(record.branch);
    if (branch === undefined) throw refusal(record, 'belongs to a branch that has not started');
    const known = branch.processes.get(record.pid);
    if (known !== undefined) return this.again(record, () => this.stored.start(run, known));
    this.pending.startProcess(run, branch, record);
  }

  private addResult(run: RunHead, record: HistoryRecord): Promise<void> | void {
    const process = processOf(run, record);
    if (record.n <= process.lastN) {
      const why = `comes after n ${process.lastN} of the same process`;
      return this.again(record, () => this.stored.result(run, process, record), why);
    }
    if (process.hasEnded) throw afterEnd(record);
    this.pending.change(run, process);
    process.lastN = record.n;
    this.pending.tell(run, process, record);
  }

  private addToJournal(run: RunHead, record: JournalRecord): Promise<void> | void {
    const process = processOf(run, record);
    if (record.seq <= process.lastSeq)
      return this.again(record, () => this.stored.entry(run, process, record));
    if (process.hasEnded) throw afterEnd(record);
    if (record.seq !== process.lastSeq + 1)
      throw refusal(record, `is number ${record.seq}, where ${process.lastSeq + 1} comes next`);
    this.pending.change(run, process);
    process.lastSeq = record.seq;
    this.pending.tell(run, process, record);
  }

  private addCheckpoint(run: RunHead, record: CheckpointRecord): Promise<void> | void {
    const process = processOf(run, record);
    const { n, base, keep, tip, nodes } = record;
    if (n <= process.checkpointN) {
      const why = `comes after n ${process.checkpointN} of the same process`;
      return this.again(record, () => this.stored.checkpoint(run, process, record), why);
    }
    if (process.hasEnded) throw afterEnd(record);
    if (base !== '' && (process.checkpointN === -1 || base !== process.tip))
      throw refusal(record, `builds on ${JSON.stringify(base)}, which is not the tip of the one before it`);
    const held = base === '' ? 0 : process.promptLength;
    if (!Number.isSafeInteger(keep) || keep < 0 || keep > held)
      throw refusal(record, `keeps ${keep} nodes of the ${held} before it`);
    this.pending.change(run, process);
    process.checkpointN = n;
    process.tip = tip;
    process.promptLength = keep + nodes.length;
    for (const { hash } of nodes) if (hash !== '') this.pending.use(run, hash);
    const place = run.places++;
    this.pending.put(record, checkpointsTable, run, (number, texts) =>
      checkpointRow(texts, { run: number, process: process.process, place }, record),
    );
  }

  private addCall(run: RunHead, record: LedgerRecord): Promise<void> | void {
    // A run that started in this transaction has a book, and so has any other that was looked at.
    if (!run.calls!.isNew(record)) return this.addOldCall(run, record);
    this.addNewCall(run, record);
  }

  private async addOldCall(run: RunHead, record: LedgerRecord): Promise<void> {
    const known = this.pending.record(record) ?? (await this.stored.call(run, record));
    if (known !== undefined) return repeats(known, record);
    this.addNewCall(run, record);
  }

  private addNewCall(run: RunHead, record: LedgerRecord): void {
    if (record.what === 'reserved' && hasEndedEverywhere(run, record)) throw afterEnd(record);
    this.pending.touch(run);
    this.pending.settle(run, record);
  }

  private addAudit(run: RunHead, record: AuditRecord): void {
    const { audit } = run;
    const entry = chainAudit(audit, record, nativeSha256);
    this.pending.touch(run);
    run.audit = { count: entry.index + 1, hash: entry.hash };
    this.pending.putRow(auditTable, run, (number) => auditRow(number, entry));
  }

  private addPage(run: RunHead, record: PageRecord): void {
    if (this.misnamed.has(record)) {
      const known =
        (this.pending.record(record) as PageRecord | undefined)?.text ?? this.stored.pageText(record);
      if (known !== undefined && known !== record.text)
        throw refusal(record, `gives page ${JSON.stringify(record.hash)} another text`);
    }
    this.pending.putPage(run, record);
  }

  private async addRecording(run: RunHead, record: RecordingRecord): Promise<void> {
    const { session, part } = record;
    const known = this.pending.record(record) ?? (await this.stored.recording(run, record));
    if (known !== undefined) return repeats(known, record);
    const isNext =
      part === 1 ||
      this.pending.record({ ...record, part: part - 1 }) !== undefined ||
      (await this.stored.hasPart(run, session, part - 1));
    if (!isNext) throw refusal(record, 'comes before the part that it follows');
    this.pending.touch(run);
    const place = run.places++;
    this.pending.put(record, recordingsTable, run, (number, texts) =>
      recordingRow(texts, { run: number, place }, record),
    );
  }

  /** Compare and set: the first end stands. */
  private endProcess(run: RunHead, record: ProcessEnded): Promise<void> | void {
    const process = processOf(run, record);
    if (process.hasEnded) return this.again(record, () => this.stored.end(run, process));
    this.pending.change(run, process);
    process.hasEnded = true;
    const row = { ended: JSON.stringify(record), ended_place: run.places++ };
    this.pending.endProcess(record, process, row);
  }

  /** It is there already, or should be: `why` refuses one that is not. */
  private async again(
    record: KernelRecord,
    read: () => Promise<KernelRecord | undefined>,
    why?: string,
  ): Promise<void> {
    const known = this.pending.record(record) ?? (await read());
    if (known === undefined && why !== undefined) throw refusal(record, why);
    repeats(known, record);
  }
}

type ProcessRecord = HistoryRecord | JournalRecord | CheckpointRecord | ProcessEnded;

function processOf(run: RunHead, record: ProcessRecord): ProcessHead {
  const process = run.branches.get(record.branch)?.processes.get(record.pid);
  if (process === undefined) throw refusal(record, 'belongs to a process that has not started');
  return process;
}

/** Ledger records name no branch: a process may reserve as long as it lives in one of them. */
function hasEndedEverywhere(run: RunHead, { pid }: LedgerRecord): boolean {
  const lives = Array.from(run.branches.values(), ({ processes }) => processes.get(pid)).filter(
    (process) => process !== undefined,
  );
  return lives.length > 0 && lives.every(({ hasEnded }) => hasEnded);
}

/** `record` is stored already and changes nothing. Throws when it says something else. */
function repeats(known: KernelRecord | undefined, record: KernelRecord): void {
  if (known === undefined || !isSameRecord(known, record))
    throw refusal(record, 'is stored already, with another content');
}

function afterEnd(record: KernelRecord): Error {
  return refusal(record, 'comes after the end of its process');
}

/** Another one has the lease, or has had it since. */
function isFencedOff({ fence, holder }: RunHead, own: number | undefined): boolean {
  return own === undefined ? holder !== null : own !== fence;
}

function isNamedByContent({ hash, text }: PageRecord): boolean {
  return typeof text === 'string' && isUtf8(text) && nativeSha256(text) === hash;
}
