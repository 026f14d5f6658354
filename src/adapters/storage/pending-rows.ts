/** What the appends of one transaction add: rows that wait for the end of it, and the heads that change with them. The append under judgement can be taken back, down to where it began. */
import type { AuditHead } from '../../kernel/audit-log.ts';
import type {
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  PageRecord,
  ProcessStarted,
} from '../../kernel/records.ts';
import { AddedRecords } from './added-records.ts';
import { ledgerBody } from './ledger-rows.ts';
import { Passage } from './passages.ts';
import {
  addBranch,
  addProcess,
  newRun,
  type BranchHead,
  type ProcessHead,
  type RunHead,
} from './run-heads.ts';
import { SharedTexts } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import { ledgerTable, passagesTable, processesTable, runsTable, type Table } from './tables.ts';
import { UsedPages } from './used-pages.ts';

interface Start {
  readonly record: ProcessStarted;
  readonly place: number;
}

/** Of a run, as it was when the append began. */
interface RunBefore {
  readonly run: RunHead;
  readonly places: number;
  readonly audit: AuditHead;
}

/** The same of a process. */
interface ProcessBefore extends Pick<
  ProcessHead,
  'lastN' | 'lastSeq' | 'checkpointN' | 'tip' | 'promptLength' | 'hasEnded'
> {
  readonly process: ProcessHead;
}

/** The number of its run is known when it is written. */
type WriteRow = (run: number, texts: SharedTexts) => Row;

export class PendingRows {
  private readonly heads: Map<string, RunHead>;
  private readonly rows: { readonly table: Table; readonly run: RunHead; readonly write: WriteRow }[] = [];
  private readonly passages: { readonly run: RunHead; readonly passage: Passage }[] = [];
  private readonly calls: TheCalls[] = [];
  private readonly pages: { readonly run: RunHead; readonly record: PageRecord }[] = [];
  private readonly uses: { readonly run: RunHead; readonly hash: string }[] = [];
  /** The same may come twice before it is stored. */
  private readonly added = new AddedRecords();
  /** In the order in which they were first; the heads themselves tell, too: an append has too few for sets of its own. */
  private readonly touched: RunHead[] = [];
  private readonly changed: { readonly run: RunHead; readonly process: ProcessHead }[] = [];
  private readonly starts = new Map<ProcessHead, Start>();
  private readonly ends = new Map<ProcessHead, Row>();
  /** What heads keep of this object: they outlive it. */
  private readonly token = {};
  private mark: Mark = this.newMark();

  /** `heads`: of runs, changed as if what is added were stored. */
  constructor(heads: Map<string, RunHead>) {
    this.heads = heads;
  }

  /** From here on, what is added is of the next append. */
  begin(): void {
    this.mark = this.newMark();
  }

  /** Takes back all since `begin`. */
  takeBack(): void {
    const { lengths, settled, runs, processes, startedRuns, branches, starts, ends } = this.mark;
    for (const run of this.touched.slice(lengths.touched)) run.touchedIn = undefined;
    for (const { process } of this.changed.slice(lengths.changed)) process.changedIn = undefined;
    for (const { passage } of this.passages.slice(lengths.passages)) passage.process.told = undefined;
    for (const name of grown) this[name].length = lengths[name];
    this.added.cut(lengths.added);
    for (const takeOut of settled.toReversed()) takeOut();
    for (const { process, ...before } of processes) Object.assign(process, before);
    for (const process of ends) this.ends.delete(process);
    for (const { run, process } of starts) {
      run.processes.pop();
      process.branch.processes.delete(process.pid);
      this.starts.delete(process);
    }
    for (const { run, branch } of branches) run.branches.delete(branch.name);
    for (const { run, places, audit } of runs) {
      run.places = places;
      run.audit = audit;
    }
    for (const { name } of startedRuns) this.heads.delete(name);
  }

  /** The record that was added with the same name as this one. */
  record(like: KernelRecord): KernelRecord | undefined {
    return this.added.like(like);
  }

