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
import {
  auditOf,
  branchOf,
  checkpointOf,
  historyOf,
  journalOf,
  ledgerOf,
  recordingOf,
} from './record-rows.ts';
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
    const chosen = await this.addresses(name, { branch, pid });
    if (chosen.size === 0) return [];
    const run = await this.numberOf(name);
    // One process's results lie side by side; those of many are put into the order of their append.
    const [only] = chosen.keys();
    const isOne = chosen.size === 1;
    const rows = await this.session.query(
      `select * from history where run = $1 and n > $2${isOne ? ' and process = $3' : ''}${among('kind', kinds)} order by ${isOne ? 'n' : 'place'}`,
      isOne ? [run!, after, only!] : [run!, after],
    );
    await this.texts.loadFor(rows.flatMap(({ result, asked }) => [result, asked]));
    return rows.flatMap((row) => {
      const address = chosen.get(row['process'] as number);
      return address === undefined ? [] : [historyOf(this.texts, address, row)];
    });
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
    const ledger = await this.ofRun('select * from ledger where run = $1 order by id', name);
    const pages = await this.pages(namedPages([...placed, ...audit.map(({ record }) => record)]));
    return {
      records: [
        ...branches,
        ...ledger.map((row) => ledgerOf(name, row)),
        ...Array.from(pages, ([hash, text]) => pageRecord(name, hash, text)),
        ...(await this.recordings(name)),
        ...placed,
      ],
      audit,
    };
  }

  /** Of all branches, when none is named. */
  async records(name: string, branch?: string): Promise<readonly BranchRecord[]> {
    const addresses = await this.addresses(name, { branch });
    if (addresses.size === 0) return [];
    const run = (await this.numberOf(name))!;
    const rowsOf = async (table: string): Promise<readonly Row[]> => {
      const rows = await this.session.query(`select * from ${table} where run = $1`, [run]);
      return rows.filter((row) => addresses.has(row['process'] as number));
    };
    const [processes, history, journal, checkpoints] = [
      await rowsOf('processes'),
      await rowsOf('history'),
      await rowsOf('journal'),
      await rowsOf('checkpoints'),
    ];
    await this.texts.loadFor([
      ...history.flatMap(({ result, asked }) => [result, asked]),
      ...[...journal, ...checkpoints].map(({ body }) => body),
    ]);
    const placed: { readonly place: number; readonly record: BranchRecord }[] = [];
    const put = (place: SqlValue | undefined, record: BranchRecord): void =>
      void placed.push({ place: place as number, record });
    for (const { place, started, ended, ended_place } of processes) {
      put(place, JSON.parse(started as string) as ProcessStarted);
      if (ended !== null) put(ended_place, JSON.parse(ended as string) as ProcessEnded);
    }
    const address = (row: Row): ProcessAddress => addresses.get(row['process'] as number)!;
    for (const row of history) put(row['place'], historyOf(this.texts, address(row), row));
    for (const row of checkpoints) put(row['place'], checkpointOf(this.texts, address(row), row));
    for (const row of journal) put(row['place'], journalOf(this.texts, address(row), row));
    // What an earlier version wrote may share a place: kinds then follow one another as put here.
    return placed.sort((a, b) => a.place - b.place).map(({ record }) => record);
  }

  async journal(
    address: ProcessAddress,
    { types, after, skip = 0 }: JournalFilter,
  ): Promise<readonly JournalRecord[]> {
    const later = after === undefined ? '' : ' and n > $3';
    const rows = await this.ofProcess(
      `select * from journal where run = $1 and process = $2${later}${among('type', types)} order by seq`,
      address,
      after === undefined ? [] : [after],
    );
    const chosen = rows.slice(skip);
    await this.texts.loadFor(chosen.map(({ body }) => body));
    return chosen.map((row) => journalOf(this.texts, address, row));
  }

  async tally(address: ProcessAddress): Promise<ProcessTally> {
    const results = await this.ofProcess(
      'select kind, code, count(*) as count from history where run = $1 and process = $2 group by kind, code order by min(n)',
      address,
    );
    const [last] = await this.ofProcess(
      'select last_n, last_seq from processes where run = $1 and process = $2',
      address,
    );
    return {
      results: results.map(({ kind, code, count }) => ({
        kind: kind as string,
        code: code as string,
        count: count as number,
      })),
      lastN: Math.max(0, (last?.['last_n'] ?? 0) as number),
      lastSeq: (last?.['last_seq'] ?? 0) as number,
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
      `select ledger.*, runs.name as run_name from ledger join runs on runs.id = ledger.run${run === undefined ? '' : ' where runs.name = $1'} order by ledger.id`,
      run === undefined ? [] : [run],
    );
    return rows.map((row) => ledgerOf(row['run_name'] as string, row));
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

  /** `more`: parameters from $3 on. */
  private async ofProcess(
    text: string,
    { run: name, branch, pid }: ProcessAddress,
    more: readonly SqlValue[] = [],
  ): Promise<readonly Row[]> {
    const [process] = (await this.addresses(name, { branch, pid })).keys();
    if (process === undefined) return [];
    const run = await this.numberOf(name);
    return this.session.query(text, [run!, process, ...more]);
  }

  /** Processes by their number in the run. */
  private async addresses(
    run: string,
    { branch, pid }: { readonly branch?: string | undefined; readonly pid?: Pid | undefined },
  ): Promise<ReadonlyMap<number, ProcessAddress>> {
    const conditions: string[] = ['runs.name = $1'];
    const parameters: SqlValue[] = [run];
    if (branch !== undefined) conditions.push(`branches.name = $${parameters.push(branch)}`);
    if (pid !== undefined) conditions.push(`processes.pid = $${parameters.push(pid)}`);
    const rows = await this.session.query(
      'select processes.process, processes.pid, branches.name as branch from runs join processes on processes.run = runs.id ' +
        `join branches on branches.run = runs.id and branches.branch = processes.branch where ${conditions.join(' and ')}`,
      parameters,
    );
    return new Map(
      rows.map((row) => [
        row['process'] as number,
        { run, branch: row['branch'] as string, pid: row['pid'] as Pid },
      ]),
    );
  }
}

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

/** A condition; `words` are of this program, never of its user. */
function among(column: string, words: readonly string[] | undefined): string {
  if (words === undefined) return '';
  return words.length === 0 ? ' and 1 = 0' : ` and ${column} in ('${words.join("', '")}')`;
}
