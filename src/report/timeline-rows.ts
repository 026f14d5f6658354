/**
 * What a timeline shows of a run, from its events alone: the life of every process as segments, the moments worth a mark, and how full
 * each context memory was. Times only; where things stand on paper is the business of timeline-svg.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import { IntervalReader, type Interval, type IntervalSink, type Stretch } from './intervals.ts';

/** `running` is a stretch whose parts nobody has reported: a crash or the end of the events came first. `waiting:REASON` for every reason. */
export type SegmentKind =
  | 'switch'
  | 'load'
  | 'repeated-prefill'
  | 'new-prefill'
  | 'decode'
  | 'running'
  | 'ready'
  | 'suspended'
  | `waiting:${string}`;

interface Segment {
  readonly kind: SegmentKind;
  readonly fromUs: number;
  readonly toUs: number;
}

export type MarkKind =
  | 'preempted'
  | 'fault'
  | 'budget'
  | 'saved'
  | 'restored'
  | 'replayed'
  | 'completed'
  | 'ended';

export interface Mark {
  readonly kind: MarkKind;
  readonly atUs: number;
  /** A word or two. */
  readonly label: string;
}

export interface ProcessRow {
  readonly pid: number;
  readonly name: string;
  readonly priority: number;
  /** In the order of time, without overlap; none is empty. */
  readonly segments: readonly Segment[];
  readonly marks: readonly Mark[];
}

/** From `atUs` on. `room`: tokens kept for answers that are being written. */
interface MemoryLevel {
  readonly atUs: number;
  readonly resident: number;
  readonly room: number;
}

export interface MemoryRow {
  readonly engine: number;
  readonly levels: readonly MemoryLevel[];
  /** When pages were evicted; several at one instant count once here. */
  readonly evictionsUs: readonly number[];
  readonly evictedPages: number;
  readonly evictedTokens: number;
}

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface TimelineRows {
  readonly span: Span;
  /** By first arrival. */
  readonly processes: readonly ProcessRow[];
  /** By engine; a memory that was never used has no row. */
  readonly memories: readonly MemoryRow[];
  /** Between two instants with events, while no process ran. */
  readonly idle: readonly Span[];
  /** When another kernel took over: the first event of each kernel but the first. */
  readonly crashesUs: readonly number[];
}

/**
 * Reads the events of one run, or of several kernels one after the other: where `seq` starts again, the machine failed and another kernel
 * goes on. A pid that is spawned again there continues its row. Time that goes back is an AssertionError.
 */
export function timelineRows(events: Iterable<KernelEvent>): TimelineRows {
  const reader = new Reader();
  for (const event of events) reader.read(event);
  return reader.rows();
}

class Reader implements IntervalSink {
  private readonly intervals = new IntervalReader(this);
  private readonly processes = new Map<number, Row>();
  private readonly memories = new Map<number, Memory>();
  /** Core → the context memory that its call uses, and the room kept there for its answer. */
  private readonly rooms = new Map<number, { readonly memory: Memory; readonly room: number }>();
  private readonly idle: Span[] = [];
  private readonly crashesUs: number[] = [];
  private fromUs = -1;
  private nowUs = 0;
  private running = 0;

  read(event: KernelEvent): void {
    const { atUs } = event;
    if (this.fromUs === -1) this.fromUs = atUs;
    else if (atUs > this.nowUs && this.running === 0) this.idle.push({ fromUs: this.nowUs, toUs: atUs });
    this.nowUs = atUs;
    // What it did before the event.
    if (event.type === 'process.waiting' && event.on === 'budget') this.markBudget(event.pid, atUs);
    this.intervals.read(event);
    this.apply(event);
  }

  rows(): TimelineRows {
    this.intervals.end(this.nowUs);
    const memories = [...this.memories.values()].sort((a, b) => a.engine - b.engine);
    return {
      span: { fromUs: Math.max(0, this.fromUs), toUs: this.nowUs },
      processes: [...this.processes.values()],
      memories: memories.filter(({ levels }) => levels.some(({ resident, room }) => resident + room > 0)),
      idle: this.idle,
      crashesUs: this.crashesUs,
    };
  }

  interval(interval: Interval): void {
    const row = this.row(interval.process.pid);
    const { fromUs, toUs, state } = interval;
    if (state === 'waiting') row.add(`waiting:${interval.on}`, fromUs, toUs);
    else if (state !== 'running') row.add(state, fromUs, toUs);
    else {
      row.addStretch(interval.stretch, fromUs, toUs);
      this.running--;
      const kept = this.rooms.get(interval.stretch.core);
      this.rooms.delete(interval.stretch.core);
      kept?.memory.change(toUs, 0, -kept.room);
    }
  }

  /** Context memory is empty. */
  crashed(atUs: number): void {
    for (const memory of this.memories.values()) memory.clear(atUs);
    this.crashesUs.push(atUs);
  }

