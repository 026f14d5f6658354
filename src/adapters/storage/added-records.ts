import type { KernelRecord } from '../../kernel/records.ts';
import { callKey } from './call-books.ts';

/** What was added, to be found by its name: few ask, so that names are made when somebody does. */
export class AddedRecords {
  private readonly records: KernelRecord[] = [];
  private readonly byName = new Map<string, KernelRecord>();
  private named = 0;

  get length(): number {
    return this.records.length;
  }

  push(record: KernelRecord): void {
    this.records.push(record);
  }

  like(record: KernelRecord): KernelRecord | undefined {
    for (; this.named < this.records.length; this.named++) {
      const next = this.records[this.named]!;
      this.byName.set(nameOf(next), next);
    }
    return this.byName.get(nameOf(record));
  }

  /** Takes back all behind the first ones. */
  cut(length: number): void {
    for (const record of this.records.slice(length, this.named)) this.byName.delete(nameOf(record));
    this.records.length = length;
    this.named = Math.min(this.named, length);
  }
}

/** Like that of no other record. */
function nameOf(record: KernelRecord): string {
  const { type, run } = record;
  switch (record.type) {
    case 'run.started':
      return JSON.stringify([type, run, record.branch]);
    case 'process.started':
    case 'process.ended':
      return JSON.stringify([type, run, record.branch, record.pid]);
    case 'history':
    case 'checkpoint':
      return JSON.stringify([type, run, record.branch, record.pid, record.n]);
    case 'ledger':
      return JSON.stringify([type, run, callKey(record)]);
    case 'page':
      return JSON.stringify([type, record.hash]);
    case 'recording':
      return JSON.stringify([type, run, record.session, record.part]);
    case 'audit':
      return type;
    default:
      return JSON.stringify(['journal', run, record.branch, record.pid, record.seq]);
  }
}
