import { assert } from '../../base/assert.ts';
import type { Json } from '../../kernel/ids.ts';
import { MemoryStore } from '../../kernel/memory-store.ts';
import type { KernelRecord } from '../../kernel/records.ts';
import type { StorageRequest } from '../../kernel/requests.ts';
import type { Memory } from '../../kernel/storage.ts';
import type { FaultPlan } from '../faults.ts';

/** What a recall gave in a recording; undefined: the recording does not say. */
export type RecallReplay = (request: StorageRequest) => Json | undefined;

export interface StorageDeviceOptions {
  /** What acknowledging durability takes, µs. */
  readonly flushUs: number;
  /** What comes gathers for flushes; default: it is durable at once. */
  readonly byFlushes?: boolean | undefined;
  /** Default: new and empty. */
  readonly store?: MemoryStore | undefined;
  readonly faults?: FaultPlan | undefined;
  /** Goes before what the store remembers. */
  readonly replay?: RecallReplay | undefined;
}

export interface StorageOutcome {
  readonly ok: boolean;
  readonly value: Json;
}

/** What one flush carries, and what is done when it has ended. */
interface Batch {
  readonly records: KernelRecord[];
  readonly memories: Memory[];
  readonly acts: (() => void)[];
}

const emptyBatch = (): Batch => ({ records: [], memories: [], acts: [] });
const writesOf = ({ records, memories }: Batch): number => records.length + memories.length;

/**
 * Simulated storage. At once: what the kernel records is durable when it is recorded, and an acknowledgement that a process waits for takes `flushUs`. By flushes, as live: what
 * comes while a flush is under way gathers for the next one, which takes `flushUs`; what depends on it is done when it has ended, and what was not flushed when the program crashes
 * is lost. A record that storage refuses is a mistake of the kernel: the error is thrown, not swallowed.
 */
export class StorageDevice {
  readonly store: MemoryStore;
  readonly flushUs: number;
  readonly byFlushes: boolean;
  private readonly faults: FaultPlan | undefined;
  private readonly replay: RecallReplay | undefined;
  private next = emptyBatch();
  /** Is being flushed. */
  private under: Batch | undefined;

  constructor({ flushUs, byFlushes = false, store, faults, replay }: StorageDeviceOptions) {
    this.flushUs = flushUs;
    this.byFlushes = byFlushes;
    this.store = store ?? new MemoryStore();
    this.faults = faults;
    this.replay = replay;
  }

  append(records: readonly KernelRecord[]): void {
    if (records.length > 0) this.store.append(records);
  }

  // ---- By flushes ----------------------------------------------------------------------------------------------------

  /** For the next flush. */
  gather(records: readonly KernelRecord[]): void {
    for (let index = 0; index < records.length; index++) this.next.records.push(records[index]!);
  }

  /** `act` is done behind everything that was gathered before. */
  whenDurable(act: () => void): void {
    this.next.acts.push(act);
  }

  /** True: a flush begins, whose end is to be told. What has nothing to wait for is done at once. */
  begin(): boolean {
    while (this.under === undefined) {
      const { next } = this;
      const writes = writesOf(next);
      if (writes === 0 && next.acts.length === 0) return false;
      this.next = emptyBatch();
      if (writes > 0) {
        this.under = next;
        return true;
      }
      // They may gather more.
      for (const act of next.acts) act();
    }
    return false;
  }

  /** The flush has ended: what it carried is durable, and what waited for it is done. */
  end(): void {
    const under = this.land();
    for (const act of under.acts) act();
  }

  /** The program is gone. `hasLanded`: the flush under way was stored, and nobody was told. Returns how many writes are lost. */
  crash(hasLanded: boolean): number {
    if (hasLanded && this.under !== undefined) this.land();
    const lost = writesOf(this.next) + (this.under === undefined ? 0 : writesOf(this.under));
    this.next = emptyBatch();
    this.under = undefined;
    return lost;
  }

  private land(): Batch {
    const { under, store } = this;
    assert(under !== undefined, 'no flush is under way');
    this.under = undefined;
    store.append(under.records);
    for (const memory of under.memories) store.remember(memory);
    return under;
  }

  // ---- What processes ask for ----------------------------------------------------------------------------------------

  perform(request: StorageRequest, nowUs: number): StorageOutcome {
    const { op, identity } = request;
    if (this.faults?.storage(identity) === true) return { ok: false, value: 'the storage failed' };
    switch (op.kind) {
      case 'flush':
        return done;
      case 'remember': {
        const { kind: _, ...what } = op;
        const memory = { identity, ...what, atUs: nowUs };
        if (this.byFlushes) this.next.memories.push(memory);
        else this.store.remember(memory);
        return done;
      }
      case 'recall': {
        const { scope, query, limit } = op;
        return { ok: true, value: this.replay?.(request) ?? this.store.recall({ scope, query, limit }) };
      }
    }
  }
}

const done: StorageOutcome = { ok: true, value: null };
