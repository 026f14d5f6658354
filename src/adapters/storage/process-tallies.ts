/** What the history and the journal of a process come to, kept beside its head: whoever asks for the counts, or for records of which there are none, need not read them all. */
import type { HistoryRecord, JournalRecord } from '../../kernel/records.ts';
import type { ProcessTally } from '../../kernel/storage.ts';
import { packJson, unpackJson } from './packed-json.ts';

interface Results {
  readonly kind: string;
  readonly code: string;
  count: number;
}

export class StoredTally {
  /** By kind and code, in the order of their first. */
  private readonly byKind = new Map<string, Results>();
  /** How many of each type. */
  private readonly entries = new Map<string, number>();

  /** As `pack` gave it; null: nothing has been counted. */
  static of(bytes: Uint8Array | null): StoredTally {
    const tally = new StoredTally();
    if (bytes === null) return tally;
    const [results, entries] = unpackJson(bytes) as [
      (readonly [kind: string, code: string, count: number])[],
      (readonly [type: string, count: number])[],
    ];
    for (const [kind, code, count] of results) tally.byKind.set(keyOf(kind, code), { kind, code, count });
    for (const [type, count] of entries) tally.entries.set(type, count);
    return tally;
  }

  add(record: HistoryRecord | JournalRecord): void {
    if (record.type !== 'history') {
      this.entries.set(record.type, (this.entries.get(record.type) ?? 0) + 1);
      return;
    }
    const { kind, result } = record;
    const code = result.ok ? '' : result.code;
    const key = keyOf(kind, code);
    const known = this.byKind.get(key);
    if (known === undefined) this.byKind.set(key, { kind, code, count: 1 });
    else known.count++;
  }

  results(): ProcessTally['results'] {
    return Array.from(this.byKind.values(), (counted) => ({ ...counted }));
  }

  hasResults(kinds: readonly string[]): boolean {
    for (const { kind } of this.byKind.values()) if (kinds.includes(kind)) return true;
    return false;
  }

  hasEntries(types: readonly string[]): boolean {
    return types.some((type) => this.entries.has(type));
  }

  pack(): Uint8Array {
    const results = Array.from(this.byKind.values(), ({ kind, code, count }) => [kind, code, count]);
    return packJson([results, [...this.entries]]);
  }
}

function keyOf(kind: string, code: string): string {
  return code === '' ? kind : `${kind}\n${code}`;
}
