/** What may come next to the runs of a storage, without what they hold: enough to judge every append by, small enough to keep at hand. */
import { emptyAuditHead, type AuditHead } from '../../kernel/audit-log.ts';
import type { Pid } from '../../kernel/ids.ts';
import { CallBook } from './call-books.ts';
import type { Passage } from './passages.ts';
import { StoredTally } from './process-tallies.ts';
import { branchesTable, processesTable } from './tables.ts';
import type { Row, SqlSession } from './sql.ts';

export interface RunHead {
  /** 0: the database has not numbered it yet. */
  id: number;
  readonly name: string;
  /** As the database has it: another program's transaction has raised it. */
  version: number;
  /** Of the database, when that was compared last: as long as no other connection has written since, it is the same. */
  checkedAt: number | undefined;
  /** How many records with a place it has. */
  places: number;
  audit: AuditHead;
  /** Of its lease: how often it has changed hands, and who has it. */
  fence: number;
  holder: string | null;
  /** Null: it has all that it was given. */
  prunedUs: number | null;
  /** By name. */
  readonly branches: Map<string, BranchHead>;
  /** In the order of their start. */
  readonly processes: ProcessHead[];
  /** Undefined: has to be read. */
  calls: CallBook | undefined;
  /** Hashes of some of the pages that it is known to use: those that it may name again soon. */
  readonly pages: Set<string>;
  /** By which pending rows it was changed last, and in which append of these (pending-rows.ts). */
  touchedIn: object | undefined;
  markedIn: object | undefined;
}

export interface BranchHead {
  readonly branch: number;
  readonly name: string;
  readonly processes: Map<Pid, ProcessHead>;
}

export interface ProcessHead {
  readonly process: number;
  readonly pid: Pid;
  readonly branch: BranchHead;
  /** -1: none. */
  lastN: number;
  lastSeq: number;
  /** -1: none. */
  checkpointN: number;
  tip: string;
  promptLength: number;
  hasEnded: boolean;
  /** Of what is stored. */
  readonly tally: StoredTally;
  /** As those of its run. */
  changedIn: object | undefined;
  markedIn: object | undefined;
  /** What an append has told of it so far. */
  told: { readonly mark: object; readonly passage: Passage } | undefined;
}

/** `row`: of the run, from the table of runs. */
export async function loadHead(session: SqlSession, row: Row): Promise<RunHead> {
  const head = newRun(row['name'] as string);
  head.id = row['id'] as number;
  head.version = row['version'] as number;
  head.places = row['places'] as number;
  head.fence = row['fence'] as number;
  head.holder = row['holder'] as string | null;
  head.prunedUs = row['pruned_us'] as number | null;
  head.calls = undefined;
  head.audit = { count: row['audit_count'] as number, hash: row['audit_hash'] as string };
  const byNumber: BranchHead[] = [];
  const branches = `select branch, name from ${branchesTable.name} where run = $1 order by branch`;
  for (const found of await session.query(branches, [head.id]))
    byNumber.push(addBranch(head, found['name'] as string));
  const processes =
    `select process, branch, pid, last_n, last_seq, checkpoint_n, tip, prompt_length, ended_place, tally from ${processesTable.name} ` +
    `where run = $1 order by process`;
  for (const found of await session.query(processes, [head.id])) {
    const process = addProcess(
      head,
      byNumber[found['branch'] as number]!,
      found['pid'] as Pid,
      StoredTally.of(found['tally'] as string | null),
    );
    process.lastN = found['last_n'] as number;
    process.lastSeq = found['last_seq'] as number;
    process.checkpointN = found['checkpoint_n'] as number;
    process.tip = found['tip'] as string;
    process.promptLength = found['prompt_length'] as number;
    process.hasEnded = found['ended_place'] !== null;
  }
  return head;
}

export function newRun(name: string): RunHead {
  return {
    id: 0,
    name,
    version: 0,
    checkedAt: undefined,
    places: 0,
    audit: emptyAuditHead,
    fence: 0,
    holder: null,
    prunedUs: null,
    branches: new Map(),
    processes: [],
    calls: new CallBook(),
    pages: new Set(),
    touchedIn: undefined,
    markedIn: undefined,
  };
}

export function addBranch(run: RunHead, name: string): BranchHead {
  const branch: BranchHead = { branch: run.branches.size, name, processes: new Map() };
  run.branches.set(name, branch);
  return branch;
}

export function addProcess(
  run: RunHead,
  branch: BranchHead,
  pid: Pid,
  tally = new StoredTally(),
): ProcessHead {
  const process: ProcessHead = {
    process: run.processes.length,
    pid,
    branch,
    lastN: -1,
    lastSeq: 0,
    checkpointN: -1,
    tip: '',
    promptLength: 0,
    hasEnded: false,
    tally,
    changedIn: undefined,
    markedIn: undefined,
    told: undefined,
  };
  run.processes.push(process);
  branch.processes.set(pid, process);
  return process;
}
