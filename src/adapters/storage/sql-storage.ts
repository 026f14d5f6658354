/**
 * Storage in a database. Writes wait in one queue; a flush takes all that waits, as one transaction, and only then are they acknowledged: while one is under way, the next gathers.
 */
import { randomUUID } from 'node:crypto';

import { copyJson } from '../../base/copy-json.ts';
import type { AuditVerdict, ChainedAuditRecord } from '../../kernel/audit-log.ts';
import { KernelError } from '../../kernel/errors.ts';
import type {
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  ProcessEnded,
  RecordingRecord,
  RunStarted,
} from '../../kernel/records.ts';
import {
  checkBatch,
  checkLease,
  checkMemory,
  checkMemoryFilter,
  checkPrune,
  checkRecollection,
  checkRun,
} from '../../kernel/storage.ts';
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
  WholeRun,
} from '../../kernel/storage.ts';
import type { RecalledMemory } from '../../kernel/syscalls.ts';
import { AppendBatch } from './append-batch.ts';
import { BatchNumbers } from './batch-numbers.ts';
import { carryOut, planPrune, runSizes, type PrunedNow } from './pruned-runs.ts';
import type { RunHead } from './run-heads.ts';
import { giveLeaseBack, takeLease } from './run-leases.ts';
import type { SqlDatabase, SqlSession } from './sql.ts';
import { recall, remember, remembered } from './stored-memories.ts';
import { StoredRuns } from './stored-runs.ts';

interface Write {
  readonly content:
    | { readonly records: readonly KernelRecord[]; readonly batch: BatchIdentity | undefined }
    | { readonly memory: Memory };
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Runs that go in one transaction: others wait no longer than that takes. */
const prunedAtOnce = 20;

/** Of one flush, when other programs write at the same time. */
const mostAttempts = 5;

export class SqlStorage implements StorageManager {
  /** How many flushes carried something so far. */
  flushes = 0;
  private readonly database: SqlDatabase;
  /** Of runs that are not over. */
  private heads = new Map<string, RunHead>();
  /** Of the leases taken here and not given back, by run. */
  private readonly fences = new Map<string, number>();
  /** The same by run and holder, of those that have not given theirs back. */
  private readonly taken = new Map<string, number>();
  private waiting: Write[] = [];
  private flushing: Promise<void> | undefined;
  private isClosed = false;
  private closed: Promise<void> | undefined;

  /** `database`: with the schema of this version. */
  constructor(database: SqlDatabase) {
    this.database = database;
  }

  async append(records: readonly KernelRecord[], batch?: BatchIdentity): Promise<void> {
    if (batch !== undefined) checkBatch(batch);
    // The caller's array and records are its own again as soon as this returns.
    return this.write({
      records: copyJson(records),
      batch: batch && { ...batch },
    });
  }

  newWriter(): string {
    return randomUUID();
  }

  async remember(memory: Memory): Promise<void> {
    checkMemory(memory);
    return this.write({ memory: copyJson(memory) });
  }

  runs(filter: RunFilter = {}): Promise<readonly RunSummary[]> {
    return this.read((stored) => stored.runs(filter));
  }

  async branches(run: string): Promise<readonly RunStarted[]> {
    checkRun(run);
    return this.read((stored) => stored.branches(run));
  }

  async history(run: string, filter: HistoryFilter = {}): Promise<readonly HistoryRecord[]> {
    checkRun(run);
    return this.read((stored) => stored.history(run, filter));
  }

  async processes(run: string, filter: BranchFilter = {}): Promise<readonly StoredProcess[]> {
    checkRun(run);
    return this.read((stored) => stored.processes(run, filter));
  }

  async ends(run: string, filter: BranchFilter = {}): Promise<readonly ProcessEnded[]> {
    checkRun(run);
    return this.read((stored) => stored.ends(run, filter));
  }

  async records(run: string, branch: string): Promise<readonly BranchRecord[]> {
    checkRun(run);
    return this.read((stored) => stored.records(run, branch));
  }

