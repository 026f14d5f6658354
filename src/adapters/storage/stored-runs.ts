/** What a database holds of runs, read back as records. */
import { sha256Hex } from '../../base/sha256.ts';
import { emptyAuditHead, verifyAuditChain } from '../../kernel/audit-log.ts';
import type { AuditHead, AuditVerdict, ChainedAuditRecord } from '../../kernel/audit-log.ts';
import { assemble } from '../../kernel/checkpoint-chain.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type {
  HistoryRecord,
  JournalRecord,
  LedgerRecord,
  ProcessEnded,
  ProcessStarted,
  RecordingRecord,
  RunStarted,
} from '../../kernel/records.ts';
import { namedPages, pageRecord } from '../../kernel/storage.ts';
import type {
  AuditFilter,
  BranchFilter,
  BranchRecord,
  HistoryFilter,
  JournalFilter,
  LoadedCheckpoint,
  LedgerFilter,
  ProcessAddress,
  ProcessTally,
  RunFilter,
  RunSummary,
  StoredProcess,
  WholeRun,
} from '../../kernel/storage.ts';
import { ledgerOf } from './ledger-rows.ts';
import { contentsOf, placedRecords, type PlacedRecord } from './passages.ts';
import { StoredTally } from './process-tallies.ts';
import { auditOf, branchOf, checkpointOf, recordingOf } from './record-rows.ts';
import { outlineOf, SharedReader } from './shared-texts.ts';
import type { Row, SqlSession, SqlValue } from './sql.ts';

export class StoredRuns {
  private readonly session: SqlSession;
  private readonly texts: SharedReader;

  constructor(session: SqlSession) {
    this.session = session;
    this.texts = new SharedReader(session);
  }

  async runs({ run: only }: RunFilter): Promise<readonly RunSummary[]> {
    const [ofRun, andRun, values]: [string, string, SqlValue[]] =
      only === undefined ? ['', '', []] : [' where runs.name = $1', ' and runs.name = $1', [only]];
    const branches = await this.session.query(
      `select branches.run, branches.name, branches.started, runs.name as run_name, runs.holder, runs.leased_until_us from branches join runs on runs.id = branches.run${ofRun} order by branches.run, branches.branch`,
      values,
    );
    const counts = await this.session.query(
      `select run, count(*) as processes, count(ended_place) as ended from processes${only === undefined ? '' : ' where run = (select id from runs where name = $1)'} group by run`,
      values,
    );
    const byRun = new Map(counts.map((row) => [row['run'], row]));
    const started = new Map<number, Row[]>();
    for (const row of branches) {
      const run = row['run'] as number;
      const known = started.get(run);
      if (known === undefined) started.set(run, [row]);
      else known.push(row);
    }
    const pruned = await this.session.query(
      'select runs.id, runs.name, runs.pruned_us, audit.at_us from runs left join audit on audit.run = runs.id and audit.place = 0 where runs.pruned_us is not null' +
        andRun,
      values,
    );
    const summaries = pruned.map(({ id, name, pruned_us: prunedUs, at_us: atUs }) => ({
      id: id as number,
      run: name as string,
      startedUs: (atUs ?? prunedUs) as number,
      branches: [],
      processes: 0,
      unfinished: 0,
      prunedUs: prunedUs as number,
    }));
    const whole = Array.from(started, ([run, rows]) => {
      const [first] = rows;
      // What is a reference in it is not looked at.
      const { atUs } = outlineOf(first!['started'] as Uint8Array) as RunStarted;
      const { processes = 0, ended = 0 } = (byRun.get(run) ?? {}) as { processes?: number; ended?: number };
      return {
        id: run,
        run: first!['run_name'] as string,
        startedUs: atUs,
        branches: rows.map((row) => row['name'] as string),
        processes,
        unfinished: processes - ended,
        ...leaseOf(first!),
      };
    });
    return [...whole, ...summaries].sort((a, b) => a.id - b.id).map(({ id: _id, ...summary }) => summary);
  }

