/**
 * Where the time of every process went, as intervals without gaps: from the events alone and as they come, so that a run of any length needs
 * memory only for the processes that live. The time between two events of a process belongs to the state that it is in, as the metrics count it:
 * time in a ready queue that is held by the first waiter for memory is time waited for memory. So the intervals of a process sum to its turnaround
 * and to the parts of its split.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Spent } from '../kernel/inputs.ts';

/** Of one process; `toUs` is not before `fromUs`, and only a stretch on a core may last no time. */
export type Interval = {
  readonly process: IntervalProcess;
  readonly fromUs: number;
  readonly toUs: number;
} & (
  | { readonly state: 'ready' }
  | { readonly state: 'running'; readonly stretch: Stretch }
  /** `detail`: the budget node, the tools that run, or who holds the queue; '' where there is no more to say. */
  | { readonly state: 'waiting'; readonly on: string; readonly detail: string }
  | { readonly state: 'suspended'; readonly by: string }
);

export interface IntervalProcess {
  readonly pid: number;
  readonly name: string;
  /** 0: an agent of its own. */
  readonly parent: number;
  readonly priority: number;
  readonly engine: number;
}

/** One stay on a core. */
export interface Stretch {
  readonly core: number;
  /** Number of the syscall whose call it is. */
  readonly n: number;
  readonly newTokens: number;
  readonly repeatedTokens: number;
  readonly loadTokens: number;
  readonly cachedTokens: number;
  /** Answer tokens of this stretch. */
  readonly tokensOut: number;
  /** How it ended: `completed`, `failed`, why it was stopped, or `unfinished`: a crash or the end of the events cut it off. */
  readonly end: string;
  /** In this order; undefined when nobody has told: it was cut off. */
  readonly phases: Phases | undefined;
}

/** µs; together the length of the stretch. */
interface Phases {
  /** Another process had run on the core. */
  readonly switchUs: number;
  readonly loadUs: number;
  readonly repeatedPrefillUs: number;
  readonly newPrefillUs: number;
  readonly decodeUs: number;
}

export interface IntervalSink {
  /** In the order of their ends. */
  interval(interval: Interval): void;
  /** The machine failed and another kernel goes on: everything was cut off, all intervals have been told. */
  crashed?(atUs: number): void;
}

export class IntervalReader {
  private readonly sink: IntervalSink;
  private readonly lives = new Map<number, Life>();
  private readonly engines: Engine[] = [];
  private seq = 0;
  private nowUs = 0;

  constructor(sink: IntervalSink) {
    this.sink = sink;
  }

  /** Events of one run, or of several kernels one after the other: where `seq` starts again, the one before has crashed. */
  read(event: KernelEvent): void {
    const { atUs, seq } = event;
    assert(atUs >= this.nowUs, () => `event ${seq}: the events go back from ${this.nowUs} to ${atUs} µs`);
    this.nowUs = atUs;
    if (seq <= this.seq) this.crash(atUs);
    this.seq = seq;
    switch (event.type) {
      case 'process.spawned': {
        const { pid, name, parent, priority, engine } = event;
        const life = new Life({ pid, name, parent, priority, engine }, this.engine(engine), atUs);
        this.lives.set(pid, life);
        return;
      }
      case 'process.ready':
      case 'process.continued':
        return this.enter(this.life(event.pid), 'ready', atUs);
      case 'process.waiting': {
        const life = this.life(event.pid);
        if (life.state === 'waiting' && life.why === event.on) return;
        this.enter(life, 'waiting', atUs, event.on);
        life.detail = event.on === 'tool' ? life.toolNames() : '';
        return;
      }
      case 'process.suspended':
        return this.enter(this.life(event.pid), 'suspended', atUs, event.by);
      case 'process.dispatched': {
        const life = this.life(event.pid);
        this.enter(life, 'running', atUs);
        life.dispatched = event;
        life.engine.running++;
        return;
      }
      case 'call.stopped':
        return this.endStretch(event, event.by);
      case 'call.ended':
        return this.endStretch(event, event.ok ? 'completed' : 'failed');
      case 'process.terminated': {
        const life = this.life(event.pid);
        this.leave(life, atUs);
        this.lives.delete(event.pid);
        return;
      }
      case 'process.migrated':
        return this.migrate(this.life(event.pid), event.to, atUs);
      case 'queue.held':
        return this.hold(this.engine(event.engine), event.pid, atUs);
      case 'queue.released':
        return this.hold(this.engine(event.engine), 0, atUs);
      case 'budget.queued': {
        const life = this.life(event.pid);
        if (life.state === 'waiting' && life.why === 'budget') life.detail = event.node;
        return;
      }
      case 'tool.started':
        (this.life(event.pid).tools ??= new Map()).set(event.request, event.tool);
        return;
      case 'tool.ended':
        // Of a process that has ended, perhaps.
        this.lives.get(event.pid)?.tools?.delete(event.request);
        return;
      default:
        return;
    }
  }

  /** Nothing more comes: what is under way ends at `atUs`. */
  end(atUs: number): void {
    assert(atUs >= this.nowUs, () => `the end at ${atUs} µs is before the last event at ${this.nowUs} µs`);
    for (const life of this.lives.values()) this.leave(life, atUs);
    this.lives.clear();
  }

  /** Undefined: it has not been spawned, or has ended. */
  process(pid: number): LiveProcess | undefined {
    return this.lives.get(pid);
  }

  /** In the ready queue of this engine, held or not; and on its cores. */
  counts(engine: number): { readonly ready: number; readonly running: number } {
    const { ready, running } = this.engine(engine);
    return { ready: ready.size, running };
  }

