/**
 * What is told of one run to all who watch it: its latest events, each as JSON that was made once. What came earlier is in storage, and is put before them when somebody asks for it. It is let go of again as soon as all
 * have it, so that a log holds its tail and whatever the slowest of its watchers is behind.
 */
import { assert } from '../../base/assert.ts';
import type { BranchEvents, NumberedEvent } from '../../agents/traces/branch-events.ts';
import {
  eventId,
  type EventPlace,
  type LiveBody,
  type StepUnderWay,
} from '../../agents/traces/watch-event.ts';
import type { LedgerRecord } from '../../kernel/records.ts';
import type { BranchRecord } from '../../kernel/storage.ts';
import type { StoredEvents } from './stored-events.ts';
import { placeInLine } from './stored-events.ts';
import { framed, type FrameForm, type WatchEntry, type WatchSource } from './watch-source.ts';

interface Place {
  readonly branch: string;
  readonly number: number;
  /** Behind the numbered event; 0: it is one. */
  readonly place: number;
}

interface PlacedEntry extends WatchEntry, Place {}

/** Where a watcher begins. */
export interface LogStart {
  readonly cursor: number;
  /** It passes over live entries until it has caught up. */
  readonly isBehind: boolean;
}

/** What came while the log was read from storage. */
type Pending =
  | { readonly what: 'record'; readonly record: BranchRecord | LedgerRecord }
  | { readonly what: 'live'; readonly branch: string; readonly atUs: number; readonly body: LiveBody };

export interface RunLogOptions {
  readonly run: string;
  /** Undefined: the run's first branch. */
  readonly head: string | undefined;
  /** Letters and digits, like that of no other log. */
  readonly life: string;
  /** What stays when nobody needs it, for those who come back soon, in UTF-16 units. */
  readonly tail: number;
  readonly stepsUnderWay: (branch: string) => readonly StepUnderWay[];
  readonly nowUs: () => number;
  /** There is more to be sent. */
  readonly onAppend: () => void;
}

export class RunLog implements WatchSource {
  /** Cursors of those who read it. */
  readonly readers = new Set<{ readonly cursor: number }>();
  private readonly options: RunLogOptions;
  private readonly frames: Partial<Record<FrameForm, { from: number; to: number; data: Buffer }>> = {};
  private entries: PlacedEntry[] = [];
  private base = 0;
  private total = 0;
  /** The first entry is the first event of the run. */
  private isWhole = true;
  private known: Pick<StoredEvents, 'branches' | 'line' | 'current'> | undefined;
  private pending: Pending[] | undefined = [];
  /** Where the last entry is. */
  private last: Place | undefined;

  constructor(options: RunLogOptions) {
    this.options = options;
  }

  // ---- What is told --------------------------------------------------------------------------------------------------

  /** From now on until `loaded`, what comes is kept back. */
  load(): void {
    this.pending ??= [];
  }

  /** What storage has behind the last entry, and what was kept back. */
  loaded(stored: StoredEvents): void {
    this.known = stored;
    const { last } = this;
    for (const event of stored.events)
      if (last === undefined || this.isBefore(last, { ...event, place: 0 })) this.append(event.branch, event);
    const { pending = [] } = this;
    this.pending = undefined;
    for (const one of pending) {
      if (one.what === 'record') this.take(one.record);
      else this.live(one.branch, one.atUs, one.body);
    }
  }

  /** The branch that it follows now. */
  get branch(): string | undefined {
    return this.known?.current.started.branch;
  }

  /** A record of the run is durable. */
  take(record: BranchRecord | LedgerRecord): void {
    if (this.pending !== undefined) this.pending.push({ what: 'record', record });
    else if (record.type === 'ledger') this.current.settled(record);
    else if (record.branch === this.branch) this.current.take(record);
  }

  /** What `current` tells of what it takes. */
  numbered(event: NumberedEvent): void {
    this.append(this.branch!, event);
    this.options.onAppend();
  }

  live(branch: string, atUs: number, body: LiveBody): void {
    if (this.pending !== undefined) this.pending.push({ what: 'live', branch, atUs, body });
    else if (branch === this.branch) {
      const { number } = this.current;
      const place = this.last?.branch === branch && this.last.number === number ? this.last.place + 1 : 1;
      this.push({ branch, number, place }, atUs, body);
      this.options.onAppend();
    }
  }

  private append(branch: string, { number, atUs, body }: NumberedEvent): void {
    this.push({ branch, number, place: 0 }, atUs, body);
  }

  private push(at: Place, atUs: number, body: NumberedEvent['body'] | LiveBody): void {
    const entry = this.made(at, atUs, body);
    this.total += entry.json.length;
    this.entries.push({ ...entry, upTo: this.total });
    this.last = at;
    if (this.total - this.upToBefore(this.base) > 2 * this.options.tail) this.trim();
  }

  private made(
    { branch, number, place }: Place,
    atUs: number,
    body: NumberedEvent['body'] | LiveBody,
  ): Omit<PlacedEntry, 'upTo'> {
    const isLive = place > 0;
    const { life } = this.options;
    const id = eventId({ branch, number, ...(isLive ? { live: { life, place } } : {}) });
    const json = JSON.stringify({ id, atUs, ...body });
    return { id, json, isLive, mark: markOf(body.type), branch, number, place };
  }