  async branches(name: string): Promise<readonly RunStarted[]> {
    const rows = await this.ofRun('select started from branches where run = $1 order by branch', name);
    await this.texts.loadFor(rows.map(({ started }) => started));
    return rows.map(({ started }) => branchOf(this.texts, started as Uint8Array));
  }

  async history(
    name: string,
    { branch, pid, after = -1, kinds }: HistoryFilter,
  ): Promise<readonly HistoryRecord[]> {
    const processes = await this.listed(name, { branch, pid });
    const chosen = processes.filter(({ tally }) => kinds === undefined || tally().hasResults(kinds));
    const isWanted = (record: HistoryRecord): boolean =>
      record.n > after && (kinds === undefined || kinds.includes(record.kind));
    const told = await this.told(chosen, {
      after,
      mayHold: kinds && ((row) => contentsOf(row).kinds.some((kind) => kinds.includes(kind))),
    });
    return told.flatMap(({ record }) => (record.type === 'history' && isWanted(record) ? [record] : []));
  }

  async processes(name: string, { branch }: BranchFilter): Promise<readonly StoredProcess[]> {
    const rows = await this.ofRun(
      'select started, ended from processes where run = $1 order by process',
      name,
    );
    return rows
      .map(({ started, ended }) => {
        const start = JSON.parse(started as string) as ProcessStarted;
        return ended === null ? start : { ...start, end: JSON.parse(ended as string) as ProcessEnded };
      })
      .filter((process) => branch === undefined || process.branch === branch);
  }

  async ends(name: string, { branch }: BranchFilter): Promise<readonly ProcessEnded[]> {
    const rows = await this.ofRun(
      'select ended from processes where run = $1 and ended_place is not null order by ended_place',
      name,
    );
    return rows
      .map(({ ended }) => JSON.parse(ended as string) as ProcessEnded)
      .filter((end) => branch === undefined || end.branch === branch);
  }

  async whole(name: string): Promise<WholeRun | undefined> {
    const branches = await this.branches(name);
    if (branches.length === 0) return undefined;
    const placed = await this.records(name);
    const audit = await this.audit(name, {});
    const pages = await this.pages(namedPages([...placed, ...audit.map(({ record }) => record)]));
    return {
      records: [
        ...branches,
        ...(await this.ledger({ run: name })),
        ...Array.from(pages, ([hash, text]) => pageRecord(name, hash, text)),
        ...(await this.recordings(name)),
        ...placed,
      ],
      audit,
    };
  }

  /** Of all branches, when none is named. */
  async records(name: string, branch?: string): Promise<readonly BranchRecord[]> {
    const processes = await this.listed(name, { branch });
    if (processes.length === 0) return [];
    const byNumber = new Map(processes.map((listed) => [listed.process, listed]));
    const rows = await this.session.query('select * from checkpoints where run = $1 order by id', [
      processes[0]!.run,
    ]);
    const checkpoints = rows.filter(({ process }) => byNumber.has(process as number));
    await this.texts.loadFor(checkpoints.map(({ body }) => body));
    const placed: { readonly place: number; readonly record: BranchRecord }[] = [];
    for (const { place, started, ended, endedPlace } of processes) {
      placed.push({ place, record: JSON.parse(started) as ProcessStarted });
      if (ended !== null) placed.push({ place: endedPlace!, record: JSON.parse(ended) as ProcessEnded });
    }
    for (const told of await this.told(processes, {})) placed.push(told);
    for (const row of checkpoints) {
      const { address } = byNumber.get(row['process'] as number)!;
      placed.push({ place: row['place'] as number, record: checkpointOf(this.texts, address, row) });
    }
    // What version 1 wrote may share a place: kinds then follow one another as put here.
    return placed.sort((a, b) => a.place - b.place).map(({ record }) => record);
  }