  startRun(name: string, foreignVersion: number | undefined): RunHead {
    const run = newRun(name);
    run.checkedAt = foreignVersion;
    this.heads.set(name, run);
    this.mark.startedRuns.push(run);
    return run;
  }

  startBranch(run: RunHead, name: string): BranchHead {
    const branch = addBranch(run, name);
    this.mark.branches.push({ run, branch });
    return branch;
  }

  startProcess(run: RunHead, branch: BranchHead, record: ProcessStarted): void {
    const process = addProcess(run, branch, record.pid);
    this.mark.starts.push({ run, process });
    this.change(run, process);
    this.starts.set(process, { record, place: run.places++ });
    this.added.push(record);
  }

  /** `row`: what the end sets. */
  endProcess(record: KernelRecord, process: ProcessHead, row: Row): void {
    this.ends.set(process, row);
    this.mark.ends.push(process);
    this.added.push(record);
  }

  put(record: KernelRecord, table: Table, run: RunHead, write: WriteRow): void {
    this.added.push(record);
    this.putRow(table, run, write);
  }

  putRow(table: Table, run: RunHead, write: WriteRow): void {
    this.touch(run);
    this.rows.push({ table, run, write });
  }

  /** Call it when the head of the process has the record. */
  tell(run: RunHead, process: ProcessHead, record: HistoryRecord | JournalRecord): void {
    this.added.push(record);
    let { told } = process;
    if (told?.mark !== this.mark.token) {
      told = { mark: this.mark.token, passage: new Passage(process) };
      process.told = told;
      this.passages.push({ run, passage: told.passage });
    }
    told.passage.add({ place: run.places++, record });
  }

  settle(run: RunHead, record: LedgerRecord): void {
    this.added.push(record);
    // Its head has a book as soon as it is looked at.
    this.mark.settled.push(run.calls!.add(record));
    const known = this.calls.at(-1);
    // Of one append and one run: those of several stand in as many rows.
    if (known !== undefined && known.run === run && known.mark === this.mark.token)
      known.records.push(record);
    else this.calls.push({ run, mark: this.mark.token, records: [record] });
  }

  putPage(run: RunHead, record: PageRecord): void {
    this.added.push(record);
    this.touch(run);
    this.pages.push({ run, record });
  }

  /** The run needs the page of this hash. */
  use(run: RunHead, hash: string): void {
    this.uses.push({ run, hash });
  }

  /** Call it before the places or the audit head of the run change. */
  touch(run: RunHead): void {
    if (run.markedIn === this.mark.token) return;
    run.markedIn = this.mark.token;
    this.mark.runs.push({ run, places: run.places, audit: run.audit });
    if (run.touchedIn === this.token) return;
    run.touchedIn = this.token;
    this.touched.push(run);
  }

  /** Call it before the head of the process, or the places of the run, change. */
  change(run: RunHead, process: ProcessHead): void {
    this.touch(run);
    if (process.markedIn === this.mark.token) return;
    process.markedIn = this.mark.token;
    const { lastN, lastSeq, checkpointN, tip, promptLength, hasEnded } = process;
    this.mark.processes.push({ process, lastN, lastSeq, checkpointN, tip, promptLength, hasEnded });
    if (process.changedIn === this.token) return;
    process.changedIn = this.token;
    this.changed.push({ run, process });
  }

  /** All that was added. */
  async write(session: SqlSession): Promise<void> {
    await this.writeRuns(session);
    const byTable = new Map<Table, Row[]>();
    const put = (table: Table, row: Row): void => {
      const list = byTable.get(table);
      if (list === undefined) byTable.set(table, [row]);
      else list.push(row);
    };
    const texts = new SharedTexts();
    const used = new UsedPages();
    for (const { table, run, write } of this.rows) {
      put(table, write(run.id, texts));
      used.add(run, texts.takeReferences());
    }
    for (const { run, passage } of this.passages) {
      put(passagesTable, passage.row(run.id, texts));
      used.add(run, texts.takeReferences());
      for (const { record } of passage.records) passage.process.tally.add(record);
      passage.process.told = undefined;
    }
    for (const { run, records } of this.calls) put(ledgerTable, { run: run.id, body: ledgerBody(records) });
    for (const { run, record } of this.pages) {
      texts.put(record.hash, record.text);
      used.add(run, texts.takeReferences());
    }
    for (const { run, hash } of this.uses) used.add(run, [hash]);
    const changed: Row[] = [];
    const ended: Row[] = [];
    for (const { process, run } of this.changed) {
      const start = this.starts.get(process);
      const end = this.ends.get(process);
      const row = headRow(run, process);
      if (start !== undefined)
        put(processesTable, { ...row, ...startRow(process, start), ...(end ?? noEnd) });
      else if (end === undefined) changed.push(row);
      else ended.push({ ...row, ...end });
    }
    for (const [table, rows] of byTable) await session.insert(table, rows);
    await session.update(processesTable, headColumns, changed);
    await session.update(processesTable, [...headColumns, ...endColumns], ended);
    await used.write(session, texts.texts);
    this.forgetOver();
  }

