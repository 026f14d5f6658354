/**
 * The storage contract: asynchronous, and it acknowledges. What resolved is durable; what was rejected changed nothing.
 * Storage keeps what the kernel recorded and hands it back for recovery; it decides nothing and knows no clock.
 *
 * Every adapter keeps these rules, in memory or not:
 * - A batch is taken whole or not at all, as the records read at the time of the call.
 * - A record is stored once. The same record again changes nothing; another record in its place is refused.
 * - A process that ended stays ended: its branch takes no more history, journal or checkpoints of it, and the budget no more
 *   reservations. What it used may still be settled and audited, because a stopped call ends after its process.
 * - A history grows at its end only, a journal by the next number. A checkpoint builds on the one before it or tells its prompt from the start.
 * - Records of a version that is not known here are refused.
 * - Who has leased a run through this storage object, and has not given the lease back, stores nothing more of it as soon as another has: LEASE_LOST, however late its writes come (a
 *   fencing token does that).
 * - A run that was pruned takes no more than what settles and tells of a call that ended after it.
 * - A run sees its own records only. Pages are the exception: a content is stored once for all who know its hash.
 *
 * - What failed with STORAGE_UNAVAILABLE may be repeated as it is, until it succeeds: a named batch, a memory, a lease and its return, a question.
 *
 * A refusal is a KernelError STORAGE_FAILED; a reader that is asked for an impossible thing throws INVALID_ARGUMENT. STORAGE_UNAVAILABLE is no refusal: a full disk or a lost connection.
 * Whether what was to be stored has been stored is then not known.
 */
import { canonicalJson } from '../base/canonical-json.ts';
import type { AuditVerdict, ChainedAuditRecord } from './audit-log.ts';
import { invalid, KernelError } from './errors.ts';
import type { Json, Pid } from './ids.ts';
import { historyVersion } from './records.ts';
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
  PromptNode,
  RecordingRecord,
  RunStarted,
} from './records.ts';
import type { CallIdentity } from './requests.ts';
import type { RecalledMemory } from './syscalls.ts';