  private get current(): BranchEvents {
    assert(this.known !== undefined, 'a log tells nothing before it is loaded');
    return this.known.current;
  }

  // ---- Where watchers begin ------------------------------------------------------------------------------------------

  /**
   * Behind `after`; undefined: at the start. `'earlier'`: what is before the first entry must be put there; `'nowhere'`: no such event was told yet.
   */
  startAfter(after: EventPlace | undefined): LogStart | 'earlier' | 'nowhere' {
    if (after === undefined) return this.isWhole ? { cursor: this.base, isBehind: true } : 'earlier';
    const place = placeInLine(this.known!, after);
    if (place === undefined) return 'nowhere';
    const { branch, number, live } = place;
    if (branch === this.branch && number > this.current.number) return 'nowhere';
    const [first] = this.entries;
    if (live?.life === this.options.life) {
      const at = { branch, number, place: live.place };
      // Only when nothing between them was let go of.
      if (first !== undefined && !this.isBefore(at, first))
        return { cursor: this.indexBehind(at), isBehind: false };
    }
    const at = { branch, number, place: 0 };
    const isThere = this.isWhole || (first !== undefined && !this.isBefore(at, first));
    return isThere ? { cursor: this.indexBehind(at), isBehind: true } : 'earlier';
  }

  /** Puts what storage has before the first entry there. */
  putBefore({ events }: StoredEvents): void {
    const [first] = this.entries;
    assert(first !== undefined, 'a log that let go of something has its tail');
    const earlier: PlacedEntry[] = [];
    for (const event of events) {
      const at = { branch: event.branch, number: event.number, place: 0 };
      if (!this.isBefore(at, first)) break;
      earlier.push({ ...this.made(at, event.atUs, event.body), upTo: 0 });
    }
    let upTo = this.upToBefore(this.base);
    for (let index = earlier.length - 1; index >= 0; index--) {
      const entry = earlier[index]!;
      earlier[index] = { ...entry, upTo };
      upTo -= entry.json.length;
    }
    this.entries = [...earlier, ...this.entries];
    this.base -= earlier.length;
    this.isWhole = true;
  }

  private indexBehind(at: Place): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(at, this.entries[middle]!)) high = middle;
      else low = middle + 1;
    }
    return this.base + low;
  }

  private isBefore(a: Place, b: Place): boolean {
    if (a.branch !== b.branch) {
      const { line } = this.known!;
      return line.indexOf(a.branch) < line.indexOf(b.branch);
    }
    return a.number === b.number ? a.place < b.place : a.number < b.number;
  }

  // ---- What watchers read --------------------------------------------------------------------------------------------

  get first(): number {
    return this.base;
  }

  get end(): number {
    return this.base + this.entries.length;
  }

  /** UTF-16 units that it holds. */
  get size(): number {
    return this.total - this.upToBefore(this.base);
  }

  get isReady(): boolean {
    return this.pending === undefined;
  }

  /** Its run has ended, and everything is told. */
  get isOver(): boolean {
    return this.pending === undefined && this.current.isOver;
  }

  entry(index: number): PlacedEntry {
    return this.entries[index - this.base]!;
  }

  frame(form: FrameForm, from: number, to: number): Buffer {
    const known = this.frames[form];
    if (known?.from === from && known.to === to) return known.data;
    const data = framed(form, this.entries.slice(from - this.base, to - this.base));
    this.frames[form] = { from, to, data };
    return data;
  }

  underWay(): WatchEntry | undefined {
    const { branch, last } = this;
    if (branch === undefined) return undefined;
    const steps = this.options.stepsUnderWay(branch);
    if (steps.length === 0) return undefined;
    const { number } = this.current;
    const { life, nowUs } = this.options;
    const place = last?.branch === branch && last.number === number ? last.place : 0;
    const id = eventId({ branch, number, live: { life, place } });
    const json = JSON.stringify({ id, atUs: nowUs(), type: 'under_way', steps });
    return { id, json, isLive: true, mark: undefined, upTo: this.total };
  }

  gap(): never {
    throw new Error('a log keeps what its watchers have not read');
  }

  private upToBefore(index: number): number {
    const [first] = this.entries;
    if (index > this.base) return this.entry(index - 1).upTo;
    return first === undefined ? this.total : first.upTo - first.json.length;
  }

  /** Lets go of what all have, but for the tail. */
  private trim(): void {
    let until = this.end;
    for (const { cursor } of this.readers) until = Math.min(until, cursor);
    const least = this.total - this.options.tail;
    let count = 0;
    while (this.base + count < until && this.entries[count]!.upTo <= least) count++;
    if (count === 0) return;
    this.entries.splice(0, count);
    this.base += count;
    this.isWhole = false;
  }
}

function markOf(type: NumberedEvent['body']['type'] | LiveBody['type']): WatchEntry['mark'] {
  if (type === 'trace_stopped') return 'stops';
  return type === 'trace_continued' || type === 'trace_rewound' ? 'goes-on' : undefined;
}
