import type { Json } from '../../kernel/ids.ts';
import { MemoryStore } from '../../kernel/memory-store.ts';
import type { KernelRecord } from '../../kernel/records.ts';
import type { StorageRequest } from '../../kernel/requests.ts';

/**
 * Simulated storage: what the kernel records is durable at once; an acknowledgement that a process waits for takes `flushUs`. A record that
 * storage refuses is a mistake of the kernel: the error is thrown, not swallowed.
 */
export class StorageDevice {
  readonly store: MemoryStore;
  readonly flushUs: number;

  constructor(flushUs: number, store = new MemoryStore()) {
    this.flushUs = flushUs;
    this.store = store;
  }

  append(records: readonly KernelRecord[]): void {
    if (records.length > 0) this.store.append(records);
  }

  perform({ op, identity }: StorageRequest, nowUs: number): Json {
    switch (op.kind) {
      case 'flush':
        return null;
      case 'remember':
        this.store.remember({ identity, scope: op.scope, text: op.text, atUs: nowUs });
        return null;
      case 'recall':
        return this.store.recall({ scope: op.scope, query: op.query, limit: op.limit }).map(({ text, score }) => ({ text, score }));
    }
  }
}
