/**
 * Pressure from the event stream alone: which processes were stalled on cores, memory and budgets, for the whole run and for each budget node.
 *
 * Stalled on cores is who stands in a ready queue. On memory: who waits for context memory, whose ready queue is held by the first that does, whom load
 * control suspended, and who runs, but only brings back what eviction took (repeated prefill, loads from a slower tier), as Linux counts refaults. On a budget:
 * who waits for one, or was suspended by one. Idle, so that they count neither way: who waits for a tool, a person, a message, a child, a lock, a timer or
 * storage, and who was stopped by a signal.
 *
 * What a stretch on a core was spent on is known at its end only: loads, new prefill, repeated prefill, decoding, in this order. So what happens after the start of a stretch
 * that brings something back is counted when that stretch has ended.
 */
import { assert } from '../../base/assert.ts';
import { MostlySortedQueue } from '../../base/mostly-sorted-queue.ts';
import type { BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import {
  activity,
  PressureGroup,
  Samples,
  type Activity,
  type Pressure,
  type PressureSeries,
} from './pressure-group.ts';

export interface RunPressure extends Pressure {
  readonly series: PressureSeries;
  /** Of the processes of each budget node and of those below it; of more than 100 nodes only the first 100 that have others below them. */
  readonly budgets: readonly ({ readonly node: string } & Pressure)[];
}

const mostNodes = 100;

type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

/** A process, as far as it matters here. */
interface Watched {
  /** Now, and as far as it is counted. */
  engine: number;
  countedOn: number;
  /** The whole run, its budget node and those above. */
  readonly groups: readonly PressureGroup[];
  /** As far as it is counted. */
  doing: Activity;
  /** The call that it last ran; whether it was brought back something by a stretch of it, so that a later one may go on with that. */
  call: number;
  isRestored: boolean;
  isDegraded: boolean;
  /** Tokens that its call found missing, not for the first time, before it was dispatched. */
  faultedTokens: number;
  /** The stretch that runs, when what it is spent on is not known yet. */
  stretch: { readonly start: EventOf<'process.dispatched'>; readonly evictedShare: number } | undefined;
}

/** From then on `pid` does something else; or, pid 0, the queue of `engine` is held or not. */
interface Change {
  readonly atUs: number;
  readonly seq: number;
  readonly pid: number;
  readonly to: Activity;
  readonly engine: number;
  readonly isHeld: boolean;
}

export class PressureTally {
  private readonly engines: number;
  private readonly parents: ReadonlyMap<string, string | undefined>;
  private readonly measured: readonly string[];
  private groups = new Map<string, PressureGroup>();
  private whole: PressureGroup | undefined = undefined;
  private readonly watched: (Watched | undefined)[] = [];
  private readonly isHeld: boolean[];
  /** Those with a stretch of which it is not known yet what it is spent on, in the order of their dispatch. */
  private readonly open = new Set<Watched>();
  /** Changes after the first of these: by slot, in the order of (time, sequence number). */
  private readonly queue = new MostlySortedQueue();
  private readonly slots: (Change | undefined)[] = [];
  private readonly freeSlots: number[] = [];

  constructor(engines: number, budgets: readonly BudgetNodeSpec[]) {
    this.engines = engines;
    this.parents = new Map(budgets.map(({ name, parent }) => [name, parent]));
    const inner = new Set(budgets.map(({ parent }) => parent));
    const names = budgets.map(({ name }) => name);
    this.measured = (names.length <= mostNodes ? names : names.filter((name) => inner.has(name))).slice(
      0,
      mostNodes,
    );
    this.isHeld = Array.from({ length: engines }, () => false);
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.dispatched':
        return this.dispatched(event);
      case 'call.ended':
      case 'call.stopped':
        return this.leavesCore(event);
      case 'process.ready':
      case 'process.continued':
        return this.becomes(event, activity.ready);
      case 'process.migrated':
        return this.migrated(event);
      case 'process.waiting':
        return this.becomes(event, waits[event.on] ?? activity.idle);
      case 'process.suspended':
        return this.becomes(event, suspensions[event.by]);
      case 'process.terminated':
        return this.becomes(event, activity.idle);
      case 'page.faulted':
        if (event.kind !== 'compulsory') this.watched[event.pid]!.faultedTokens += event.tokens;
        return undefined;
      case 'call.degraded':
        this.watched[event.pid]!.isDegraded = true;
        return undefined;
      case 'process.spawned':
        return this.spawned(event);
      case 'queue.held':
      case 'queue.released': {
        const { atUs, seq, engine } = event;
        const isHeld = event.type === 'queue.held';
        return this.take({ atUs, seq, pid: 0, to: activity.idle, engine, isHeld });
      }
      default:
        return undefined;
    }
  }

  /** Up to `endUs`. A stretch that the end of the run cut off counts as productive. */
  result(startUs: number, endUs: number): RunPressure {
    // What is not counted yet is counted on copies: the run may go on.
    const copies = new Map<PressureGroup, PressureGroup>();
    const copyOf = (group: PressureGroup): PressureGroup => {
      let copy = copies.get(group);
      if (copy === undefined) copies.set(group, (copy = group.copy()));
      return copy;
    };
    const fresh = () => new PressureGroup(this.engines, startUs, new Samples(startUs));
    const whole = this.whole === undefined ? fresh() : copyOf(this.whole);
    const nodes = this.measured.map((node) => {
      const group = this.groups.get(node);
      return { node, group: group === undefined ? fresh() : copyOf(group) };
    });
    const doing = new Map<number, Activity>();
    const on = new Map<number, number>();
    const isHeld = [...this.isHeld];
    for (const change of this.waiting()) {
      const { pid, to, engine, atUs } = change;
      if (pid === 0) {
        isHeld[engine] = change.isHeld;
        for (const group of copies.values()) group.hold(engine, change.isHeld, atUs);
        continue;
      }
      const { groups, doing: counted, countedOn } = this.watched[pid]!;
      const was = doing.get(pid) ?? counted;
      const wasOn = on.get(pid) ?? countedOn;
      for (const group of groups) {
        const copy = copyOf(group);
        if (wasOn !== engine) copy.change(was, activity.idle, wasOn, isHeld[wasOn]!, atUs);
        copy.change(wasOn === engine ? was : activity.idle, to, engine, isHeld[engine]!, atUs);
      }
      doing.set(pid, to);
      on.set(pid, engine);
    }
    for (const group of [whole, ...nodes.map(({ group }) => group)]) group.advance(endUs);
    return {
      ...whole.pressure(),
      series: whole.series()!,
      budgets: nodes.map(({ node, group }) => ({ node, ...group.pressure() })),
    };
  }

  // ---- Processes -------------------------------------------------------------------------------------------------------

  private spawned(event: EventOf<'process.spawned'>): void {
    const { pid, engine, atUs } = event;
    this.whole ??= new PressureGroup(this.engines, atUs, new Samples(atUs));
    const groups = [this.whole];
    for (let node: string | undefined = event.budget; node !== undefined; node = this.parents.get(node))
      if (this.measured.includes(node)) groups.push(this.groupOf(node));
    this.watched[pid] = {
      engine,
      countedOn: engine,
      groups,
      doing: activity.idle,
      call: 0,
      isRestored: false,
      isDegraded: false,
      faultedTokens: 0,
      stretch: undefined,
    };
    this.becomes(event, activity.ready);
  }

  /** It stands ready, on another engine: it leaves the queue there, and joins the one here. */
  private migrated(event: EventOf<'process.migrated'>): void {
    this.watched[event.pid]!.engine = event.to;
    this.becomes(event, activity.ready);
  }

  private groupOf(node: string): PressureGroup {
    let group = this.groups.get(node);
    if (group === undefined)
      this.groups.set(node, (group = new PressureGroup(this.engines, this.whole!.startUs)));
    return group;
  }

  private dispatched(event: EventOf<'process.dispatched'>): void {
    const watched = this.watched[event.pid]!;
    const { n, repeatedTokens, loadTokens } = event;
    const { faultedTokens } = watched;
    watched.faultedTokens = 0;
    if (watched.call !== n) {
      watched.call = n;
      watched.isRestored = false;
    }
    // What is prefilled again beside that is the partial answer of a call that goes on.
    const evicted = Math.min(repeatedTokens, Math.max(0, faultedTokens - loadTokens));
    const bringsBack = evicted + loadTokens > 0 && !watched.isDegraded;
    if (bringsBack) watched.isRestored = true;
    // A later stretch goes on with what the one before it left of that.
    if (!watched.isRestored) return this.becomes(event, activity.productive);
    const evictedShare = repeatedTokens === 0 ? 1 : evicted / repeatedTokens;
    watched.stretch = { start: event, evictedShare };
    this.open.add(watched);
  }

  private leavesCore(event: EventOf<'call.ended' | 'call.stopped'>): void {
    const watched = this.watched[event.pid]!;
    if (event.type === 'call.ended') watched.isDegraded = false;
    if (watched.stretch !== undefined) this.split(watched, event);
    this.becomes(event, activity.ready);
  }

  /** What the stretch was spent on is known now. */
  private split(
    watched: Watched,
    {
      pid,
      atUs,
      switchUs = 0,
      loadUs,
      newPrefillUs,
      repeatedPrefillUs,
    }: EventOf<'call.ended' | 'call.stopped'>,
  ): void {
    const { start, evictedShare } = watched.stretch!;
    const { seq } = start;
    watched.stretch = undefined;
    const backUs = Math.floor(repeatedPrefillUs * evictedShare);
    const change = (fromUs: number, to: Activity) =>
      this.keep({ atUs: fromUs, seq, pid, to, engine: watched.engine, isHeld: false });
    let fromUs = start.atUs;
    for (const [us, to] of [
      [switchUs, activity.productive],
      [loadUs, activity.memory],
      [newPrefillUs, activity.productive],
      [backUs, activity.memory],
      [atUs - start.atUs - switchUs - loadUs - newPrefillUs - backUs, activity.productive],
    ] as const) {
      // No two changes of one process at one instant with one number: their order would be open.
      if (us > 0) change(fromUs, to);
      fromUs += us;
    }
    if (fromUs === start.atUs) change(fromUs, activity.productive);
    this.open.delete(watched);
    this.settle();
  }

  private becomes(
    { pid, atUs, seq }: { readonly pid: number; readonly atUs: number; readonly seq: number },
    to: Activity,
  ): void {
    const watched = this.watched[pid];
    if (watched === undefined) assert(false, `an event of process ${pid}, which was never spawned`);
    // The usual case makes no object.
    if (this.open.size === 0 && this.queue.size === 0) return this.count(watched, to, watched.engine, atUs);
    this.keep({ atUs, seq, pid, to, engine: watched.engine, isHeld: false });
  }

  // ---- Order -----------------------------------------------------------------------------------------------------------

  private take(change: Change): void {
    if (this.open.size === 0 && this.queue.size === 0) this.apply(change);
    else this.keep(change);
  }

  private keep(change: Change): void {
    const slot = this.freeSlots.pop() ?? this.slots.length;
    this.slots[slot] = change;
    this.queue.push(slot, change.atUs, change.seq);
  }

  /** Counts what is kept, up to the first stretch of which it is not known what it is spent on. */
  private settle(): void {
    const { queue, slots, freeSlots, open } = this;
    const first = open.values().next().value?.stretch?.start;
    for (let slot = queue.peek(); slot !== -1; slot = queue.peek()) {
      const change = slots[slot]!;
      if (first !== undefined && !isBefore(change, first)) return;
      queue.popMin();
      slots[slot] = undefined;
      freeSlots.push(slot);
      this.apply(change);
    }
  }

  private apply(change: Change): void {
    const { pid, to, engine, isHeld, atUs } = change;
    if (pid !== 0) return this.count(this.watched[pid]!, to, engine, atUs);
    this.isHeld[engine] = isHeld;
    this.whole?.hold(engine, isHeld, atUs);
    for (const group of this.groups.values()) group.hold(engine, isHeld, atUs);
  }

  private count(watched: Watched, to: Activity, engine: number, atUs: number): void {
    if (watched.countedOn !== engine) {
      if (watched.doing !== activity.idle) this.count(watched, activity.idle, watched.countedOn, atUs);
      watched.countedOn = engine;
    }
    const { groups, doing } = watched;
    if (doing === to) return;
    const isHeld = this.isHeld[engine]!;
    for (let index = 0; index < groups.length; index++)
      groups[index]!.change(doing, to, engine, isHeld, atUs);
    watched.doing = to;
  }

  /** What is not counted yet, in order; of stretches that still run, that they are productive. */
  private waiting(): readonly Change[] {
    const changes = this.slots.filter((change) => change !== undefined);
    for (const { stretch, engine } of this.open) {
      const { atUs, seq, pid } = stretch!.start;
      changes.push({ atUs, seq, pid, to: activity.productive, engine, isHeld: false });
    }
    return changes.sort((a, b) => a.atUs - b.atUs || a.seq - b.seq);
  }
}

const waits: Readonly<Record<string, Activity>> = { memory: activity.memory, budget: activity.budget };

const suspensions = {
  signal: activity.idle,
  'load-control': activity.memory,
  budget: activity.budget,
} as const;

function isBefore(one: Change, other: { readonly atUs: number; readonly seq: number }): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.seq < other.seq);
}
