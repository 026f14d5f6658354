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
import { pageKey } from './page-key.ts';
import {
  auditRow,
  branchBytes,
  checkpointRow,
  historyRow,
  journalRow,
  ledgerRow,
  recordingRow,
} from './record-rows.ts';
import { addBranch, addProcess, loadHead, newRun, type ProcessHead, type RunHead } from './run-heads.ts';
import { SharedTexts } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import { callKey, StoredRecords } from './stored-records.ts';
import {
  auditTable,
  branchesTable,
  checkpointsTable,
  historyTable,
  journalTable,
  ledgerTable,
  pagesTable,
  pageUsesTable,
  processesTable,
  recordingsTable,
  runsTable,
  type Table,
} from './tables.ts';

export class AppendBatch {
  private readonly session: SqlSession;
  private readonly heads: Map<string, RunHead>;
  private readonly fences: ReadonlyMap<string, number>;
  private readonly stored: StoredRecords;
  private readonly texts = new SharedTexts();
  /** Which number a run has is known when it is written. */
  private readonly rows: { readonly table: Table; readonly run: RunHead; readonly row: Row }[] = [];
  /** What this batch adds, by its key: the same may come twice before it is stored. */
  private readonly added = new Map<string, KernelRecord>();
  /** Hashes of the pages and texts that rows of a run refer to. */
  private readonly uses = new Map<RunHead, Set<string>>();
  private readonly touched = new Set<RunHead>();
  private readonly changed = new Map<ProcessHead, RunHead>();
  private readonly starts = new Map<
    ProcessHead,
    { readonly record: ProcessStarted; readonly place: number }
  >();
  private readonly ends = new Map<ProcessHead, Row>();
  /** Takes back the append under judgement, from its last deed on. */
  private undo: (() => void)[] = [];

  /** `fences`: of the leases that the storage object has taken. `heads`: of runs, changed as if what is added were stored: when the transaction fails, what they tell is void. */
  constructor(session: SqlSession, heads: Map<string, RunHead>, fences: ReadonlyMap<string, number>) {
    this.session = session;
    this.heads = heads;
    this.fences = fences;
    this.stored = new StoredRecords(session);
  }

  /** Reads what has to be known of the runs of these appends, and keeps others from writing to them. */
  async open(appends: readonly (readonly KernelRecord[])[]): Promise<void> {
    const records = appends.flat();
    const names = new Set(records.map(({ run }) => run).filter((name) => typeof name === 'string'));
    const keys = Array.from(names, (name) => ({ name }));
    const rows = await this.session.find(runsTable, ['name'], keys, 'lock');
    const found = new Map(rows.map((row) => [row['name'] as string, row]));
    for (const name of names) {
      const row = found.get(name);
      if (row === undefined) this.heads.delete(name);
      else if (this.heads.get(name)?.version !== row['version'])
        this.heads.set(name, await loadHead(this.session, row));
    }
    await this.stored.look(records, this.heads);
  }

  /** Throws KernelError STORAGE_FAILED for records that may not be stored: then none of them is added. */
  async add(records: readonly KernelRecord[]): Promise<void> {
    this.undo = [];
    const { texts } = this.texts;
    const before = texts.size;
    try {
      for (const record of records) {
        checkRecord(record);
        await this.admit(record);
      }
    } catch (error) {
      for (const act of this.undo.reverse()) act();
      this.texts.takeReferences();
      for (const hash of [...texts.keys()].slice(before)) texts.delete(hash);
      throw error;
    }
  }

  /** Writes all that was added. */
  async write(): Promise<void> {
    await this.writeRuns();
    const byTable = new Map<Table, Row[]>();
    const put = (table: Table, row: Row): void => {
      const list = byTable.get(table);
      if (list === undefined) byTable.set(table, [row]);
      else list.push(row);
    };
    const changed: Row[] = [];
    const ended: Row[] = [];
    for (const [process, run] of this.changed) {
      const start = this.starts.get(process);
      const end = this.ends.get(process);
      const row = { ...headRow(run, process), ...(end ?? noEnd) };
      if (start !== undefined) put(processesTable, { ...row, ...startRow(process, start) });
      else (end === undefined ? changed : ended).push(row);
    }
    for (const { table, run, row } of this.rows) put(table, { ...row, run: run.id });
    for (const [hash, text] of this.texts.texts) put(pagesTable, { hash: pageKey(hash), text });
    for (const [run, hashes] of this.uses)
      for (const hash of hashes) put(pageUsesTable, { run: run.id, hash: pageKey(hash) });
    for (const [table, rows] of byTable) await this.session.insert(table, rows);
    await this.session.update(processesTable, headColumns, changed);
    await this.session.update(processesTable, [...headColumns, ...endColumns], ended);
    this.forgetOver();
  }

  /** What a run that is over has is loaded again for the little that may still come: a storage may outlive many of them. */
  private forgetOver(): void {
    for (const process of this.ends.keys()) {
      const run = this.changed.get(process)!;
      if (run.processes.every(({ hasEnded }) => hasEnded)) this.heads.delete(run.name);
    }
  }