  async journal(process: ProcessAddress, filter: JournalFilter = {}): Promise<readonly JournalRecord[]> {
    checkRun(process.run);
    return this.read((stored) => stored.journal(process, filter));
  }

  async tally(process: ProcessAddress): Promise<ProcessTally> {
    checkRun(process.run);
    return this.read((stored) => stored.tally(process));
  }

  async lastCheckpoint(process: ProcessAddress): Promise<LoadedCheckpoint | undefined> {
    checkRun(process.run);
    return this.read((stored) => stored.lastCheckpoint(process));
  }

  pages(hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.read((stored) => stored.pages(hashes));
  }

  async recordings(run: string): Promise<readonly RecordingRecord[]> {
    checkRun(run);
    return this.read((stored) => stored.recordings(run));
  }

  ledger(filter: LedgerFilter = {}): Promise<readonly LedgerRecord[]> {
    return this.read((stored) => stored.ledger(filter));
  }

  async audit(run: string, filter: AuditFilter = {}): Promise<readonly ChainedAuditRecord[]> {
    checkRun(run);
    return this.read((stored) => stored.audit(run, filter));
  }

  async verifyAudit(run: string): Promise<AuditVerdict> {
    checkRun(run);
    return this.read((stored) => stored.verifyAudit(run));
  }

  async recall(question: Recollection): Promise<readonly RecalledMemory[]> {
    checkRecollection(question);
    return this.inOneMoment((session) => recall(session, question));
  }

  async remembered(filter: MemoryFilter): Promise<readonly RecalledMemory[]> {
    checkMemoryFilter(filter);
    return this.inOneMoment((session) => remembered(session, filter));
  }

  async lease(claim: LeaseClaim): Promise<LeaseVerdict> {
    checkLease(claim);
    this.checkOpen();
    const key = JSON.stringify([claim.run, claim.holder]);
    const { verdict, fence } = await this.atomically((session) => {
      // Our own writes don't tell us that they have changed it.
      this.heads.delete(claim.run);
      return takeLease(session, claim, this.taken.get(key));
    });
    if (!verdict.ok) return verdict;
    this.fences.set(claim.run, fence);
    this.taken.set(key, fence);
    return verdict;
  }

  async release(claim: Pick<LeaseClaim, 'run' | 'holder'>): Promise<void> {
    this.checkOpen();
    const wasGivenBack = await this.atomically((session) => {
      this.heads.delete(claim.run);
      return giveLeaseBack(session, claim);
    });
    if (wasGivenBack) this.fences.delete(claim.run);
    this.taken.delete(JSON.stringify([claim.run, claim.holder]));
  }

  async whole(run: string): Promise<WholeRun | undefined> {
    checkRun(run);
    return this.read((stored) => stored.whole(run));
  }

  async sizes(): Promise<StorageSizes> {
    this.checkOpen();
    const { disk, used } = await this.database.size();
    return { disk, used, runs: await this.inOneMoment((session) => runSizes(session, used)) };
  }

