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
/** Above every activity. */
const movesTo = 1_000;

type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

/** A process, as far as it matters here. */
interface Watched {
  /** Its engine, as far as it is counted. */
  engine: number;
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
  /** Of the repeated prefill of its stretch: how much of it is what eviction took. Means something while the stretch is open. */
  evictedShare: number;
}

/** From then on `pid` does something else; or, `what` from `movesTo` on, stands ready on engine number `what - movesTo`; or, pid 0, the queue of engine number `what >> 1` is held (`what` is odd) or not. */
interface Change {
  readonly atUs: number;
  readonly seq: number;
  readonly pid: number;
  readonly what: number;
}

export class PressureTally {
  private readonly engines: number;
  private readonly parents: ReadonlyMap<string, string | undefined>;
  private readonly measured: readonly string[];
  private groups = new Map<string, PressureGroup>();
  private whole: PressureGroup | undefined = undefined;
  private readonly watched: (Watched | undefined)[] = [];
  private readonly isHeld: boolean[];
  /** Pids with a stretch of which it is not known yet what it is spent on, by (time, sequence number) of their dispatch. */
  private readonly open = new MostlySortedQueue();
  /** Changes after the first of these: slots, by (time, sequence number). */
  private readonly queue = new MostlySortedQueue();
  private readonly pids: number[] = []; // [slot]
  private readonly whats: number[] = []; // [slot]
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
      case 'process.migrated': {
        const { pid, atUs, seq, to } = event;
        if (this.isUpToDate()) this.apply(pid, movesTo + to, atUs);
        else this.keep(pid, movesTo + to, atUs, seq);
        return undefined;
      }
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
        const what = 2 * engine + (event.type === 'queue.held' ? 1 : 0);
        if (this.isUpToDate()) this.apply(0, what, atUs);
        else this.keep(0, what, atUs, seq);
        return undefined;
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
    for (const { pid, what, atUs } of this.waiting()) {
      if (pid === 0) {
        const held = what >> 1;
        isHeld[held] = what % 2 === 1;
        for (const group of copies.values()) group.hold(held, isHeld[held], atUs);
        continue;
      }
      const { groups, engine: countedOn, doing: counted } = this.watched[pid]!;
      const change = (to: Activity): void => {
        const engine = on.get(pid) ?? countedOn;
        for (const group of groups)
          copyOf(group).change(doing.get(pid) ?? counted, to, engine, isHeld[engine]!, atUs);
        doing.set(pid, to);
      };
      if (what < movesTo) change(what as Activity);
      else {
        change(activity.idle);
        on.set(pid, what - movesTo);
        change(activity.ready);
      }
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
      groups,
      doing: activity.idle,
      call: 0,
      isRestored: false,
      isDegraded: false,
      faultedTokens: 0,
      evictedShare: 0,
    };
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
    watched.evictedShare = repeatedTokens === 0 ? 1 : evicted / repeatedTokens;
    this.open.push(event.pid, event.atUs, event.seq);
  }

  private leavesCore(event: EventOf<'call.ended' | 'call.stopped'>): void {
    const watched = this.watched[event.pid]!;
    if (event.type === 'call.ended') watched.isDegraded = false;
    if (this.open.has(event.pid)) this.split(watched, event);
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
    const { open } = this;
    const startUs = open.keyOf(pid);
    const seq = open.tieOf(pid);
    const switchedUs = startUs + switchUs;
    const loadedUs = switchedUs + loadUs;
    const prefilledUs = loadedUs + newPrefillUs;
    const backUs = prefilledUs + Math.floor(repeatedPrefillUs * watched.evictedShare);
    // No two changes of one process at one instant with one number: their order would be open.
    if (switchedUs > startUs) this.keep(pid, activity.productive, startUs, seq);
    if (loadedUs > switchedUs) this.keep(pid, activity.memory, switchedUs, seq);
    if (prefilledUs > loadedUs) this.keep(pid, activity.productive, loadedUs, seq);
    if (backUs > prefilledUs) this.keep(pid, activity.memory, prefilledUs, seq);
    if (atUs > backUs || atUs === startUs) this.keep(pid, activity.productive, backUs, seq);
    open.remove(pid);
    this.settle();
  }

  private becomes(
    { pid, atUs, seq }: { readonly pid: number; readonly atUs: number; readonly seq: number },
    to: Activity,
  ): void {
    const watched = this.watched[pid];
    if (watched === undefined) assert(false, `an event of process ${pid}, which was never spawned`);
    if (this.isUpToDate()) this.count(watched, to, atUs);
    else this.keep(pid, to, atUs, seq);
  }

  // ---- Order -----------------------------------------------------------------------------------------------------------

  /** Nothing that happened before waits to be counted. */
  private isUpToDate(): boolean {
    return this.open.size === 0 && this.queue.size === 0;
  }

  private keep(pid: number, what: number, atUs: number, seq: number): void {
    const slot = this.freeSlots.pop() ?? this.pids.length;
    this.pids[slot] = pid;
    this.whats[slot] = what;
    this.queue.push(slot, atUs, seq);
  }

  /** Counts what is kept, up to the first stretch of which it is not known what it is spent on. */
  private settle(): void {
    const { queue, pids, whats, freeSlots, open } = this;
    const openUs = open.peekKey();
    const openSeq = open.size === 0 ? 0 : open.tieOf(open.peek());
    for (let slot = queue.peek(); slot !== -1; slot = queue.peek()) {
      const atUs = queue.peekKey();
      if (atUs > openUs || (atUs === openUs && queue.tieOf(slot) >= openSeq)) return;
      queue.popMin();
      freeSlots.push(slot);
      this.apply(pids[slot]!, whats[slot]!, atUs);
    }
  }

  private apply(pid: number, what: number, atUs: number): void {
    if (pid !== 0) {
      const watched = this.watched[pid]!;
      if (what < movesTo) return this.count(watched, what as Activity, atUs);
      this.count(watched, activity.idle, atUs);
      watched.engine = what - movesTo;
      return this.count(watched, activity.ready, atUs);
    }
    const engine = what >> 1;
    const isHeld = what % 2 === 1;
    this.isHeld[engine] = isHeld;
    this.whole?.hold(engine, isHeld, atUs);
    for (const group of this.groups.values()) group.hold(engine, isHeld, atUs);
  }

  private count(watched: Watched, to: Activity, atUs: number): void {
    const { groups, doing, engine } = watched;
    if (doing === to) return;
    const isHeld = this.isHeld[engine]!;
    for (let index = 0; index < groups.length; index++)
      groups[index]!.change(doing, to, engine, isHeld, atUs);
    watched.doing = to;
  }

  /** What is not counted yet, in order; of stretches that still run, that they are productive. */
  private waiting(): readonly Change[] {
    const { queue, open } = this;
    const changes: Change[] = [];
    for (const slot of queue.ids()) {
      const [atUs, seq] = [queue.keyOf(slot), queue.tieOf(slot)];
      changes.push({ atUs, seq, pid: this.pids[slot]!, what: this.whats[slot]! });
    }
    for (const pid of open.ids())
      changes.push({ atUs: open.keyOf(pid), seq: open.tieOf(pid), pid, what: activity.productive });
    return changes.sort((a, b) => a.atUs - b.atUs || a.seq - b.seq);
  }
}

const waits: Readonly<Record<string, Activity>> = { memory: activity.memory, budget: activity.budget };

const suspensions = {
  signal: activity.idle,
  'load-control': activity.memory,
  budget: activity.budget,
} as const;