  private async writeRuns(): Promise<void> {
    const runs = [...this.touched];
    for (const run of runs) run.version++;
    const row = ({ id, name, version, places, audit, fence }: RunHead): Row => ({
      id,
      name,
      version,
      places,
      audit_count: audit.count,
      audit_hash: audit.hash,
      fence,
      holder: null,
      leased_until_us: null,
      pruned_us: null,
    });
    await this.session.update(runsTable, runColumns, runs.filter(({ id }) => id !== 0).map(row));
    const started = runs.filter(({ id }) => id === 0);
    await this.session.insert(runsTable, started.map(row));
    for (const found of await this.session.find(runsTable, ['name'], started.map(row)))
      this.heads.get(found['name'] as string)!.id = found['id'] as number;
  }

  // ---- What may be added ---------------------------------------------------------------------------------------------

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
  private addToPruned(run: RunHead, record: KernelRecord): void {
    if (record.type === 'ledger' && record.what === 'settled') return this.addCall(run, record);
    if (record.type === 'audit') return this.addAudit(run, record);
    throw refusal(record, 'belongs to a run that was pruned');
  }

  private async startBranch(record: RunStarted): Promise<void> {
    const { run: name, branch: branchName } = record;
    let run = this.heads.get(name);
    const known = run?.branches.get(branchName);
    if (run !== undefined && known !== undefined) {
      const key = `run ${name} ${branchName}`;
      return repeats(this.added.get(key) ?? (await this.stored.branch(run, known)), record);
    }
    if (run === undefined) {
      run = newRun(name);
      this.heads.set(name, run);
      const started = run;
      this.undo.push(() => {
        this.heads.delete(name);
        this.touched.delete(started);
      });
    }
    const started = run;
    const { branch } = addBranch(run, branchName);
    this.undo.push(() => started.branches.delete(branchName));
    this.put(`run ${name} ${branchName}`, record, branchesTable, run, {
      branch,
      name: branchName,
      started: branchBytes(this.texts, record),
    });
  }

  private async startProcess(run: RunHead, record: ProcessStarted): Promise<void> {
    const branch = run.branches.get(record.branch);
    if (branch === undefined) throw refusal(record, 'belongs to a branch that has not started');
    const known = branch.processes.get(record.pid);
    if (known !== undefined)
      return repeats(this.starts.get(known)?.record ?? (await this.stored.start(run, known)), record);
    const process = addProcess(run, branch, record.pid);
    this.undo.push(() => {
      run.processes.pop();
      branch.processes.delete(record.pid);
      this.starts.delete(process);
      this.changed.delete(process);
    });
    this.change(run, process);
    this.starts.set(process, { record: { ...record }, place: run.places++ });
  }

  private async addResult(run: RunHead, record: HistoryRecord): Promise<void> {
    const process = processOf(run, record);
    const key = `history ${addressKey(run, process)} ${record.n}`;
    if (record.n <= process.lastN) {
      const known = this.added.get(key) ?? (await this.stored.result(run, process, record));
      if (known !== undefined) return repeats(known, record);
      throw refusal(record, `comes after n ${process.lastN} of the same process`);
    }
    if (process.hasEnded) throw afterEnd(record);
    this.change(run, process);
    process.lastN = record.n;
    this.put(key, record, historyTable, run, historyRow(this.texts, process.process, run.places++, record));
  }

  private async addToJournal(run: RunHead, record: JournalRecord): Promise<void> {
    const process = processOf(run, record);
    const key = `journal ${addressKey(run, process)} ${record.seq}`;
    if (record.seq <= process.lastSeq)
      return repeats(this.added.get(key) ?? (await this.stored.entry(run, process, record)), record);
    if (process.hasEnded) throw afterEnd(record);
    if (record.seq !== process.lastSeq + 1)
      throw refusal(record, `is number ${record.seq}, where ${process.lastSeq + 1} comes next`);
    this.change(run, process);
    process.lastSeq = record.seq;
    this.put(key, record, journalTable, run, journalRow(this.texts, process.process, run.places++, record));
  }

  private async addCheckpoint(run: RunHead, record: CheckpointRecord): Promise<void> {
    const process = processOf(run, record);
    const { n, base, keep, tip, nodes } = record;
    const key = `checkpoint ${addressKey(run, process)} ${n}`;
    if (n <= process.checkpointN) {
      const known = this.added.get(key) ?? (await this.stored.checkpoint(run, process, record));
      if (known !== undefined) return repeats(known, record);
      throw refusal(record, `comes after n ${process.checkpointN} of the same process`);
    }
    if (process.hasEnded) throw afterEnd(record);
    if (base !== '' && (process.checkpointN === -1 || base !== process.tip))
      throw refusal(record, `builds on ${JSON.stringify(base)}, which is not the tip of the one before it`);
    const held = base === '' ? 0 : process.promptLength;
    if (!Number.isSafeInteger(keep) || keep < 0 || keep > held)
      throw refusal(record, `keeps ${keep} nodes of the ${held} before it`);
    this.change(run, process);
    process.checkpointN = n;
    process.tip = tip;
    process.promptLength = keep + nodes.length;
    for (const { hash } of nodes) if (hash !== '') this.use(run, hash);
    this.put(
      key,
      record,
      checkpointsTable,
      run,
      checkpointRow(this.texts, process.process, run.places++, record),
    );
  }

