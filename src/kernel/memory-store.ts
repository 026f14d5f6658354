/**
 * What storage holds, in memory and without waiting: the simulator, whose time is virtual, uses it as it is; MemoryStorage
 * puts the asynchronous contract before it. It owns what it stores and gives copies away, as a database does.
 */
import { copyJson } from '../base/copy-json.ts';
import { sha256Hex } from '../base/sha256.ts';
import { AuditLog, chainAudit } from './audit-log.ts';
import type { AuditHead, AuditVerdict, ChainedAuditRecord } from './audit-log.ts';
import { assemble } from './checkpoint-chain.ts';
import { KernelError } from './errors.ts';
import type {
  AuditRecord,
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  PageRecord,
  ProcessEnded,
  RecordingRecord,
  RunStarted,
} from './records.ts';
import { RememberedTexts } from './remembered-texts.ts';
import { RunTable, sizeOf } from './run-table.ts';
import {
  checkBatch,
  checkLease,
  checkPrune,
  checkRecord,
  checkRun,
  isStoredBatch,
  leaseLost,
  namedPages,
  pageRecord,
  refusal,
} from './storage.ts';
import type { RecalledMemory } from './syscalls.ts';
import type {
  AuditFilter,
  BatchIdentity,
  BranchFilter,
  BranchRecord,
  HistoryFilter,
  JournalFilter,
  LeaseClaim,
  LeaseVerdict,
  LedgerFilter,
  LoadedCheckpoint,
  Memory,
  MemoryFilter,
  KeptBecause,
  ProcessAddress,
  ProcessTally,
  PruneOrder,
  PruneReport,
  Recollection,
  RunFilter,
  RunSummary,
  StorageManager,
  StorageSizes,
  StoredProcess,
  Synchronous,
  WholeRun,
} from './storage.ts';
import { TermOverlapIndex } from './term-overlap.ts';
import type { TextIndex } from './text-index.ts';

export class MemoryStore implements Synchronous<Omit<StorageManager, 'close'>> {
  // Maps give their entries in the order of insertion: runs as they started, memories as they came.
  private readonly tables = new Map<string, RunTable>();
  private readonly pageTexts = new Map<string, string>();
  private readonly ledgerRecords: LedgerRecord[] = [];
  private readonly memories: RememberedTexts;
  /** The number of each writer's last batch. */
  private readonly batches = new Map<string, number>();
  private writers = 0;
  /** Whoever shares this object is one program: nobody has to be kept out. */
  private readonly leases = new Map<string, Omit<LeaseVerdict, 'ok'>>();
  /** Runs and holders whose lease another has taken over. */
  private readonly lostLeases = new Set<string>();

  /** `newIndex`: how texts of a scope are found; default: by the words that they share with the query. */
  constructor(newIndex: () => TextIndex = () => new TermOverlapIndex()) {
    this.memories = new RememberedTexts(newIndex);
  }

  /** Stores the batch whole or, throwing STORAGE_FAILED, nothing of it. */
  append(records: readonly KernelRecord[], batch?: BatchIdentity): void {
    this.take(copyJson(records), batch);
  }

  /** The same for records that nobody else has: they are the store's from now on. */
  take(records: readonly KernelRecord[], batch?: BatchIdentity): void {
    if (batch !== undefined) {
      checkBatch(batch);
      if (isStoredBatch(batch, this.batches.get(batch.writer) ?? 0)) return;
    }
    const added: Exclude<KernelRecord, AuditRecord>[] = [];
    const chained = new Map<AuditLog, ChainedAuditRecord[]>();
    try {
      for (const record of records) {
        checkRecord(record);
        if (record.type === 'audit') chain(this.tableOf(record).audit, record, chained);
        else if (this.add(record)) added.push(record);
      }
    } catch (error) {
      for (const record of added.reverse()) this.takeBack(record);
      throw error;
    }
    // The log is append-only, so nothing joins it before the whole batch is accepted.
    for (const [log, entries] of chained) log.extend(entries);
    if (batch !== undefined) this.batches.set(batch.writer, batch.number);
  }

  newWriter(): string {
    this.writers++;
    return `writer ${this.writers}`;
  }

  runs({ run: only }: RunFilter = {}): RunSummary[] {
    return this.started()
      .filter(([run]) => only === undefined || run === only)
      .map(([run, table]) => {
        const lease = this.leases.get(run);
        return lease === undefined ? table.summary(run) : { ...table.summary(run), lease: { ...lease } };
      });
  }

  branches(run: string): RunStarted[] {
    return (this.find(run)?.started() ?? []).map(copyJson);
  }

  history(run: string, filter: HistoryFilter = {}): HistoryRecord[] {
    return (this.find(run)?.history(filter) ?? []).map(copyJson);
  }