export interface StorageManager {
  /**
   * Appends in order; resolves when durable. Group commit: one flush carries whatever is waiting. Audit records join the
   * chain of their run in the order of the appends; they have no identity of their own, so each append of one is an entry.
   * Whoever names its batches may repeat one of which nobody knows whether it was stored: it is stored once.
   */
  append(records: readonly KernelRecord[], batch?: BatchIdentity): Promise<void>;
  /** A name for a writer of batches: like no other one that this storage knows, or will know. */
  newWriter(): string;
  /** All runs, in the order of their start, or one: none where there is no such run. */
  runs(filter?: RunFilter): Promise<readonly RunSummary[]>;
  /** How each branch of the run was started, in their order. Empty for an unknown run. */
  branches(run: string): Promise<readonly RunStarted[]>;
  /** Syscall results in the order of their append. Empty for an unknown run. */
  history(run: string, filter?: HistoryFilter): Promise<readonly HistoryRecord[]>;
  /** The run's processes in the order of their start, each with its end, when it has one. */
  processes(run: string, filter?: BranchFilter): Promise<readonly StoredProcess[]>;
  /** The ends of the run's processes in the order of their append: that in which their parents were to be told. */
  ends(run: string, filter?: BranchFilter): Promise<readonly ProcessEnded[]>;
  /** All that a branch holds, its checkpoints as they were told, in the order of the appends. Empty for an unknown one. */
  records(run: string, branch: string): Promise<readonly BranchRecord[]>;
  /** What reached the process, in its order. */
  journal(process: ProcessAddress, filter?: JournalFilter): Promise<readonly JournalRecord[]>;
  /** What its history and its journal come to, for whoever has no use for all of them. */
  tally(process: ProcessAddress): Promise<ProcessTally>;
  /** The process's last checkpoint with its whole prompt. STORAGE_FAILED when the prompt is not what the tip names. */
  lastCheckpoint(process: ProcessAddress): Promise<LoadedCheckpoint | undefined>;
  /** The texts of these pages, by hash; a hash whose text is not stored is left out. STORAGE_FAILED for a text of another hash. */
  pages(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The parts of the run's recordings in the order of their append, in which those of several kernels may alternate. */
  recordings(run: string): Promise<readonly RecordingRecord[]>;
  /** Reservations and settlements of all runs, or of one, in the order of their append. */
  ledger(filter?: LedgerFilter): Promise<readonly LedgerRecord[]>;
  /** The run's audit chain, or those of its entries that concern one process. */
  audit(run: string, filter?: AuditFilter): Promise<readonly ChainedAuditRecord[]>;
  /** Checks the run's whole chain against its head, so that what `audit` shows of one process is verified, too. */
  verifyAudit(run: string): Promise<AuditVerdict>;
  /**
   * Resolves when durable. A memory with a key takes the place of the scope's memory under this key. The same memory again, at whatever time, changes nothing, so a repeated call can't
   * remember twice, nor bring back what another has replaced since.
   */
  remember(memory: Memory): Promise<void>;
  /** At most `limit` memories of the scope that share a word with the query, or by the storage's own search one like it: best first, then the latest. */
  recall(question: Recollection): Promise<readonly RecalledMemory[]>;
  /** At most `limit` memories of the scope as they stand, the latest first; each with the score 1. */
  remembered(filter: MemoryFilter): Promise<readonly RecalledMemory[]>;
  /**
   * Takes the lease of a run that nobody holds, or whose time is over, or prolongs the holder's own; resolves when durable. The run need not have started. LEASE_LOST for a holder whose lease
   * another has taken over, also when that has given it back since: what the holder knows of the run is of before. Once it has given its own back it may begin anew.
   */
  lease(claim: LeaseClaim): Promise<LeaseVerdict>;
  /** Gives it back. Nothing happens when somebody else has it. */
  release(claim: Pick<LeaseClaim, 'run' | 'holder'>): Promise<void>;
  /** All of a run, as of one moment; undefined for an unknown one, and for one that was pruned. STORAGE_FAILED for what is damaged. */
  whole(run: string): Promise<WholeRun | undefined>;
  /** What each run takes, in the order of their start. */
  sizes(): Promise<StorageSizes>;
  /**
   * Removes of these runs whatever is not their audit log or their ledger (what was spent stays spent), and the pages that no other run uses; each run whole or, when it may not go, not at
   * all. Then gives the space back.
   */
  prune(order: PruneOrder): Promise<PruneReport>;
  /** Makes everything that waits durable; afterwards every call is refused. */
  close(): Promise<void>;
}

/** The same operations for a caller that doesn't wait: what is thrown there is what rejects here. */
export type Synchronous<Contract> = {
  readonly [Name in keyof Contract]: Contract[Name] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result
    : Contract[Name];
};

/** `processes` counts those of all branches, `unfinished` those without an end. */
export interface RunSummary {
  /** Absent: it has all that it was given. When its rest was removed: its branches and processes are not known any more, and it has started when its audit log does. */
  readonly prunedUs?: number;
  readonly run: string;
  readonly startedUs: number;
  readonly branches: readonly string[];
  readonly processes: number;
  readonly unfinished: number;
  /** As it was claimed last; its time may be over. Absent: it was given back, or never taken. */
  readonly lease?: Omit<LeaseVerdict, 'ok'>;
}

/** What a branch holds, beside how it was started. */
export type BranchRecord = ProcessStarted | HistoryRecord | JournalRecord | CheckpointRecord | ProcessEnded;

/** The number is kept in the transaction that stores the batch: the same one again changes nothing, and one that is not the next of its writer is refused. */
export interface BatchIdentity {
  readonly writer: string;
  /** From 1, by one for each batch that was stored. */
  readonly number: number;
}

export interface RunFilter {
  readonly run?: string;
}

export interface BranchFilter {
  readonly branch?: string;
}

export interface HistoryFilter extends BranchFilter {
  readonly pid?: Pid;
  /** Only results of later syscalls than this one: what happened since a checkpoint. */
  readonly after?: number;
  /** Of these syscalls only. */
  readonly kinds?: readonly string[];
}

export interface JournalFilter {
  readonly types?: readonly JournalRecord['type'][];
  /** Only what is about later syscalls than this one. */
  readonly after?: number;
  /** Leaves out so many of those, from the first on. */
  readonly skip?: number;
}

/** `lastN`: of its last result, `lastSeq`: of its last journal record; 0: none. */
export interface ProcessTally {
  /** By kind and code, '' for those that are ok. */
  readonly results: readonly { readonly kind: string; readonly code: string; readonly count: number }[];
  readonly lastN: number;
  readonly lastSeq: number;
}

export interface LedgerFilter {
  readonly run?: string;
}

export interface AuditFilter {
  readonly pid?: Pid;
}

/** One process for ever: pids count from 1 in each kernel, so a pid alone names nothing in storage. */
export interface ProcessAddress {
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
}

export type StoredProcess = ProcessStarted & { readonly end?: ProcessEnded };

/** A checkpoint to restore from: `nodes` is the whole prompt, `n` the syscall that saved it. The caller owns it. */
export interface LoadedCheckpoint extends ProcessAddress {
  readonly n: number;
  readonly state: Json;
  readonly tip: string;
  readonly nodes: readonly PromptNode[];
  readonly nextPage: number;
  readonly random: Json;
  readonly atUs: number;
}

/** A text to be found again by any process that knows the scope. `identity` is that of the call that remembers it. */
export interface Memory {
  readonly identity: CallIdentity;
  readonly scope: string;
  readonly text: string;
  /** Not empty. Absent: it stands beside all others. */
  readonly key?: string;
  readonly data?: Json;
  readonly atUs: number;
}

/** Who wants to be the only one that drives a run. Storage knows no clock: `atUs` is the claimant's now. */
export interface LeaseClaim {
  readonly run: string;
  /** Like no other's. */
  readonly holder: string;
  readonly atUs: number;
  readonly untilUs: number;
}

/** `holder`, `untilUs`: of the lease that stands. */
export interface LeaseVerdict {
  readonly ok: boolean;
  readonly holder: string;
  readonly untilUs: number;
}

/** What makes the same run in another storage: `records` in an order in which they can be appended, the pages that they and the audit log name among them. */
export interface WholeRun {
  readonly records: readonly Exclude<KernelRecord, AuditRecord>[];
  readonly audit: readonly ChainedAuditRecord[];
}

/** Bytes. `used` of `disk` is taken, the rest is free to be filled again. */
export interface StorageSizes {
  readonly disk: number;
  readonly used: number;
  /** A page that several use counts for the latest of them. Together no more than `used`; of a run that was pruned, what is left. */
  readonly runs: readonly { readonly run: string; readonly bytes: number }[];
}

export interface PruneOrder {
  readonly runs: readonly string[];
  /** Now: leases that last longer are respected. */
  readonly atUs: number;
  /** Also runs that are not over, when nobody has leased them: they can't go on then. */
  readonly unfinished?: boolean;
  /** Their audit logs, too; afterwards nothing tells of them but the ledger, and their names are free. */
  readonly withAudit?: boolean;
  /** Only tells what would go. */
  readonly isTrial?: boolean;
}

/** `leased`, `unfinished`, `written`: somebody may still need it, or is writing to it; `pruned`: it was before; `unknown`: there is no such run. */
export type KeptBecause = 'leased' | 'unfinished' | 'written' | 'pruned' | 'unknown';

export interface PruneReport {
  readonly pruned: readonly string[];
  readonly kept: readonly { readonly run: string; readonly because: KeptBecause }[];
  /** How many pages and long texts went with them. */
  readonly pages: number;
}

export interface MemoryFilter {
  readonly scope: string;
  /** Integer, at least 1. */
  readonly limit: number;
}

export interface Recollection {
  readonly scope: string;
  readonly query: string;
  /** Integer, at least 1. */
  readonly limit: number;
}

export function pageRecord(run: string, hash: string, text: string): PageRecord {
  return { v: historyVersion, type: 'page', run, hash, text };
}

/** Hashes of the pages that these records name, in the order of their first mention. */
export function namedPages(records: readonly KernelRecord[]): readonly string[] {
  const hashes = new Set<string>();
  for (const record of records) {
    if (record.type === 'checkpoint') for (const { hash } of record.nodes) hashes.add(hash);
    if (record.type === 'audit' && record.reasoning !== undefined) hashes.add(record.reasoning);
    if (record.type !== 'history' || record.kind !== 'think' || !record.result.ok) continue;
    const { content } = record.result.value as { readonly content?: { readonly hash: string } };
    if (content !== undefined) hashes.add(content.hash);
  }
  hashes.delete('');
  return [...hashes];
}

/** Throws STORAGE_FAILED unless the record is one that this version can store, judged by itself alone. */
export function checkRecord(record: KernelRecord): void {
  if (!recordTypes.has(record.type))
    throw notStored(record, 'type', record.type, [...recordTypes].join(', '));
  if (record.v !== historyVersion) throw notStored(record, 'v', record.v, String(historyVersion));
  if (!isName(record.run)) throw notStored(record, 'run', record.run, 'a text that is not empty');
  if ('branch' in record && !isName(record.branch)) {
    throw notStored(record, 'branch', record.branch, 'a text that is not empty');
  }
  if ('pid' in record && !(Number.isSafeInteger(record.pid) && record.pid >= 1)) {
    throw notStored(record, 'pid', record.pid, 'an integer of at least 1');
  }
  if ('n' in record && !(Number.isSafeInteger(record.n) && record.n >= 0)) {
    throw notStored(record, 'n', record.n, 'an integer of at least 0');
  }
  if ('session' in record && !isName(record.session)) {
    throw notStored(record, 'session', record.session, 'a text that is not empty');
  }
  if ('part' in record && !(Number.isSafeInteger(record.part) && record.part >= 1)) {
    throw notStored(record, 'part', record.part, 'an integer of at least 1');
  }
  if ('seq' in record && !(Number.isSafeInteger(record.seq) && record.seq >= 1)) {
    throw notStored(record, 'seq', record.seq, 'an integer of at least 1');
  }
  for (const field of record.type === 'ledger' || record.type === 'audit' ? amountFields : timeFields) {
    const amount: unknown = (record as Partial<Record<AmountField, unknown>>)[field];
    // JSON has no other numbers: in a ledger or an audit chain they would turn into something else.
    if (amount !== undefined && !Number.isFinite(amount))
      throw notStored(record, field, amount, 'a finite number');
  }
}

/** Refuses a record because of what is stored already. `why` ends the sentence that begins with the record's name. */
export function refusal(record: KernelRecord, why: string): KernelError {
  return new KernelError('STORAGE_FAILED', `${nameOf(record)} ${why}`, { detail: { record } });
}

/** Whether two records say the same, whatever the order of their fields. */
export function isSameRecord(a: object, b: object): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** Readers name a run: without one, a caller could be handed the records of another. */
export function checkRun(run: string): void {
  if (!isName(run)) throw invalid('run', run, 'a text that is not empty');
}

export function checkBatch({ writer, number }: BatchIdentity): void {
  if (!isName(writer)) throw invalid('writer', writer, 'a text that is not empty');
  if (!(Number.isSafeInteger(number) && number >= 1))
    throw invalid('number', number, 'an integer of at least 1');
}

/** Whether it is stored already; `last`: the number of the writer's last one, 0 for none. Throws KernelError STORAGE_FAILED for one that is not the next either. */
export function isStoredBatch({ writer, number }: BatchIdentity, last: number): boolean {
  if (number > last + 1)
    throw new KernelError(
      'STORAGE_FAILED',
      `batch of writer ${JSON.stringify(writer)}: number: ${number} is not allowed; allowed: ${last + 1}, the next`,
    );
  return number <= last;
}

export function checkMemory(memory: Memory): void {
  if (!isName(memory.scope)) throw invalid('scope', memory.scope, 'a text that is not empty');
  if (typeof memory.text !== 'string') throw invalid('text', memory.text, 'a text');
  if (memory.key !== undefined && !isName(memory.key))
    throw invalid('key', memory.key, 'a text that is not empty');
}

export function checkLease({ run, holder, atUs, untilUs }: LeaseClaim): void {
  checkRun(run);
  if (!isName(holder)) throw invalid('holder', holder, 'a text that is not empty');
  if (!(Number.isSafeInteger(atUs) && atUs >= 0)) throw invalid('atUs', atUs, 'an integer of at least 0');
  if (!(Number.isSafeInteger(untilUs) && untilUs > atUs))
    throw invalid('untilUs', untilUs, `an integer above atUs, ${atUs}`);
}

export function checkPrune({ runs, atUs }: PruneOrder): void {
  for (const run of runs) checkRun(run);
  if (!(Number.isSafeInteger(atUs) && atUs >= 0)) throw invalid('atUs', atUs, 'an integer of at least 0');
}

export function leaseLost(run: string): KernelError {
  return new KernelError('LEASE_LOST', `run ${JSON.stringify(run)}: another worker has taken it over`, {
    detail: { run },
  });
}

export function checkRecollection({ query, ...filter }: Recollection): void {
  checkMemoryFilter(filter);
  if (typeof query !== 'string') throw invalid('query', query, 'a text');
}

export function checkMemoryFilter({ scope, limit }: MemoryFilter): void {
  if (!isName(scope)) throw invalid('scope', scope, 'a text that is not empty');
  if (!(Number.isSafeInteger(limit) && limit >= 1)) throw invalid('limit', limit, 'an integer of at least 1');
}

const recordTypes: ReadonlySet<string> = new Set<KernelRecord['type']>([
  'run.started',
  'process.started',
  'history',
  'tool.started',
  'tool.ended',
  'message.sent',
  'signal.sent',
  'answer.partial',
  'checkpoint',
  'ledger',
  'audit',
  'page',
  'process.ended',
  'recording',
]);

const amountFields = [
  'atUs',
  'tokens',
  'tokensCached',
  'tokensOut',
  'calls',
  'microDollars',
  'coreUs',
] as const;
type AmountField = (typeof amountFields)[number];
/** Those of records without a cost. */
const timeFields: readonly AmountField[] = ['atUs'];

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function notStored(record: KernelRecord, field: string, value: unknown, allowed: string): KernelError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  const message = `${record.type} record: ${field}: ${shown} is not allowed; allowed: ${allowed}`;
  return new KernelError('STORAGE_FAILED', message, { detail: { record, field, value, allowed } });
}

/** Run and branch are quoted, so that the message stays one line whatever they hold. */
function nameOf(record: KernelRecord): string {
  const parts = [`run ${JSON.stringify(record.run)}`];
  if ('branch' in record) parts.push(`branch ${JSON.stringify(record.branch)}`);
  if ('pid' in record) parts.push(`process ${record.pid}`);
  if ('n' in record) parts.push(`n ${record.n}`);
  if ('part' in record) parts.push(`part ${record.part} of ${JSON.stringify(record.session)}`);
  return `${record.type} record (${parts.join(', ')})`;
}
