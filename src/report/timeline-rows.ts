/**
 * What a timeline shows of a run, from its events alone: the life of every process as segments, the moments worth a mark, and how full
 * each context memory was. Times only; where things stand on paper is the business of timeline-svg.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Spent } from '../kernel/inputs.ts';
import type { Outcome } from '../kernel/process-state.ts';

/** `running` is a stretch whose parts nobody has reported: a crash or the end of the events came first. `waiting:REASON` for every reason. */
export type SegmentKind =
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

class Reader {
  private readonly processes = new Map<number, Life>();
  private readonly memories = new Map<number, Memory>();
  /** Core → the engine of the process that was sent there last, and the room kept for its answer. */
  private readonly stretches = new Map<number, { readonly memory: Memory; readonly room: number }>();
  private readonly engineOf = new Map<number, number>();
  private readonly idle: Span[] = [];
  private readonly crashesUs: number[] = [];
  private fromUs = 0;
  private nowUs = 0;
  private seq = 0;
  private running = 0;

  read(event: KernelEvent): void {
    const { atUs } = event;
    if (this.seq === 0) this.fromUs = atUs;
    else {
      assert(atUs >= this.nowUs, () => `the events of a timeline go back from ${this.nowUs} to ${atUs} µs`);
      if (atUs > this.nowUs && this.running === 0) this.idle.push({ fromUs: this.nowUs, toUs: atUs });
    }
    if (event.seq <= this.seq) this.crash(atUs);
    this.seq = event.seq;
    this.nowUs = atUs;
    this.apply(event);
  }

  rows(): TimelineRows {
    for (const life of this.processes.values()) life.leave(this.nowUs);
    const memories = [...this.memories.values()].sort((a, b) => a.engine - b.engine);
    return {
      span: { fromUs: this.fromUs, toUs: this.nowUs },
      processes: [...this.processes.values()],
      memories: memories.filter(({ levels }) => levels.some(({ resident, room }) => resident + room > 0)),
      idle: this.idle,
      crashesUs: this.crashesUs,
    };
  }

  private apply(event: KernelEvent): void {
    const { atUs } = event;
    switch (event.type) {
      case 'process.spawned': {
        this.engineOf.set(event.pid, event.engine);
        let life = this.processes.get(event.pid);
        if (life === undefined)
          this.processes.set(event.pid, (life = new Life(event.pid, event.name, event.priority)));
        return life.enter('ready', atUs);
      }
      case 'process.restored':
        return event.fromCheckpoint > 0
          ? this.life(event.pid).mark('restored', 'restored', atUs)
          : this.life(event.pid).mark('replayed', 'replayed', atUs);
      case 'process.ready':
      case 'process.continued':
        return this.life(event.pid).enter('ready', atUs);
      case 'process.suspended':
        return this.life(event.pid).enter('suspended', atUs);
      case 'process.waiting': {
        const life = this.life(event.pid);
        if (event.on === 'budget' && life.kind !== 'waiting:budget') life.mark('budget', 'budget wait', atUs);
        return life.enter(`waiting:${event.on}`, atUs);
      }
      case 'process.dispatched': {
        // A call that bypasses the memory keeps no room there.
        const stretch = {
          memory: this.memory(this.engineOf.get(event.pid) ?? 0),
          room: Math.max(0, event.room),
        };
        this.stretches.set(event.core, stretch);
        stretch.memory.change(atUs, 0, stretch.room);
        this.running++;
        return this.life(event.pid).enter('running', atUs);
      }
      case 'call.stopped':
        if (event.by === 'priority' || event.by === 'slice')
          this.life(event.pid).mark('preempted', 'preempted', atUs);
        return this.endStretch(event);
      case 'call.ended':
        return this.endStretch(event);
      case 'process.terminated':
        return this.terminate(event.pid, event.outcome, atUs);
      case 'checkpoint.saved':
        return this.life(event.pid).mark('saved', 'saved', atUs);
      case 'page.faulted':
        if (event.kind === 'capacity') this.life(event.pid).mark('fault', 'fault', atUs);
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

  /** Whatever was under way is cut off, and context memory is empty. */
  private crash(atUs: number): void {
    for (const life of this.processes.values()) life.leave(atUs);
    for (const memory of this.memories.values()) memory.clear(atUs);
    this.stretches.clear();
    this.running = 0;
    this.crashesUs.push(atUs);
  }

  private endStretch({
    pid,
    core,
    atUs,
    ...spent
  }: { readonly pid: number; readonly core: number; readonly atUs: number } & Spent): void {
    // A call that fails before it reaches a core ends without a stretch.
    if (!this.life(pid).endStretch(atUs, spent)) return;
    this.running--;
    const stretch = this.stretches.get(core);
    this.stretches.delete(core);
    stretch?.memory.change(atUs, 0, -stretch.room);
  }

  private terminate(pid: number, outcome: Outcome, atUs: number): void {
    const life = this.life(pid);
    if (life.kind === 'running') this.running--;
    life.leave(atUs);
    life.mark(outcome === 'completed' ? 'completed' : 'ended', outcome, atUs);
  }

  private life(pid: number): Life {
    const life = this.processes.get(pid);
    assert(life !== undefined, () => `an event of process ${pid}, which was never spawned`);
    return life;
  }

  private memory(engine: number): Memory {
    let memory = this.memories.get(engine);
    if (memory === undefined) this.memories.set(engine, (memory = new Memory(engine)));
    return memory;
  }
}

/** One process while its events are read. */
class Life implements ProcessRow {
  readonly pid: number;
  readonly name: string;
  readonly priority: number;
  readonly segments: Segment[] = [];
  readonly marks: Mark[] = [];
  /** What it does now; undefined: nothing, it is not there. */
  kind: SegmentKind | undefined = undefined;
  private sinceUs = 0;

  constructor(pid: number, name: string, priority: number) {
    this.pid = pid;
    this.name = name;
    this.priority = priority;
  }

  enter(kind: SegmentKind, atUs: number): void {
    this.leave(atUs);
    this.kind = kind;
    this.sinceUs = atUs;
  }

  leave(atUs: number): void {
    if (this.kind !== undefined) this.add(this.kind, this.sinceUs, atUs);
    this.kind = undefined;
  }

  mark(kind: MarkKind, label: string, atUs: number): void {
    this.marks.push({ kind, atUs, label });
  }

  /**
   * Splits the stretch into its parts. The events say how long each part took, not when: they are drawn in the order of a call, with all
   * repeated prefill before all new. Returns whether there was a stretch.
   */
  endStretch(atUs: number, spent: Spent): boolean {
    if (this.kind !== 'running') return false;
    let fromUs = this.sinceUs;
    for (const [kind, us] of [
      ['load', spent.loadUs],
      ['repeated-prefill', spent.repeatedPrefillUs],
      ['new-prefill', spent.newPrefillUs],
    ] as const) {
      const toUs = Math.min(atUs, fromUs + us);
      this.add(kind, fromUs, toUs);
      fromUs = toUs;
    }
    this.add('decode', fromUs, atUs);
    this.kind = 'ready';
    this.sinceUs = atUs;
    return true;
  }

  /** Joins what goes on: a process that is announced ready twice is ready once. */
  private add(kind: SegmentKind, fromUs: number, toUs: number): void {
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