  async journal(
    { run, branch, pid }: ProcessAddress,
    { types, after, skip = 0 }: JournalFilter,
  ): Promise<readonly JournalRecord[]> {
    const processes = await this.listed(run, { branch, pid });
    const chosen = processes.filter(({ tally }) => types === undefined || tally().hasEntries(types));
    const told = await this.told(chosen, {
      after,
      mayHold: types && ((row) => contentsOf(row).types.some((type) => types.includes(type as JournalType))),
    });
    const isWanted = (record: JournalRecord): boolean =>
      (types === undefined || types.includes(record.type)) &&
      (after === undefined || ('n' in record && record.n > after));
    return told
      .flatMap(({ record }) => (record.type !== 'history' && isWanted(record) ? [record] : []))
      .slice(skip);
  }

  async tally({ run, branch, pid }: ProcessAddress): Promise<ProcessTally> {
    const [process] = await this.listed(run, { branch, pid });
    return {
      results: process?.tally().ofResults() ?? [],
      lastN: Math.max(0, process?.lastN ?? 0),
      lastSeq: process?.lastSeq ?? 0,
    };
  }

  async lastCheckpoint(address: ProcessAddress): Promise<LoadedCheckpoint | undefined> {
    const since =
      'from checkpoints where run = $1 and process = $2 and n >= (select max(n) from checkpoints where run = $1 and process = $2 and is_start = 1)';
    const outlines = await this.ofProcess(`select n, keep ${since} order by n desc`, address);
    if (outlines.length === 0) return undefined;
    const numbers = tellingOf(outlines as readonly { readonly n: number; readonly keep: number }[]);
    const rows = await this.ofProcess(
      `select * ${since} and n in (${numbers.join(', ')}) order by n`,
      address,
    );
    await this.texts.loadFor(rows.map(({ body }) => body));
    const checkpoints = rows.map((row) => checkpointOf(this.texts, address, row));
    const { run, branch, pid, n, state, tip, nextPage, random, atUs } = checkpoints.at(-1)!;
    // The last tip proves the whole prompt, also where those between were not read.
    const linked = checkpoints.map((checkpoint, index) => ({
      ...checkpoint,
      base: checkpoints[index - 1]?.tip ?? '',
    }));
    return { run, branch, pid, n, state, tip, nodes: assemble(linked), nextPage, random, atUs };
  }

  async pages(hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    await this.texts.load(hashes);
    const found = new Map<string, string>();
    for (const hash of hashes) {
      const text = this.texts.page(hash);
      if (text === undefined) continue;
      if (sha256Hex(text) !== hash)
        throw new KernelError('STORAGE_FAILED', `page ${JSON.stringify(hash)}: its text has another hash`);
      found.set(hash, text);
    }
    return found;
  }

  async recordings(name: string): Promise<readonly RecordingRecord[]> {
    const rows = await this.ofRun('select * from recordings where run = $1 order by place', name);
    await this.texts.loadFor(rows.map(({ lines }) => lines));
    return rows.map((row) => recordingOf(this.texts, name, row));
  }

  async ledger({ run }: LedgerFilter): Promise<readonly LedgerRecord[]> {
    const rows = await this.session.query(
      `select ledger.body, runs.name as run_name from ledger join runs on runs.id = ledger.run${run === undefined ? '' : ' where runs.name = $1'} order by ledger.id`,
      run === undefined ? [] : [run],
    );
    return rows.flatMap(({ run_name, body }) => ledgerOf(run_name as string, body as Uint8Array));
  }

  async audit(name: string, { pid }: AuditFilter): Promise<readonly ChainedAuditRecord[]> {
    const rows = await this.ofRun('select * from audit where run = $1 order by place', name);
    return rows
      .map((row) => auditOf(name, row))
      .filter(({ record }) => pid === undefined || record.pid === pid);
  }

  async verifyAudit(name: string): Promise<AuditVerdict> {
    const [row] = await this.session.query('select audit_count, audit_hash from runs where name = $1', [
      name,
    ]);
    const head: AuditHead =
      row === undefined
        ? emptyAuditHead
        : { count: row['audit_count'] as number, hash: row['audit_hash'] as string };
    return verifyAuditChain(await this.audit(name, {}), head);
  }

  private async numberOf(name: string): Promise<number | undefined> {
    const [row] = await this.session.query('select id from runs where name = $1', [name]);
    return row?.['id'] as number | undefined;
  }