  /** What a run that is over has is loaded again for the little that may still come: a storage may outlive many of them. */
  private forgetOver(): void {
    if (this.ends.size === 0) return;
    for (const { process, run } of this.changed) {
      if (!this.ends.has(process)) continue;
      if (run.processes.every(({ hasEnded }) => hasEnded)) this.heads.delete(run.name);
    }
  }

  private async writeRuns(session: SqlSession): Promise<void> {
    const runs = this.touched;
    for (const run of runs) run.version++;
    await session.update(runsTable, runColumns, runs.filter(({ id }) => id !== 0).map(runRow));
    const started = runs.filter(({ id }) => id === 0);
    await session.insert(runsTable, started.map(runRow));
    for (const found of await session.find(runsTable, ['name'], started.map(runRow)))
      this.heads.get(found['name'] as string)!.id = found['id'] as number;
  }

  private newMark(): Mark {
    const lengths = {
      rows: this.rows.length,
      passages: this.passages.length,
      calls: this.calls.length,
      pages: this.pages.length,
      uses: this.uses.length,
      touched: this.touched.length,
      changed: this.changed.length,
      added: this.added.length,
    };
    return {
      token: {},
      lengths,
      settled: [],
      runs: [],
      processes: [],
      startedRuns: [],
      branches: [],
      starts: [],
      ends: [],
    };
  }
}

const grown = ['rows', 'passages', 'calls', 'pages', 'uses', 'touched', 'changed'] as const;

/** What one append tells of the budget of a run. */
interface TheCalls {
  readonly run: RunHead;
  readonly mark: object;
  readonly records: LedgerRecord[];
}

/** Where an append began, and what it has changed since. */
interface Mark {
  /** What heads keep of it: they outlive it. */
  readonly token: object;
  /** How many there were. */
  readonly lengths: Readonly<Record<(typeof grown)[number] | 'added', number>>;
  /** Take its ledger records out of their books again. */
  readonly settled: (() => void)[];
  readonly runs: RunBefore[];
  readonly processes: ProcessBefore[];
  readonly startedRuns: RunHead[];
  readonly branches: { readonly run: RunHead; readonly branch: BranchHead }[];
  readonly starts: { readonly run: RunHead; readonly process: ProcessHead }[];
  readonly ends: ProcessHead[];
}

const headColumns = ['last_n', 'last_seq', 'checkpoint_n', 'tip', 'prompt_length', 'tally'];
const endColumns = ['ended', 'ended_place'];
const noEnd: Row = { ended: null, ended_place: null };
const runColumns = ['version', 'places', 'audit_count', 'audit_hash'];

function runRow({ id, name, version, places, audit, fence }: RunHead): Row {
  return {
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
  };
}

function headRow(run: RunHead, head: ProcessHead): Row {
  return {
    run: run.id,
    process: head.process,
    last_n: head.lastN,
    last_seq: head.lastSeq,
    checkpoint_n: head.checkpointN,
    tip: head.tip,
    prompt_length: head.promptLength,
    tally: head.tally.text(),
  };
}

function startRow({ branch, pid }: ProcessHead, { record, place }: Start): Row {
  return { branch: branch.branch, pid, started: JSON.stringify(record), place };
}
