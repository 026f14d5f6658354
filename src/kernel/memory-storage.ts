/**
 * Storage in memory behind the asynchronous contract: the default of a live kernel, and the double of a real storage in
 * tests. Writes wait in one queue; a flush takes all that waits, and only then are they acknowledged.
 */
import { copyJson } from '../base/copy-json.ts';
import type { AuditVerdict, ChainedAuditRecord } from './audit-log.ts';
import { KernelError } from './errors.ts';
import { MemoryStore } from './memory-store.ts';
import type {
  HistoryRecord,
  JournalRecord,
  KernelRecord,
  LedgerRecord,
  ProcessEnded,
  RecordingRecord,
  RunStarted,
} from './records.ts';
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
} from './storage.ts';
import type { RecalledMemory } from './syscalls.ts';
import type { TextIndex } from './text-index.ts';

export class MemoryStorage implements StorageManager {
  /** How many flushes carried something so far. */
  flushes = 0;
  private readonly store: MemoryStore;
  private waiting: Write[] = [];
  private isClosed = false;

  /** `newIndex`: how the memories of a scope are found, as for MemoryStore. */
  constructor(newIndex?: () => TextIndex) {
    this.store = new MemoryStore(newIndex);
  }

  append(records: readonly KernelRecord[], batch?: BatchIdentity): Promise<void> {
    // The caller's array and records are its own again as soon as this returns.
    const own = copyJson(records);
    const identity = batch && { ...batch };
    return this.write(() => this.store.take(own, identity));
  }

  newWriter(): string {
    return this.store.newWriter();
  }

  remember(memory: Memory): Promise<void> {
    const own = copyJson(memory);
    return this.write(() => this.store.remember(own));
  }

  runs(filter?: RunFilter): Promise<readonly RunSummary[]> {
    return this.read((store) => store.runs(filter));
  }

  branches(run: string): Promise<readonly RunStarted[]> {
    return this.read((store) => store.branches(run));
  }

  history(run: string, filter?: HistoryFilter): Promise<readonly HistoryRecord[]> {
    return this.read((store) => store.history(run, filter));
  }

  processes(run: string, filter?: BranchFilter): Promise<readonly StoredProcess[]> {
    return this.read((store) => store.processes(run, filter));
  }

  ends(run: string, filter?: BranchFilter): Promise<readonly ProcessEnded[]> {
    return this.read((store) => store.ends(run, filter));
  }

  records(run: string, branch: string): Promise<readonly BranchRecord[]> {
    return this.read((store) => store.records(run, branch));
  }

  journal(process: ProcessAddress, filter?: JournalFilter): Promise<readonly JournalRecord[]> {
    return this.read((store) => store.journal(process, filter));
  }

  tally(process: ProcessAddress): Promise<ProcessTally> {
    return this.read((store) => store.tally(process));
  }

  lastCheckpoint(process: ProcessAddress): Promise<LoadedCheckpoint | undefined> {
    return this.read((store) => store.lastCheckpoint(process));
  }

  pages(hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.read((store) => store.pages(hashes));
  }

  recordings(run: string): Promise<readonly RecordingRecord[]> {
    return this.read((store) => store.recordings(run));
  }

  ledger(filter?: LedgerFilter): Promise<readonly LedgerRecord[]> {
    return this.read((store) => store.ledger(filter));
  }

  audit(run: string, filter?: AuditFilter): Promise<readonly ChainedAuditRecord[]> {
    return this.read((store) => store.audit(run, filter));
  }

  verifyAudit(run: string): Promise<AuditVerdict> {
    return this.read((store) => store.verifyAudit(run));
  }

  recall(question: Recollection): Promise<readonly RecalledMemory[]> {
    return this.read((store) => store.recall(question));
  }

  remembered(filter: MemoryFilter): Promise<readonly RecalledMemory[]> {
    return this.read((store) => store.remembered(filter));
  }

  async lease(claim: LeaseClaim): Promise<LeaseVerdict> {
    const own = { ...claim };
    let verdict: LeaseVerdict | undefined;
    await this.write(() => {
      verdict = this.store.lease(own);
    });
    return verdict!;
  }

  release(claim: Pick<LeaseClaim, 'run' | 'holder'>): Promise<void> {
    const own = { ...claim };
    return this.write(() => this.store.release(own));
  }

  whole(run: string): Promise<WholeRun | undefined> {
    return this.read((store) => store.whole(run));
  }

  sizes(): Promise<StorageSizes> {
    return this.read((store) => store.sizes());
  }

  async prune(order: PruneOrder): Promise<PruneReport> {
    const own = { ...order, runs: [...order.runs] };
    let report: PruneReport | undefined;
    await this.write(() => {
      report = this.store.prune(own);
    });
    return report!;
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.flush();
    return Promise.resolve();
  }

  /** For tests, the end of the power: what waits is lost, and refused; what was acknowledged is there afterwards. */
  crash(): void {
    const lost = this.waiting;
    this.waiting = [];
    for (const { reject } of lost)
      reject(new KernelError('STORAGE_FAILED', 'storage: crashed before this was durable'));
  }

  private write(apply: () => void): Promise<void> {
    if (this.isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.waiting.push({ apply, resolve, reject });
      // The first to wait orders the flush. It comes after the caller is done, so that others can join.
      if (this.waiting.length === 1) void Promise.resolve().then(() => this.flush());
    });
  }

  /** Each write succeeds or fails alone. */
  private flush(): void {
    const taken = this.waiting;
    if (taken.length === 0) return;
    this.waiting = [];
    this.flushes++;
    for (const { apply, resolve, reject } of taken) {
      try {
        apply();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }

  /** A reader sees what is durable when it is called. */
  private read<T>(reader: (store: MemoryStore) => T): Promise<T> {
    if (this.isClosed) return Promise.reject(closed());
    return new Promise((resolve) => resolve(reader(this.store)));
  }
}

interface Write {
  readonly apply: () => void;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

function closed(): KernelError {
  return new KernelError('STORAGE_FAILED', 'storage: is closed');
}
