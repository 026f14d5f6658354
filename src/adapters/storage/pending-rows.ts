/** What the appends of one transaction add: rows that wait for the end of it, and the heads that change with them. The append under judgement can be taken back, down to where it began. */
import type { AuditHead } from '../../kernel/audit-log.ts';
import type { KernelRecord, ProcessStarted } from '../../kernel/records.ts';
import { pageKey } from './page-key.ts';
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
import { pagesTable, pageUsesTable, processesTable, runsTable, type Table } from './tables.ts';

interface Start {
  readonly record: ProcessStarted;
  readonly place: number;
}

/** Of a run, as it was when the append began. */
interface RunBefore {
  readonly places: number;
  readonly audit: AuditHead;
  readonly wasTouched: boolean;
}

export class PendingRows {
  readonly texts = new SharedTexts();
  private readonly heads: Map<string, RunHead>;
  /** Which number a run has is known when it is written. */
  private readonly rows: { readonly table: Table; readonly run: RunHead; readonly row: Row }[] = [];
  /** What was added, by its key: the same may come twice before it is stored. */
  private readonly added = new Map<string, KernelRecord>();
  /** Hashes of the pages and texts that rows of a run refer to. */
  private readonly uses = new Map<RunHead, Set<string>>();
  private readonly touched = new Set<RunHead>();
  private readonly changed = new Map<ProcessHead, RunHead>();
  private readonly starts = new Map<ProcessHead, Start>();
  private readonly ends = new Map<ProcessHead, Row>();
  private mark: Mark = newMark(0, 0);

  /** `heads`: of runs, changed as if what is added were stored. */
  constructor(heads: Map<string, RunHead>) {
    this.heads = heads;
  }

  /** From here on, what is added is of the next append. */
  begin(): void {
    this.mark = newMark(this.rows.length, this.texts.texts.size);
  }

  /** Takes back all since `begin`. */
  takeBack(): void {
    const { keys, uses, runs, processes, startedRuns, branches, starts, ends } = this.mark;
    this.rows.length = this.mark.rows;
    for (const key of keys) this.added.delete(key);
    for (const { hashes, hash } of uses) hashes.delete(hash);
    for (const [process, before] of processes) Object.assign(process, before);
    for (const process of ends) this.ends.delete(process);
    for (const { run, process } of starts) {
      run.processes.pop();
      process.branch.processes.delete(process.pid);
      this.starts.delete(process);
      this.changed.delete(process);
    }
    for (const { run, branch } of branches) run.branches.delete(branch.name);
    for (const [run, { places, audit, wasTouched }] of runs) {
      run.places = places;
      run.audit = audit;
      if (!wasTouched) this.touched.delete(run);
    }
    for (const { name } of startedRuns) this.heads.delete(name);
    this.texts.takeReferences();
    const { texts } = this.texts;
    for (const hash of [...texts.keys()].slice(this.mark.texts)) texts.delete(hash);
  }

  record(key: string): KernelRecord | undefined {
    return this.added.get(key);
  }

  startRun(name: string): RunHead {
    const run = newRun(name);
    this.heads.set(name, run);
    this.mark.startedRuns.push(run);
    return run;
  }

  startBranch(run: RunHead, name: string): BranchHead {
    const branch = addBranch(run, name);
    this.mark.branches.push({ run, branch });
    return branch;
  }

  startProcess(key: string, run: RunHead, branch: BranchHead, record: ProcessStarted): void {
    const process = addProcess(run, branch, record.pid);
    this.mark.starts.push({ run, process });
    this.change(run, process);
    this.starts.set(process, { record, place: run.places++ });
    this.keep(key, record);
  }

  /** `row`: what the end sets. */
  endProcess(key: string, record: KernelRecord, process: ProcessHead, row: Row): void {
    this.ends.set(process, row);
    this.mark.ends.push(process);
    this.keep(key, record);
  }

  put(key: string, record: KernelRecord, table: Table, run: RunHead, row: Row): void {
    this.keep(key, record);
    this.putRow(table, run, row);
  }

  putRow(table: Table, run: RunHead, row: Row): void {
    this.touch(run);
    this.rows.push({ table, run, row });
    this.useReferences(run);
  }

  /** Whatever was written to `texts` since this was asked last belongs to the run. */
  useReferences(run: RunHead): void {
    for (const hash of this.texts.takeReferences()) this.use(run, hash);
  }

  use(run: RunHead, hash: string): void {
    let hashes = this.uses.get(run);
    if (hashes === undefined) this.uses.set(run, (hashes = new Set()));
    if (hashes.has(hash)) return;
    hashes.add(hash);
    this.mark.uses.push({ hashes, hash });
  }

  /** Call it before the places or the audit head of the run change. */
  touch(run: RunHead): void {
    const { runs } = this.mark;
    if (runs.has(run)) return;
    runs.set(run, { places: run.places, audit: run.audit, wasTouched: this.touched.has(run) });
    this.touched.add(run);
  }

  /** Call it before the head of the process, or the places of the run, change. */
  change(run: RunHead, process: ProcessHead): void {
    this.touch(run);
    const { processes } = this.mark;
    if (processes.has(process)) return;
    processes.set(process, { ...process });
    this.changed.set(process, run);
  }

  private keep(key: string, record: KernelRecord): void {
    this.added.set(key, record);
    this.mark.keys.push(key);
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
    for (const [table, rows] of byTable) await session.insert(table, rows);
    await session.update(processesTable, headColumns, changed);
    await session.update(processesTable, [...headColumns, ...endColumns], ended);
    this.forgetOver();
  }

  /** What a run that is over has is loaded again for the little that may still come: a storage may outlive many of them. */
  private forgetOver(): void {
    for (const process of this.ends.keys()) {
      const run = this.changed.get(process)!;
      if (run.processes.every(({ hasEnded }) => hasEnded)) this.heads.delete(run.name);
    }
  }

  private async writeRuns(session: SqlSession): Promise<void> {
    const runs = [...this.touched];
    for (const run of runs) run.version++;
    await session.update(runsTable, runColumns, runs.filter(({ id }) => id !== 0).map(runRow));
    const started = runs.filter(({ id }) => id === 0);
    await session.insert(runsTable, started.map(runRow));
    for (const found of await session.find(runsTable, ['name'], started.map(runRow)))
      this.heads.get(found['name'] as string)!.id = found['id'] as number;
  }
}

/** Where an append began, and what it has changed since. */
interface Mark {
  /** How many there were. */
  readonly rows: number;
  readonly texts: number;
  readonly keys: string[];
  readonly uses: { readonly hashes: Set<string>; readonly hash: string }[];
  readonly runs: Map<RunHead, RunBefore>;
  /** With a copy of what each was. */
  readonly processes: Map<ProcessHead, ProcessHead>;
  readonly startedRuns: RunHead[];
  readonly branches: { readonly run: RunHead; readonly branch: BranchHead }[];
  readonly starts: { readonly run: RunHead; readonly process: ProcessHead }[];
  readonly ends: ProcessHead[];
}

function newMark(rows: number, texts: number): Mark {
  return {
    rows,
    texts,
    keys: [],
    uses: [],
    runs: new Map(),
    processes: new Map(),
    startedRuns: [],
    branches: [],
    starts: [],
    ends: [],
  };
}

const headColumns = ['last_n', 'last_seq', 'checkpoint_n', 'tip', 'prompt_length'];
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
  };
}

function startRow({ branch, pid }: ProcessHead, { record, place }: Start): Row {
  return { branch: branch.branch, pid, started: JSON.stringify(record), place };
}