  private crash(atUs: number): void {
    this.end(atUs);
    this.engines.length = 0;
    this.sink.crashed?.(atUs);
  }

  private enter(life: Life, state: Interval['state'], atUs: number, why = ''): void {
    if (state === 'ready' && life.state === 'ready') return;
    this.leave(life, atUs);
    life.state = state;
    life.sinceUs = atUs;
    life.why = why;
    life.detail = '';
    if (state === 'ready') life.engine.ready.add(life);
  }

  /** It stands ready, and goes on doing so on another engine. */
  private migrate(life: Life, to: number, atUs: number): void {
    this.leave(life, atUs);
    life.facts = { ...life.facts, engine: to };
    life.engine = this.engine(to);
    life.sinceUs = atUs;
    life.engine.ready.add(life);
  }

  /** Tells the interval that ends now. */
  private leave(life: Life, atUs: number): void {
    const { engine, state } = life;
    if (state === 'ready') engine.ready.delete(life);
    if (state !== 'running') return this.tell(life, atUs);
    engine.running--;
    this.tellStretch(life, atUs, { end: 'unfinished', phases: undefined, tokensOut: 0 });
  }

  private endStretch(
    event: {
      readonly pid: number;
      readonly atUs: number;
      readonly n: number;
      readonly tokensOut: number;
    } & Spent,
    end: string,
  ): void {
    const { atUs, n, switchUs = 0, loadUs, repeatedPrefillUs, newPrefillUs } = event;
    const life = this.life(event.pid);
    // A call that fails before it reaches a core ends without a stretch.
    if (life.state !== 'running') return;
    const decodeUs = atUs - life.sinceUs - switchUs - loadUs - repeatedPrefillUs - newPrefillUs;
    assert(decodeUs >= 0, () => `event of ${event.pid} at ${atUs} µs: the stretch is shorter than its parts`);
    const before = life.answeredN === n ? life.answered : 0;
    life.answeredN = n;
    life.answered = event.tokensOut;
    life.engine.running--;
    this.tellStretch(life, atUs, {
      end,
      phases: { switchUs, loadUs, repeatedPrefillUs, newPrefillUs, decodeUs },
      tokensOut: event.tokensOut - before,
    });
    life.state = 'ready';
    life.sinceUs = atUs;
    life.engine.ready.add(life);
  }

  private tellStretch(
    life: Life,
    atUs: number,
    { end, phases, tokensOut }: Pick<Stretch, 'end' | 'phases' | 'tokensOut'>,
  ): void {
    const { core, n, newTokens, repeatedTokens, loadTokens, cachedTokens } = life.dispatched!;
    const stretch = { core, n, newTokens, repeatedTokens, loadTokens, cachedTokens, tokensOut, end, phases };
    this.sink.interval({ process: life.facts, fromUs: life.sinceUs, toUs: atUs, state: 'running', stretch });
  }

  private tell(life: Life, atUs: number): void {
    const { sinceUs: fromUs, state, why, detail, engine } = life;
    if (fromUs === atUs) return;
    const span = { process: life.facts, fromUs, toUs: atUs };
    if (state === 'suspended') this.sink.interval({ ...span, state, by: why });
    else if (state === 'waiting') this.sink.interval({ ...span, state, on: why, detail });
    else if (engine.heldBy === 0) this.sink.interval({ ...span, state: 'ready' });
    else
      this.sink.interval({
        ...span,
        state: 'waiting',
        on: 'memory',
        detail: `queue held by process ${engine.heldBy}`,
      });
  }

  /** Who stands ready waits for memory from now on, or no longer. */
  private hold(engine: Engine, heldBy: number, atUs: number): void {
    for (const life of engine.ready) {
      this.tell(life, atUs);
      life.sinceUs = atUs;
    }
    engine.heldBy = heldBy;
  }

  private life(pid: number): Life {
    const life = this.lives.get(pid);
    assert(life !== undefined, () => `an event of process ${pid}, which does not live`);
    return life;
  }

  private engine(index: number): Engine {
    return (this.engines[index] ??= { ready: new Set(), running: 0, heldBy: 0 });
  }
}

/** A process that lives, and what it does now. */
export interface LiveProcess {
  readonly facts: IntervalProcess;
  readonly state: Interval['state'];
  readonly sinceUs: number;
  /** Of a wait its reason, of a suspension who caused it, else ''. */
  readonly why: string;
  /** As in its interval. */
  readonly detail: string;
}

interface Engine {
  readonly ready: Set<Life>;
  running: number;
  /** The pid that holds the ready queue, or 0. */
  heldBy: number;
}

type Dispatched = Extract<KernelEvent, { readonly type: 'process.dispatched' }>;

class Life implements LiveProcess {
  facts: IntervalProcess;
  engine: Engine;
  state: Interval['state'] = 'ready';
  sinceUs: number;
  why = '';
  detail = '';
  /** The stretch that runs, or ran last. */
  dispatched: Dispatched | undefined = undefined;
  /** Answer tokens that earlier stretches of call `answeredN` made. */
  answered = 0;
  answeredN = 0;
  /** Request → name; made for the first tool. */
  tools: Map<number, string> | undefined = undefined;

  constructor(facts: IntervalProcess, engine: Engine, atUs: number) {
    this.facts = facts;
    this.engine = engine;
    this.sinceUs = atUs;
    engine.ready.add(this);
  }

  toolNames(): string {
    return this.tools === undefined ? '' : [...this.tools.values()].join(', ');
  }
}
