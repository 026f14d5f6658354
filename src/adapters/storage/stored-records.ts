/** Records that are stored already, read when one like them comes: the same again changes nothing, another in its place is refused. */
import type { Pid } from '../../kernel/ids.ts';
import type {
  CheckpointRecord,
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  PageRecord,
  RecordingRecord,
} from '../../kernel/records.ts';
import { branchOf, checkpointOf, historyOf, journalOf, ledgerOf, recordingOf } from './record-rows.ts';
import type { BranchHead, ProcessHead, RunHead } from './run-heads.ts';
import { SharedReader } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import {
  branchesTable,
  checkpointsTable,
  historyTable,
  journalTable,
  ledgerTable,
  processesTable,
  recordingsTable,
  type Table,
} from './tables.ts';

const [ledgerKey] = ledgerTable.unique!;

export class StoredRecords {
  private readonly session: SqlSession;
  private readonly ledger = new Map<string, LedgerRecord>();
  private readonly texts: SharedReader;

  constructor(session: SqlSession) {
    this.session = session;
    this.texts = new SharedReader(session);
  }

  /** Reads at once what is stored under the names of these ledger records and pages: a head doesn't tell whether they are new. */
  async look(records: readonly KernelRecord[], heads: ReadonlyMap<string, RunHead>): Promise<void> {
    const hashes = new Set<string>();
    const calls: Row[] = [];
    for (const record of records) {
      if (record.type === 'page') hashes.add(record.hash);
      if (record.type !== 'ledger') continue;
      const head = heads.get(record.run);
      const { pid, n, what, reservedUs, seq, node } = record;
      if (head !== undefined) calls.push({ run: head.id, pid, n, what, reserved_us: reservedUs, seq, node });
    }
    const names = new Map(Array.from(heads.values(), ({ id, name }) => [id, name]));
    for (const row of await this.session.find(ledgerTable, ledgerKey!, calls)) {
      const record = ledgerOf(names.get(row['run'] as number)!, row);
      this.ledger.set(callKey(record), record);
    }
    await this.texts.load(hashes);
  }

  /** `key`: as callKey gives it. */
  call(key: string): LedgerRecord | undefined {
    return this.ledger.get(key);
  }

  pageText({ hash }: PageRecord): string | undefined {
    return this.texts.page(hash);
  }

  async branch(run: RunHead, { branch }: BranchHead): Promise<KernelRecord | undefined> {
    const row = await this.one(branchesTable, { run: run.id, branch });
    if (row === undefined) return undefined;
    const { started } = row;
    await this.texts.loadFor([started]);
    return branchOf(this.texts, started as Uint8Array);
  }

  async start(run: RunHead, { process }: ProcessHead): Promise<KernelRecord | undefined> {
    const row = await this.one(processesTable, { run: run.id, process });
    return row && (JSON.parse(row['started'] as string) as KernelRecord);
  }

  async end(run: RunHead, { process }: ProcessHead): Promise<KernelRecord | undefined> {
    const row = await this.one(processesTable, { run: run.id, process });
    const text = row?.['ended'] ?? null;
    return text === null ? undefined : (JSON.parse(text as string) as KernelRecord);
  }

  async result(run: RunHead, process: ProcessHead, { n }: HistoryRecord): Promise<KernelRecord | undefined> {
    const row = await this.one(historyTable, { run: run.id, process: process.process, n });
    if (row === undefined) return undefined;
    await this.texts.loadFor([row['result'], row['asked']]);
    return historyOf(this.texts, addressOf(run, process), row);
  }

  async entry(run: RunHead, process: ProcessHead, { seq }: JournalRecord): Promise<KernelRecord | undefined> {
    const row = await this.one(journalTable, { run: run.id, process: process.process, seq });
    if (row === undefined) return undefined;
    await this.texts.loadFor([row['body']]);
    return journalOf(this.texts, addressOf(run, process), row);
  }

  async checkpoint(
    run: RunHead,
    process: ProcessHead,
    { n }: CheckpointRecord,
  ): Promise<KernelRecord | undefined> {
    const row = await this.one(checkpointsTable, { run: run.id, process: process.process, n });
    if (row === undefined) return undefined;
    await this.texts.loadFor([row['body']]);
    return checkpointOf(this.texts, addressOf(run, process), row);
  }

  async recording(run: RunHead, { session, part }: RecordingRecord): Promise<KernelRecord | undefined> {
    const row = await this.one(recordingsTable, { run: run.id, session, part });
    if (row === undefined) return undefined;
    await this.texts.loadFor([row['lines']]);
    return recordingOf(this.texts, run.name, row);
  }

  async hasPart(run: RunHead, session: string, part: number): Promise<boolean> {
    return (await this.one(recordingsTable, { run: run.id, session, part })) !== undefined;
  }

  private async one(table: Table, key: Row): Promise<Row | undefined> {
    const [row] = await this.session.find(table, Object.keys(key), [key]);
    return row;
  }
}

/** A reservation is made once, and settled once. */
export function callKey({ run, pid, n, what, node, reservedUs, seq }: LedgerRecord): string {
  return `${run} ${pid} ${n} ${what} ${reservedUs} ${seq} ${node}`;
}

function addressOf(
  { name: run }: RunHead,
  { branch, pid }: ProcessHead,
): { run: string; branch: string; pid: Pid } {
  return { run, branch: branch.name, pid };
}