  async prune(order: PruneOrder): Promise<PruneReport> {
    checkPrune(order);
    const { runs, ...rest } = order;
    const reports: PrunedNow[] = [];
    const waiting = [...new Set(runs)];
    const tries = new Map<string, number>();
    const written: string[] = [];
    while (waiting.length > 0) {
      const now = { ...rest, runs: waiting.splice(0, prunedAtOnce) };
      const plan = await this.inOneMoment((session) => planPrune(session, now));
      if (now.isTrial === true) {
        const names = plan.targets.map(({ name }) => name as string);
        reports.push({ pruned: names, kept: plan.kept, pages: 0, changed: [] });
        continue;
      }
      const report = await this.atomically((session) => {
        for (const { name } of plan.targets) this.heads.delete(name as string);
        return carryOut(session, now, plan);
      });
      for (const run of report.changed) {
        const count = (tries.get(run) ?? 0) + 1;
        tries.set(run, count);
        (count < mostAttempts ? waiting : written).push(run);
      }
      reports.push(report);
    }
    if (order.isTrial !== true && reports.some(({ pruned }) => pruned.length > 0)) await this.giveBack();
    return {
      pruned: reports.flatMap(({ pruned }) => pruned),
      kept: [
        ...reports.flatMap(({ kept }) => kept),
        ...written.map((run) => ({ run, because: 'written' as const })),
      ],
      pages: reports.reduce((sum, { pages }) => sum + pages, 0),
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.closed ??= (this.flushing ?? Promise.resolve()).then(() => this.database.close());
    return this.closed;
  }

  private async write(content: Write['content']): Promise<void> {
    this.checkOpen();
    return new Promise((resolve, reject) => {
      this.waiting.push({ content, resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  private async flush(): Promise<void> {
    // Whoever writes in the same turn joins the first one's flush.
    await Promise.resolve();
    for (let taken = this.take(); taken.length > 0; taken = this.take()) {
      this.flushes++;
      try {
        const refusals = await this.stored(taken);
        for (const [index, { resolve, reject }] of taken.entries())
          if (refusals.has(index)) reject(refusals.get(index));
          else resolve();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.flushing = undefined;
  }

  private take(): readonly Write[] {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  /** Each write succeeds or fails alone; what failed, by its place. */
  private stored(writes: readonly Write[]): Promise<ReadonlyMap<number, unknown>> {
    return this.atomically(async (session) => {
      const refusals = new Map<number, unknown>();
      const batch = new AppendBatch(session, this.heads, this.fences);
      const appends = writes.flatMap(({ content }) => ('records' in content ? [content] : []));
      await batch.open(appends.map(({ records }) => records));
      const numbers = await BatchNumbers.of(
        session,
        appends.map(({ batch }) => batch),
      );
      for (const [index, { content }] of writes.entries()) {
        try {
          if ('memory' in content) await remember(session, content.memory);
          else if (!numbers.has(content.batch)) {
            await batch.add(content.records);
            numbers.add(content.batch);
          }
        } catch (error) {
          if (!(error instanceof KernelError)) throw error;
          refusals.set(index, error);
        }
      }
      await batch.write();
      await numbers.write();
      return refusals;
    });
  }

  /** In one transaction, again when another program was there first. */
  private async atomically<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.database.transaction(act);
      } catch (error) {
        // What was known of runs is what would have been stored. A flush that is under way beside this one keeps its own.
        this.heads = new Map();
        const isConflict =
          !(error instanceof KernelError) && this.database.failure(error).kind === 'conflict';
        if (attempt === mostAttempts || !isConflict) throw storageError(this.database, error);
      }
    }
  }

  private read<Result>(reader: (stored: StoredRuns) => Promise<Result>): Promise<Result> {
    return this.inOneMoment((session) => reader(new StoredRuns(session)));
  }

  private async inOneMoment<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    this.checkOpen();
    try {
      return await this.database.read(act);
    } catch (error) {
      throw storageError(this.database, error);
    }
  }

  private async giveBack(): Promise<void> {
    try {
      await this.database.giveBack();
    } catch (error) {
      throw storageError(this.database, error);
    }
  }

  private checkOpen(): void {
    if (this.isClosed) throw new KernelError('STORAGE_FAILED', 'storage: is closed');
  }
}

/** What the driver says, as the contract has it. Whoever lost against other programs all the time may try again like one whose storage is unavailable. */
export function storageError(
  { name, failure }: Pick<SqlDatabase, 'name' | 'failure'>,
  error: unknown,
): KernelError {
  if (error instanceof KernelError) return error;
  const { kind, message } = failure(error);
  const code = kind === 'refused' ? 'STORAGE_FAILED' : 'STORAGE_UNAVAILABLE';
  return new KernelError(code, `storage ${name}: ${message}`, { cause: error });
}
