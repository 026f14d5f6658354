/**
 * One watcher: reads a source at its own pace and gives what it reads to its connection. It holds a cursor and no events, so that one who does not read costs no more than what its connection holds back and what the
 * source keeps for it; when that is too much, or nothing is taken for too long, it is cut off, with the id behind which it can go on.
 */
import { framed, type WatchEntry, type WatchSource } from './watch-source.ts';

export type WatchEnd =
  /** The run has ended, and everything is told. */
  | 'over'
  /** The run was stopped, and everything is told. */
  | 'stopped'
  /** It reads too slowly. */
  | 'slow'
  /** The server stops. */
  | 'shutdown'
  | 'failed'
  /** Its connection is closed. */
  | 'gone';

/** A connection. */
export interface WatchSink {
  readonly form: 'array' | 'stream';
  /** Bytes that were given to it and that the other side has not taken. */
  readonly held: number;
  send(data: Buffer): void;
  /** No more is given to it. `resumeId`: of the last event that was; undefined: none was. */
  end(why: WatchEnd, resumeId: string | undefined): void;
  /** Called about once a second: keeps the connection alive, and notices when it is not. */
  beat(nowMs: number): void;
}

export interface WatchLimits {
  /** Bytes that a connection may hold before it is given more. */
  readonly heldBytes: number;
  /** UTF-16 units that a watcher may be behind its source, once it has caught up. */
  readonly behind: number;
  /** Longest time in which a connection that holds something takes nothing, ms. */
  readonly stallMs: number;
}

export const watchLimits: WatchLimits = { heldBytes: 262_144, behind: 1_048_576, stallMs: 10_000 };

/** UTF-16 units of one message, unless a single event is longer. */
const frameLength = 65_536;

export interface WatcherOptions {
  readonly source: WatchSource;
  readonly cursor: number;
  /** Live entries are passed over until it has caught up. */
  readonly isBehind: boolean;
  readonly limits: WatchLimits;
  /** Absent: everything. `undefined`: it is not known yet, and what follows waits; whoever finds out calls `pump`. */
  readonly sees?: (entry: WatchEntry) => boolean | undefined;
  readonly onEnd: () => void;
}

export class Watcher {
  cursor: number;
  private readonly options: WatcherOptions;
  /** Undefined: it keeps its place until it is connected. */
  private sink: WatchSink | undefined;
  private isBehind: boolean;
  private isStopTold = false;
  private endedAs: WatchEnd | undefined;
  private lastId: string | undefined;
  private heldBefore = 0;
  private takenMs: number | undefined;
  /** What it may be behind until it has caught up. */
  private allowance: number;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.cursor = options.cursor;
    this.isBehind = options.isBehind;
    const { behind } = options.limits;
    this.allowance = behind === Infinity ? behind : this.behind + behind;
  }

  connect(sink: WatchSink): void {
    this.sink = sink;
    this.takenMs = undefined;
    // Nobody waits for one that was ended before.
    if (this.endedAs !== undefined) sink.end(this.endedAs, undefined);
    this.pump();
  }

  /** Nothing is there for it: a connection that would be told nothing but its end. */
  get hasNothing(): boolean {
    const { source } = this.options;
    return this.cursor === source.end && source.isOver;
  }

  /** Gives the connection as much as it takes. */
  pump(): void {
    const { source, limits } = this.options;
    const { sink } = this;
    if (sink === undefined) return;
    while (this.endedAs === undefined) {
      if (this.cursor < source.first) {
        this.give([source.gap(this.cursor)]);
        this.cursor = source.first;
      }
      if (this.allowance !== Infinity && this.behind > this.allowance) return this.end('slow');
      if (sink.held > limits.heldBytes) return;
      if (this.cursor < source.end) {
        if (!this.read()) return;
      } else if (!source.isReady) return;
      else if (this.isBehind) this.caughtUp();
      else if (source.isOver) return this.end('over');
      else if (this.isStopTold) return this.end('stopped');
      else return;
    }
  }

  /** Called about once a second. */
  beat(nowMs: number): void {
    const { limits } = this.options;
    const { sink } = this;
    const held = sink?.held ?? Infinity;
    if (held === 0 || held < this.heldBefore) this.takenMs = undefined;
    else this.takenMs ??= nowMs;
    this.heldBefore = held;
    if (this.takenMs !== undefined && nowMs - this.takenMs > limits.stallMs) this.end('slow');
    else sink?.beat(nowMs);
  }

  end(why: WatchEnd): void {
    if (this.endedAs !== undefined) return;
    this.endedAs = why;
    this.options.onEnd();
    this.sink?.end(why, this.lastId);
  }

  /** UTF-16 units that it has not read. */
  private get behind(): number {
    const { source } = this.options;
    if (this.cursor >= source.end) return 0;
    const from = Math.max(this.cursor, source.first);
    const { upTo, json } = source.entry(from);
    return source.entry(source.end - 1).upTo - (upTo - json.length);
  }

  /** Whether it has come further. */
  private read(): boolean {
    const { source, sees } = this.options;
    const sink = this.sink!;
    const from = this.cursor;
    const given: WatchEntry[] = [];
    let to = from;
    for (let length = 0; to < source.end && length < frameLength; to++) {
      const entry = source.entry(to);
      const isSeen = sees === undefined || sees(entry);
      if (isSeen === undefined) break;
      if (entry.mark !== undefined) this.isStopTold = entry.mark === 'stops';
      if ((this.isBehind && entry.isLive) || !isSeen) continue;
      given.push(entry);
      length += entry.json.length;
    }
    this.cursor = to;
    const last = given.at(-1);
    if (last === undefined) return to > from;
    this.lastId = last.id;
    sink.send(given.length === to - from ? source.frame(sink.form, from, to) : framed(sink.form, given));
    return true;
  }

  private caughtUp(): void {
    this.isBehind = false;
    this.allowance = this.options.limits.behind;
    const underWay = this.options.source.underWay();
    if (underWay !== undefined) this.give([underWay]);
  }

  private give(entries: readonly WatchEntry[]): void {
    const sink = this.sink!;
    this.lastId = entries.at(-1)!.id;
    sink.send(framed(sink.form, entries));
  }
}
