import { KernelError } from '../kernel/errors.ts';
import type { KernelRecord } from '../kernel/records.ts';
import type { StorageManager } from '../kernel/storage.ts';
import type { StorageWaits } from './storage-waits.ts';

export interface GroupCommitOptions {
  readonly storage: Pick<StorageManager, 'append' | 'newWriter'>;
  readonly waits: StorageWaits;
  /** Storage refused a batch, or an act threw. Nothing that waited behind it, or comes later, is ever done. */
  readonly onFailure: (error: unknown) => void;
  /** Storage refuses what is of this run: another worker has taken it over. True: the run was dropped, and the rest is to be stored. Absent: that is a failure as any other. */
  readonly onLost?: (run: string) => boolean;
}

/**
 * Durable before anything depends on it: what a step asked for is done when its records, and those of all steps before it, are stored. While one flush is under way, or storage is
 * unavailable, whatever comes gathers for the next one. What has nothing to wait for is done at once.
 */
export class GroupCommit {
  private readonly options: GroupCommitOptions;
  /** Names the batches: one whose answer was lost is not stored twice. */
  private readonly writer: string;
  /** How many batches were stored. */
  private stored = 0;
  private records: KernelRecord[] = [];
  private acts: (() => void)[] = [];
  /** Runs of which nothing is stored. */
  private readonly dropped = new Set<string>();
  private isFlushing = false;
  private hasFailed = false;

  constructor(options: GroupCommitOptions) {
    this.options = options;
    this.writer = options.storage.newWriter();
  }

  add(records: readonly KernelRecord[]): void {
    for (const record of records) if (!this.dropped.has(record.run)) this.records.push(record);
  }

  /** Nothing more of `run` is stored, until `takeAgain`. */
  drop(run: string): void {
    this.dropped.add(run);
    this.records = this.records.filter((record) => record.run !== run);
  }

  takeAgain(run: string): void {
    this.dropped.delete(run);
  }

  /** `act` is done behind everything that was added before. */
  whenDurable(act: () => void): void {
    this.acts.push(act);
  }

  /** Nothing waits to be stored or done. */
  get isIdle(): boolean {
    return !this.isFlushing && this.records.length === 0 && this.acts.length === 0;
  }

  /** Stores what has gathered, as soon as the flush before it is through. */
  flush(): void {
    if (this.isFlushing || this.hasFailed) return;
    if (this.records.length === 0) return this.actAll(this.take());
    const { records } = this;
    this.records = [];
    const acts = this.take();
    this.isFlushing = true;
    void this.store(records, acts);
  }

  private async store(records: readonly KernelRecord[], acts: readonly (() => void)[]): Promise<void> {
    const { onFailure } = this.options;
    try {
      await this.append(records);
      this.stored++;
    } catch (error) {
      this.hasFailed = true;
      return onFailure(error);
    } finally {
      this.isFlushing = false;
    }
    this.actAll(acts);
    this.flush();
  }

  private async append(records: readonly KernelRecord[]): Promise<void> {
    const { storage, waits, onLost } = this.options;
    const batch = { writer: this.writer, number: this.stored + 1 };
    try {
      await waits.through(() => storage.append(records, batch));
    } catch (error) {
      const run = lostRun(error);
      const left = records.filter((record) => record.run !== run);
      // A batch that was refused has changed nothing.
      if (run === undefined || left.length === records.length || onLost?.(run) !== true) throw error;
      await this.append(left);
    }
  }

  private take(): readonly (() => void)[] {
    const { acts } = this;
    // Never the array that later acts are put into: they would be done with this flush, and again with their own.
    if (acts.length === 0) return none;
    this.acts = [];
    return acts;
  }

  private actAll(acts: readonly (() => void)[]): void {
    try {
      for (const act of acts) act();
    } catch (error) {
      this.hasFailed = true;
      this.options.onFailure(error);
    }
  }
}

const none: readonly (() => void)[] = [];

function lostRun(error: unknown): string | undefined {
  if (!(error instanceof KernelError) || error.code !== 'LEASE_LOST') return undefined;
  const { run } = error.detail;
  return typeof run === 'string' ? run : undefined;
}