  private addCall(run: RunHead, record: LedgerRecord): void {
    const call = callKey(record);
    const key = `ledger ${call}`;
    const known = this.added.get(key) ?? this.stored.call(call);
    if (known !== undefined) return repeats(known, record);
    if (record.what === 'reserved' && hasEndedEverywhere(run, record)) throw afterEnd(record);
    this.put(key, record, ledgerTable, run, ledgerRow(record));
  }

  private addAudit(run: RunHead, record: AuditRecord): void {
    const { audit } = run;
    const entry = chainAudit(audit, { ...record }, nativeSha256);
    this.undo.push(() => (run.audit = audit));
    run.audit = { count: entry.index + 1, hash: entry.hash };
    this.addRow(auditTable, run, auditRow(entry));
  }

  private addPage(run: RunHead, record: PageRecord): void {
    const { hash, text } = record;
    const key = `page ${hash}`;
    const known = (this.added.get(key) as PageRecord | undefined)?.text ?? this.stored.pageText(record);
    if (known !== undefined && known !== text)
      throw refusal(record, `gives page ${JSON.stringify(hash)} another text`);
    this.use(run, hash);
    const content = this.texts.writePage(text);
    if (known === undefined)
      return this.put(key, record, pagesTable, run, { hash: pageKey(hash), text: content });
    this.touched.add(run);
    this.useReferences(run);
  }

  private async addRecording(run: RunHead, record: RecordingRecord): Promise<void> {
    const { session, part } = record;
    const keyOf = (number: number): string => `recording ${run.name} ${number} ${session}`;
    const key = keyOf(part);
    const known = this.added.get(key) ?? (await this.stored.recording(run, record));
    if (known !== undefined) return repeats(known, record);
    const isNext =
      part === 1 || this.added.has(keyOf(part - 1)) || (await this.stored.hasPart(run, session, part - 1));
    if (!isNext) throw refusal(record, 'comes before the part that it follows');
    const { places } = run;
    this.undo.push(() => (run.places = places));
    run.places++;
    this.put(key, record, recordingsTable, run, recordingRow(this.texts, places, record));
  }

  /** Compare and set: the first end stands. */
  private async endProcess(run: RunHead, record: ProcessEnded): Promise<void> {
    const process = processOf(run, record);
    const key = `end ${addressKey(run, process)}`;
    if (process.hasEnded)
      return repeats(this.added.get(key) ?? (await this.stored.end(run, process)), record);
    this.change(run, process);
    process.hasEnded = true;
    const row = { ended: JSON.stringify(record), ended_place: run.places++ };
    this.ends.set(process, row);
    this.added.set(key, record);
    this.undo.push(() => {
      this.ends.delete(process);
      this.added.delete(key);
    });
  }

  // ---- What is added, and how to take it back ------------------------------------------------------------------------

  private put(key: string, record: KernelRecord, table: Table, run: RunHead, row: Row): void {
    this.added.set(key, record);
    this.undo.push(() => this.added.delete(key));
    this.addRow(table, run, row);
  }

  private addRow(table: Table, run: RunHead, row: Row): void {
    this.rows.push({ table, run, row });
    this.useReferences(run);
    this.touched.add(run);
    this.undo.push(() => {
      this.rows.pop();
    });
  }

  private useReferences(run: RunHead): void {
    for (const hash of this.texts.takeReferences()) this.use(run, hash);
  }

  private use(run: RunHead, hash: string): void {
    let hashes = this.uses.get(run);
    if (hashes === undefined) this.uses.set(run, (hashes = new Set()));
    if (hashes.has(hash)) return;
    hashes.add(hash);
    this.undo.push(() => hashes.delete(hash));
  }

  /** Call it before the head of the process, or the places of the run, change. */
  private change(run: RunHead, process: ProcessHead): void {
    const before = { ...process };
    const { places } = run;
    this.changed.set(process, run);
    this.touched.add(run);
    this.undo.push(() => {
      Object.assign(process, before);
      run.places = places;
    });
  }
}

const headColumns = ['last_n', 'last_seq', 'checkpoint_n', 'tip', 'prompt_length'];
const endColumns = ['ended', 'ended_place'];
const noEnd: Row = { ended: null, ended_place: null };
const runColumns = ['version', 'places', 'audit_count', 'audit_hash'];

function headRow(run: RunHead, head: ProcessHead): Row {
  return {
    run: run.id,
    process: head.process,
    last_n: head.lastN,
    last_seq: head.lastSeq,
    checkpoint_n: head.checkpointN,
    tip: head.tip,
    prompt_length: head.promptLength,
  };
}

function startRow(
  { branch, pid }: ProcessHead,
  { record, place }: { readonly record: ProcessStarted; readonly place: number },
): Row {
  return { branch: branch.branch, pid, started: JSON.stringify(record), place };
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

function addressKey({ name }: RunHead, { process }: ProcessHead): string {
  return `${name} ${process}`;
}