  private apply(event: KernelEvent): void {
    const { atUs } = event;
    switch (event.type) {
      case 'process.spawned': {
        const { pid, name, priority } = event;
        if (!this.processes.has(pid)) this.processes.set(pid, new Row(pid, name, priority));
        return;
      }
      case 'process.restored':
        return event.fromCheckpoint > 0
          ? this.row(event.pid).mark('restored', 'restored', atUs)
          : this.row(event.pid).mark('replayed', 'replayed', atUs);
      case 'process.dispatched': {
        const memory = this.memory(this.intervals.process(event.pid)!.facts.engine);
        // A call that bypasses the memory keeps no room there.
        const room = Math.max(0, event.room);
        this.rooms.set(event.core, { memory, room });
        memory.change(atUs, 0, room);
        this.running++;
        return;
      }
      case 'call.stopped':
        if (event.by === 'priority' || event.by === 'slice')
          this.row(event.pid).mark('preempted', 'preempted', atUs);
        return;
      case 'process.terminated': {
        const { outcome } = event;
        return this.row(event.pid).mark(outcome === 'completed' ? 'completed' : 'ended', outcome, atUs);
      }
      case 'checkpoint.saved':
        return this.row(event.pid).mark('saved', 'saved', atUs);
      case 'page.faulted':
        if (event.kind === 'capacity') this.row(event.pid).mark('fault', 'fault', atUs);
        return;
      case 'page.loaded':
      case 'page.prefetched':
        return this.memory(event.engine).change(atUs, event.tokens, 0);
      case 'page.freed':
        return this.memory(event.engine).change(atUs, -event.tokens, 0);
      case 'page.evicted':
        return this.memory(event.engine).evict(atUs, event.pages, event.tokens);
      default:
        return undefined;
    }
  }

  private markBudget(pid: number, atUs: number): void {
    const live = this.intervals.process(pid);
    if (live?.state === 'waiting' && live.why === 'budget') return;
    this.row(pid).mark('budget', 'budget wait', atUs);
  }

  private row(pid: number): Row {
    const row = this.processes.get(pid);
    assert(row !== undefined, () => `an event of process ${pid}, which was never spawned`);
    return row;
  }

  private memory(engine: number): Memory {
    let memory = this.memories.get(engine);
    if (memory === undefined) this.memories.set(engine, (memory = new Memory(engine)));
    return memory;
  }
}

/** One process while its events are read. */
class Row implements ProcessRow {
  readonly pid: number;
  readonly name: string;
  readonly priority: number;
  readonly segments: Segment[] = [];
  readonly marks: Mark[] = [];

  constructor(pid: number, name: string, priority: number) {
    this.pid = pid;
    this.name = name;
    this.priority = priority;
  }

  mark(kind: MarkKind, label: string, atUs: number): void {
    this.marks.push({ kind, atUs, label });
  }

  /** The events say how long each part took, not when: they are drawn in the order of a call, with all repeated prefill before all new. */
  addStretch({ phases }: Stretch, fromUs: number, toUs: number): void {
    if (phases === undefined) return this.add('running', fromUs, toUs);
    let atUs = fromUs;
    for (const [kind, us] of [
      ['switch', phases.switchUs],
      ['load', phases.loadUs],
      ['repeated-prefill', phases.repeatedPrefillUs],
      ['new-prefill', phases.newPrefillUs],
      ['decode', phases.decodeUs],
    ] as const) {
      this.add(kind, atUs, atUs + us);
      atUs += us;
    }
  }

  /** Joins what goes on. */
  add(kind: SegmentKind, fromUs: number, toUs: number): void {
    if (fromUs === toUs) return;
    const last = this.segments.at(-1);
    if (last !== undefined && last.kind === kind && last.toUs === fromUs && kind !== 'running')
      this.segments[this.segments.length - 1] = { kind, fromUs: last.fromUs, toUs };
    else this.segments.push({ kind, fromUs, toUs });
  }
}

/** One context memory while its events are read. */
class Memory implements MemoryRow {
  readonly engine: number;
  readonly levels: MemoryLevel[] = [];
  readonly evictionsUs: number[] = [];
  evictedPages = 0;
  evictedTokens = 0;
  private resident = 0;
  private room = 0;

  constructor(engine: number) {
    this.engine = engine;
  }

  change(atUs: number, resident: number, room: number): void {
    this.resident += resident;
    this.room += room;
    // What comes and goes at one instant is one step.
    if (this.levels.at(-1)?.atUs === atUs) this.levels.pop();
    this.levels.push({ atUs, resident: this.resident, room: this.room });
  }

  evict(atUs: number, pages: number, tokens: number): void {
    this.change(atUs, -tokens, 0);
    if (this.evictionsUs.at(-1) !== atUs) this.evictionsUs.push(atUs);
    this.evictedPages += pages;
    this.evictedTokens += tokens;
  }

  clear(atUs: number): void {
    this.change(atUs, -this.resident, -this.room);
  }
}
