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
import { CallBook, callKey } from './call-books.ts';
import { ledgerOf } from './ledger-rows.ts';
import { placedRecords } from './passages.ts';
import { branchOf, checkpointOf, recordingOf } from './record-rows.ts';
import type { BranchHead, ProcessHead, RunHead } from './run-heads.ts';
import { SharedReader } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import { branchesTable, checkpointsTable, processesTable, recordingsTable, type Table } from './tables.ts';

/** Of a process, read at once while one record is looked for: it stands in one of the first. */
const passagesAtOnce = 16;

export class StoredRecords {
  private readonly session: SqlSession;
  private readonly texts: SharedReader;
  private readonly ledgers = new Map<RunHead, Promise<ReadonlyMap<string, LedgerRecord>>>();
  private readonly mail = new Map<ProcessHead, Promise<ReadonlyMap<number, KernelRecord>>>();

  constructor(session: SqlSession) {
    this.session = session;
    this.texts = new SharedReader(session);
  }

  /** Reads the pages with these hashes, at once. */
  look(hashes: readonly string[]): Promise<void> {
    return this.texts.load(hashes);
  }

  pageText({ hash }: PageRecord): string | undefined {
    return this.texts.page(hash);
  }

  async callBook(run: RunHead): Promise<CallBook> {
    const book = new CallBook();
    for (const record of (await this.ledger(run)).values()) book.add(record);
    return book;
  }

  async call(run: RunHead, record: LedgerRecord): Promise<KernelRecord | undefined> {
    return (await this.ledger(run)).get(callKey(record));
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

  result(run: RunHead, process: ProcessHead, { n }: HistoryRecord): Promise<KernelRecord | undefined> {
    return this.told(run, process, n, (record) => record.type === 'history' && record.n === n);
  }

  /** Those that name no syscall stand anywhere: all are read, once for all that come in this transaction. */
  async entry(run: RunHead, process: ProcessHead, record: JournalRecord): Promise<KernelRecord | undefined> {
    const { seq } = record;
    if ('n' in record)
      return this.told(run, process, record.n, (found) => found.type !== 'history' && found.seq === seq);
    let mail = this.mail.get(process);
    if (mail === undefined) this.mail.set(process, (mail = this.mailOf(run, process)));
    return (await mail).get(seq);
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

  private ledger(run: RunHead): Promise<ReadonlyMap<string, LedgerRecord>> {
    const known = this.ledgers.get(run);
    if (known !== undefined) return known;
    const read = this.session
      .query('select body from ledger where run = $1 order by id', [run.id])
      .then((rows) => {
        const records = rows.flatMap(({ body }) => ledgerOf(run.name, body as Uint8Array));
        return new Map(records.map((record) => [callKey(record), record]));
      });
    this.ledgers.set(run, read);
    return read;
  }

  /** The record of the process that is meant, which names syscall `n`. */
  private async told(
    run: RunHead,
    process: ProcessHead,
    n: number,
    isMeant: (record: HistoryRecord | JournalRecord) => boolean,
  ): Promise<KernelRecord | undefined> {
    const text =
      'select place, body from passages where run = $1 and process = $2 and last_n >= $3 order by last_n, id limit $4 offset $5';
    for (let done = 0; ; done += passagesAtOnce) {
      const rows = await this.session.query(text, [run.id, process.process, n, passagesAtOnce, done]);
      const records = await this.recordsOf(run, process, rows);
      const found = records.find(isMeant);
      if (found !== undefined || rows.length < passagesAtOnce) return found;
    }
  }

  private async mailOf(run: RunHead, process: ProcessHead): Promise<ReadonlyMap<number, KernelRecord>> {
    const rows = await this.session.query(
      'select place, body from passages where run = $1 and process = $2',
      [run.id, process.process],
    );
    const records = await this.recordsOf(run, process, rows);
    return new Map(records.flatMap((record) => (record.type === 'history' ? [] : [[record.seq, record]])));
  }

  private async recordsOf(
    run: RunHead,
    process: ProcessHead,
    rows: readonly Row[],
  ): Promise<readonly (HistoryRecord | JournalRecord)[]> {
    await this.texts.loadFor(rows.map(({ body }) => body));
    const address = addressOf(run, process);
    return rows.flatMap((row) => placedRecords(this.texts, address, row).map(({ record }) => record));
  }

  private async one(table: Table, key: Row): Promise<Row | undefined> {
    const [row] = await this.session.find(table, Object.keys(key), [key]);
    return row;
  }
}

function addressOf(
  { name: run }: RunHead,
  { branch, pid }: ProcessHead,
): { run: string; branch: string; pid: Pid } {
  return { run, branch: branch.name, pid };
}