  processes(run: string, { branch }: BranchFilter = {}): StoredProcess[] {
    return (this.find(run)?.processes ?? [])
      .filter(({ started }) => branch === undefined || started.branch === branch)
      .map(({ started, end }) => copyJson(end === undefined ? started : { ...started, end }));
  }

  ends(run: string, { branch }: BranchFilter = {}): ProcessEnded[] {
    return (this.find(run)?.ends ?? [])
      .filter((end) => branch === undefined || end.branch === branch)
      .map(copyJson);
  }

  records(run: string, branch: string): BranchRecord[] {
    return (this.find(run)?.recordsOf(branch) ?? []).map(copyJson);
  }

  journal(
    { run, branch, pid }: ProcessAddress,
    { types, after, skip = 0 }: JournalFilter = {},
  ): JournalRecord[] {
    return (this.find(run)?.process({ branch, pid })?.journal ?? [])
      .filter(
        (record) =>
          (types === undefined || types.includes(record.type)) &&
          (after === undefined || ('n' in record && record.n > after)),
      )
      .slice(skip)
      .map(copyJson);
  }

  tally({ run, branch, pid }: ProcessAddress): ProcessTally {
    const { history = [], journal = [] } = this.find(run)?.process({ branch, pid }) ?? {};
    const counts = new Map<string, ProcessTally['results'][number]>();
    for (const { kind, result } of history) {
      const code = result.ok ? '' : result.code;
      const key = `${kind} ${code}`;
      counts.set(key, { kind, code, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    const results = [...counts.values()];
    return { results, lastN: history.at(-1)?.n ?? 0, lastSeq: journal.at(-1)?.seq ?? 0 };
  }

  lastCheckpoint({ run, branch, pid }: ProcessAddress): LoadedCheckpoint | undefined {
    const checkpoints = this.find(run)?.process({ branch, pid })?.checkpoints ?? [];
    const last = checkpoints.at(-1);
    if (last === undefined) return undefined;
    const first = checkpoints.findLastIndex(({ base }) => base === '');
    const nodes = assemble(checkpoints.slice(first));
    const { n, state, tip, nextPage, random, atUs } = last;
    return copyJson({ run, branch, pid, n, state, tip, nodes, nextPage, random, atUs });
  }

  pages(hashes: readonly string[]): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const hash of hashes) {
      const text = this.pageTexts.get(hash);
      if (text === undefined) continue;
      if (sha256Hex(text) !== hash) {
        throw new KernelError('STORAGE_FAILED', `page ${JSON.stringify(hash)}: its text has another hash`);
      }
      found.set(hash, text);
    }
    return found;
  }

  recordings(run: string): RecordingRecord[] {
    return (this.find(run)?.recordings ?? []).map(copyJson);
  }

  ledger({ run }: LedgerFilter = {}): LedgerRecord[] {
    const chosen = this.ledgerRecords.filter((record) => run === undefined || record.run === run);
    return chosen.map((record) => ({ ...record }));
  }

  audit(run: string, { pid }: AuditFilter = {}): ChainedAuditRecord[] {
    return this.find(run)?.audit.entries(pid) ?? [];
  }

  verifyAudit(run: string): AuditVerdict {
    return (this.find(run)?.audit ?? new AuditLog()).verify();
  }

  remember(memory: Memory): void {
    this.memories.remember(memory);
  }

  lease(claim: LeaseClaim): LeaseVerdict {
    checkLease(claim);
    const { run, holder, atUs, untilUs } = claim;
    const held = this.leases.get(run);
    if (this.lostLeases.has(leaseKey(claim))) throw leaseLost(run);
    if (held !== undefined && held.holder !== holder && held.untilUs > atUs) return { ok: false, ...held };
    if (held !== undefined && held.holder !== holder) this.lostLeases.add(leaseKey({ run, ...held }));
    this.leases.set(run, { holder, untilUs });
    return { ok: true, holder, untilUs };
  }

  release({ run, holder }: Pick<LeaseClaim, 'run' | 'holder'>): void {
    this.lostLeases.delete(leaseKey({ run, holder }));
    if (this.leases.get(run)?.holder === holder) this.leases.delete(run);
  }

  recall(question: Recollection): RecalledMemory[] {
    return this.memories.recall(question);
  }

  remembered(filter: MemoryFilter): RecalledMemory[] {
    return this.memories.latest(filter);
  }

  whole(run: string): WholeRun | undefined {
    const table = this.find(run);
    if (table === undefined || table.isEmpty || table.prunedUs !== undefined) return undefined;
    const placed = table.recordsOf();
    const audit = table.audit.entries();
    const hashes = namedPages([...placed, ...audit.map(({ record }) => record)]);
    const pages = Array.from(this.pages(hashes), ([hash, text]) => pageRecord(run, hash, text));
    return {
      records: copyJson([
        ...table.started(),
        ...this.ledgerOf(run),
        ...pages,
        ...table.recordings,
        ...placed,
      ]),
      audit,
    };
  }

  /** As JSON has them. */
  sizes(): StorageSizes {
    const owners = new Map<string, string>();
    for (const [run, { pages }] of this.tables) for (const hash of pages) owners.set(hash, run);
    const bytes = new Map(
      this.started().map(([run, table]) => [run, table.size + sizeOf(this.ledgerOf(run))] as const),
    );
    for (const [hash, run] of owners)
      bytes.set(run, bytes.get(run)! + (this.pageTexts.get(hash)?.length ?? 0));
    let used = 0;
    for (const size of bytes.values()) used += size;
    return { disk: used, used, runs: Array.from(bytes, ([run, size]) => ({ run, bytes: size })) };
  }

  prune(order: PruneOrder): PruneReport {
    checkPrune(order);
    const pruned: string[] = [];
    const kept: { readonly run: string; readonly because: KeptBecause }[] = [];
    const candidates = new Set<string>();
    for (const run of new Set(order.runs)) {
      const because = this.keptBecause(run, order);
      if (because === undefined) pruned.push(run);
      else kept.push({ run, because });
    }
    if (order.isTrial === true) return { pruned, kept, pages: 0 };
    for (const run of pruned) {
      const table = this.tables.get(run)!;
      for (const hash of table.pages) candidates.add(hash);
      table.prune(order.withAudit === true ? undefined : order.atUs);
    }
    for (const { pages } of this.tables.values()) for (const hash of pages) candidates.delete(hash);
    for (const hash of candidates) this.pageTexts.delete(hash);
    return { pruned, kept, pages: candidates.size };
  }

  private keptBecause(
    run: string,
    { atUs, unfinished = false, withAudit = false }: PruneOrder,
  ): KeptBecause | undefined {
    const table = this.tables.get(run);
    if (table === undefined || table.isEmpty) return 'unknown';
    if ((this.leases.get(run)?.untilUs ?? 0) > atUs) return 'leased';
    if (table.prunedUs !== undefined) return withAudit ? undefined : 'pruned';
    return table.summary(run).unfinished > 0 && !unfinished ? 'unfinished' : undefined;
  }

  private ledgerOf(run: string): readonly LedgerRecord[] {
    return this.ledgerRecords.filter((record) => record.run === run);
  }

  /** Stores a record; false when it was there. */
  private add(record: Exclude<KernelRecord, AuditRecord>): boolean {
    if (record.type === 'run.started') return this.startRun(record);
    const table = this.tableOf(record);
    if (record.type === 'page') return this.addPage(record);
    const isNew = table.add(record);
    if (isNew && record.type === 'ledger') this.ledgerRecords.push(record);
    return isNew;
  }

  /** Undoes `add` for the record that was added last. */
  private takeBack(record: Exclude<KernelRecord, AuditRecord>): void {
    if (record.type === 'page') {
      this.pageTexts.delete(record.hash);
      return;
    }
    const table = this.tableOf(record);
    table.takeBack(record);
    if (record.type === 'ledger') this.ledgerRecords.pop();
    if (table.isEmpty) this.tables.delete(record.run);
  }

  /** A run has a table from its first branch on. */
  private startRun(record: RunStarted): boolean {
    const table = this.tables.get(record.run) ?? new RunTable();
    this.tables.set(record.run, table);
    return table.add(record);
  }

  /** Another run, or another token count, brings the same page again. */
  private addPage(record: PageRecord): boolean {
    const { hash, text } = record;
    const table = this.tableOf(record);
    if (table.prunedUs !== undefined) throw refusal(record, 'belongs to a run that was pruned');
    const known = this.pageTexts.get(hash);
    if (known === undefined || known === text) table.pages.add(hash);
    if (known === text) return false;
    if (known !== undefined) throw refusal(record, `gives page ${JSON.stringify(hash)} another text`);
    this.pageTexts.set(hash, text);
    return true;
  }

  private tableOf(record: KernelRecord): RunTable {
    const table = this.tables.get(record.run);
    if (table === undefined || table.isEmpty) throw refusal(record, 'belongs to a run that has not started');
    return table;
  }

  /** One that was pruned with its audit log has not started, but has a ledger. */
  private started(): [string, RunTable][] {
    return [...this.tables].filter(([, table]) => !table.isEmpty);
  }

  private find(run: string): RunTable | undefined {
    checkRun(run);
    return this.tables.get(run);
  }
}

const leaseKey = ({ run, holder }: Pick<LeaseClaim, 'run' | 'holder'>): string =>
  JSON.stringify([run, holder]);

/** Chains an audit record behind its log and what the batch has for it so far. */
function chain(log: AuditLog, record: AuditRecord, chained: Map<AuditLog, ChainedAuditRecord[]>): void {
  const entries = chained.get(log) ?? [];
  const last = entries.at(-1);
  const head: AuditHead = last === undefined ? log.head : { count: last.index + 1, hash: last.hash };
  entries.push(chainAudit(head, record));
  chained.set(log, entries);
}