  private async ofRun(text: string, name: string): Promise<readonly Row[]> {
    const run = await this.numberOf(name);
    return run === undefined ? [] : this.session.query(text, [run]);
  }

  private async ofProcess(text: string, { run: name, branch, pid }: ProcessAddress): Promise<readonly Row[]> {
    const [listed] = await this.listed(name, { branch, pid });
    return listed === undefined ? [] : this.session.query(text, [listed.run, listed.process]);
  }

  /** What stands in the passages of these processes of one run, in the order of its append. `after`: what comes behind this syscall, and some before it; `mayHold`: of others nothing is wanted. */
  private async told(
    processes: readonly ListedProcess[],
    {
      after,
      mayHold = () => true,
    }: { readonly after?: number | undefined; readonly mayHold?: ((row: Row) => boolean) | undefined },
  ): Promise<readonly PlacedRecord[]> {
    const [first] = processes;
    if (first === undefined) return [];
    const parameters: SqlValue[] = [first.run];
    const conditions = ['run = $1'];
    if (processes.length === 1) conditions.push(`process = $${parameters.push(first.process)}`);
    if (after !== undefined) conditions.push(`last_n > $${parameters.push(after)}`);
    const rows = await this.session.query(
      `select process, place, body from passages where ${conditions.join(' and ')} order by place, id`,
      parameters,
    );
    const byNumber = new Map(processes.map(({ process, address }) => [process, address]));
    const wanted = rows.filter((row) => byNumber.has(row['process'] as number) && mayHold(row));
    await this.texts.loadFor(wanted.map(({ body }) => body));
    const told = wanted.flatMap((row) =>
      placedRecords(this.texts, byNumber.get(row['process'] as number)!, row),
    );
    // One append may have told of several by turns.
    return processes.length === 1 ? told : told.sort((a, b) => a.place - b.place);
  }

  /** In the order of their start. */
  private async listed(
    run: string,
    { branch, pid }: { readonly branch?: string | undefined; readonly pid?: Pid | undefined },
  ): Promise<readonly ListedProcess[]> {
    const conditions: string[] = ['runs.name = $1'];
    const parameters: SqlValue[] = [run];
    if (branch !== undefined) conditions.push(`branches.name = $${parameters.push(branch)}`);
    if (pid !== undefined) conditions.push(`processes.pid = $${parameters.push(pid)}`);
    const rows = await this.session.query(
      'select processes.*, branches.name as branch_name from runs join processes on processes.run = runs.id ' +
        `join branches on branches.run = runs.id and branches.branch = processes.branch where ${conditions.join(' and ')} order by processes.process`,
      parameters,
    );
    return rows.map((row) => ({
      run: row['run'] as number,
      process: row['process'] as number,
      address: { run, branch: row['branch_name'] as string, pid: row['pid'] as Pid },
      lastN: row['last_n'] as number,
      lastSeq: row['last_seq'] as number,
      started: row['started'] as string,
      place: row['place'] as number,
      ended: row['ended'] as string | null,
      endedPlace: row['ended_place'] as number | null,
      tally: () => StoredTally.of(row['tally'] as string | null),
    }));
  }
}

interface ListedProcess {
  readonly run: number;
  readonly process: number;
  readonly address: ProcessAddress;
  readonly lastN: number;
  readonly lastSeq: number;
  readonly started: string;
  readonly place: number;
  readonly ended: string | null;
  readonly endedPlace: number | null;
  readonly tally: () => StoredTally;
}

type JournalType = JournalRecord['type'];

function leaseOf({ holder, leased_until_us: untilUs }: Row): Pick<RunSummary, 'lease'> {
  return holder === null ? {} : { lease: { holder: holder as string, untilUs: untilUs as number } };
}

/** Of the checkpoints from the last one back to a start those that tell a node of its prompt, which later ones have not taken out again. */
function tellingOf(outlines: readonly { readonly n: number; readonly keep: number }[]): readonly number[] {
  const telling: number[] = [];
  let missing = Infinity;
  for (const { n, keep } of outlines) {
    if (keep >= missing) continue;
    telling.push(n);
    missing = keep;
  }
  return telling;
}
