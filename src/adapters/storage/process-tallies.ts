/** What the history and the journal of a process come to, kept beside its head: whoever asks for the counts, or for records of which there are none, need not read them all. */
import type { HistoryRecord, JournalRecord } from '../../kernel/records.ts';
import type { ProcessTally } from '../../kernel/storage.ts';

interface Counted {
  /** Of a result: its kind and its code; of the journal: the type. */
  readonly name: readonly [kind: string, code: string] | readonly [type: string];
  count: number;
  /** The name as JSON, up to the count: it is written with every append. */
  readonly before: string;
}

export class StoredTally {
  /** In the order of their first. */
  private readonly counted: Counted[] = [];
  private readonly results = new Map<string, Counted>();
  private readonly entries = new Map<string, Counted>();

  /** As `text` gave it; null: nothing has been counted. */
  static of(text: string | null): StoredTally {
    const tally = new StoredTally();
    if (text === null) return tally;
    for (const [name, count] of JSON.parse(text) as [Counted['name'], number][])
      tally.counter(name).count = count;
    return tally;
  }

  add(record: HistoryRecord | JournalRecord): void {
    if (record.type !== 'history') {
      (this.entries.get(record.type) ?? this.counter([record.type])).count++;
      return;
    }
    const { kind, result } = record;
    const code = result.ok ? '' : result.code;
    (this.results.get(keyOf(kind, code)) ?? this.counter([kind, code])).count++;
  }

  ofResults(): ProcessTally['results'] {
    return Array.from(this.results.values(), ({ name: [kind, code = ''], count }) => ({ kind, code, count }));
  }

  hasResults(kinds: readonly string[]): boolean {
    return this.ofResults().some(({ kind }) => kinds.includes(kind));
  }

  hasEntries(types: readonly string[]): boolean {
    return types.some((type) => this.entries.has(type));
  }

  text(): string {
    let text = '';
    for (const { before, count } of this.counted) text += `${text === '' ? '' : ','}${before}${count}]`;
    return `[${text}]`;
  }

  private counter(name: Counted['name']): Counted {
    const counted = { name, count: 0, before: `[${JSON.stringify(name)},` };
    this.counted.push(counted);
    if (name.length === 1) this.entries.set(name[0], counted);
    else this.results.set(keyOf(...name), counted);
    return counted;
  }
}

function keyOf(kind: string, code: string): string {
  return code === '' ? kind : `${kind}\n${code}`;
}
