import type { Json } from '../../kernel/ids.ts';
import { MemoryStore } from '../../kernel/memory-store.ts';
import type { KernelRecord } from '../../kernel/records.ts';
import type { StorageRequest } from '../../kernel/requests.ts';
import type { FaultPlan } from '../faults.ts';

/** What a recall gave in a recording; undefined: the recording does not say. */
export type RecallReplay = (request: StorageRequest) => Json | undefined;

export interface StorageDeviceOptions {
  /** What acknowledging durability takes, µs. */
  readonly flushUs: number;
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

/**
 * Simulated storage: what the kernel records is durable at once; an acknowledgement that a process waits for takes `flushUs`. A record that
 * storage refuses is a mistake of the kernel: the error is thrown, not swallowed.
 */
export class StorageDevice {
  readonly store: MemoryStore;
  readonly flushUs: number;
  private readonly faults: FaultPlan | undefined;
  private readonly replay: RecallReplay | undefined;

  constructor({ flushUs, store, faults, replay }: StorageDeviceOptions) {
    this.flushUs = flushUs;
    this.store = store ?? new MemoryStore();
    this.faults = faults;
    this.replay = replay;
  }

  append(records: readonly KernelRecord[]): void {
    if (records.length > 0) this.store.append(records);
  }

  perform(request: StorageRequest, nowUs: number): StorageOutcome {
    if (this.faults?.storage(request.identity) === true) return { ok: false, value: 'the storage failed' };
    return { ok: true, value: this.work(request, nowUs) };
  }

  private work(request: StorageRequest, nowUs: number): Json {
    const { op, identity } = request;
    switch (op.kind) {
      case 'flush':
        return null;
      case 'remember': {
        const { kind: _, ...memory } = op;
        this.store.remember({ identity, ...memory, atUs: nowUs });
        return null;
      }
      case 'recall':
        return (
          this.replay?.(request) ?? this.store.recall({ scope: op.scope, query: op.query, limit: op.limit })
        );
    }
  }
}
