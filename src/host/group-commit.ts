import type { KernelRecord } from '../kernel/records.ts';
import type { StorageManager } from '../kernel/storage.ts';
import type { StorageWaits } from './storage-waits.ts';

export interface GroupCommitOptions {
  readonly storage: Pick<StorageManager, 'append' | 'newWriter'>;
  readonly waits: StorageWaits;
  /** Storage refused a batch, or an act threw. Nothing that waited behind it, or comes later, is ever done. */
  readonly onFailure: (error: unknown) => void;
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
  private isFlushing = false;
  private hasFailed = false;

  constructor(options: GroupCommitOptions) {
    this.options = options;
    this.writer = options.storage.newWriter();
  }

  add(records: readonly KernelRecord[]): void {
    for (const record of records) this.records.push(record);
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
    const { storage, waits, onFailure } = this.options;
    const batch = { writer: this.writer, number: this.stored + 1 };
    try {
      await waits.through(() => storage.append(records, batch));
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
