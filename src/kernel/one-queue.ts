import { readyFor, type Engine, type ReadyQueue } from './engine.ts';
import type { KernelState } from './kernel-state.ts';
import type { Migration } from './migration.ts';
import type { Process } from './process.ts';

/** What moving processes to other engines needs of the scheduler. */
export interface Dispatcher {
  isOpen(engine: Engine): boolean;
  pick(engine: Engine): Process;
  start(process: Process): boolean;
  join(process: Process): void;
  leave(process: Process): void;
  mayStartOn(engine: Engine, process: Process): boolean;
  dispatchAll(engine: Engine): void;
}

/**
 * One ready queue for all engines (`queues: 'one'`). Who is picked for an idle core starts on its own engine if that has one; else, as soon as it may leave that (migration.ts), on the
 * engine with an idle core and room for it where its context is brought in soonest, of several the first. Who can start nowhere keeps its place, and the next is picked: no core idles
 * while somebody stands ready who may start on it.
 *
 * Who may go nowhere but to its own engine is bound to it meanwhile: a call that has begun, a wait for its own engine, and one that found no room elsewhere, as long as there is none.
 * Cores of other engines are not given up for those that are bound.
 * Cost: one pick for each start, and two operations of the policy for each of those that are passed over.
 */
export class OneQueue {
  private readonly state: KernelState;
  private readonly queue: ReadyQueue;
  private readonly migration: Migration;
  private readonly dispatcher: Dispatcher;
  /** Picked, and not started. */
  private readonly aside: Process[] = [];
  /** Who joined since the last decision. */
  private readonly joined: Process[] = [];
  /** Who found no room elsewhere. */
  private readonly roomless = new Set<Process>();

  constructor(state: KernelState, queue: ReadyQueue, migration: Migration, dispatcher: Dispatcher) {
    this.state = state;
    this.queue = queue;
    this.migration = migration;
    this.dispatcher = dispatcher;
  }

  /** `process` asks for a core and is about to join the queue. */
  joins(process: Process): void {
    if (process.call!.stretches === 0) {
      this.joined.push(process);
      return;
    }
    process.leavesUs = Infinity;
    this.migration.bind(process);
  }

  /** A step decides: there may be room by now. */
  release(): void {
    const { roomless, migration } = this;
    for (const process of roomless) {
      const isOver = !process.queued || !process.isBound || process.leavesUs > this.state.nowUs;
      if (!isOver && this.roomFor(process) === undefined) continue;
      roomless.delete(process);
      if (!isOver) migration.unbind(process);
    }
  }

  dispatchAll(): void {
    const { dispatcher } = this;
    for (let engine = this.open(); engine !== undefined; engine = this.open()) {
      const process = dispatcher.pick(engine);
      const target = this.targetOf(process);
      if (target === undefined) this.aside.push(process);
      else {
        if (target !== process.engine) this.migration.move(process, target);
        dispatcher.start(process);
      }
    }
    this.putBack();
    this.bindJoined();
  }

  /** `process` was picked, and would have to wait for memory on its own engine. False: so it must. */
  startElsewhere(process: Process): boolean {
    if (!this.migration.mayLeave(process)) return false;
    const target = this.roomFor(process);
    if (target === undefined) return false;
    this.migration.move(process, target);
    this.dispatcher.start(process);
    return true;
  }

  /** The first engine on which somebody who stands ready may start. */
  private open(): Engine | undefined {
    for (const engine of this.queue.engines)
      if (readyFor(engine) > 0 && this.dispatcher.isOpen(engine)) return engine;
    return undefined;
  }

  /** Where a picked process starts; undefined: nowhere now. */
  private targetOf(process: Process): Engine | undefined {
    const { migration } = this;
    if (this.dispatcher.isOpen(process.engine)) return process.engine;
    if (process.isBound) return undefined;
    if (!migration.mayLeave(process)) {
      migration.bind(process);
      return undefined;
    }
    const target = this.roomFor(process);
    if (target === undefined) {
      migration.bind(process);
      this.roomless.add(process);
    }
    return target;
  }

  /** Of the other engines that could take it at once, the one where its context is brought in soonest. */
  private roomFor(process: Process): Engine | undefined {
    const { migration, dispatcher } = this;
    const found: { readonly engine: Engine; readonly us: number }[] = [];
    for (const engine of this.queue.engines) {
      if (engine === process.engine || !dispatcher.isOpen(engine) || engine.memoryWaiters.size > 0) continue;
      if (migration.suits(process, engine) && migration.fits(process, engine))
        found.push({ engine, us: migration.bringInUs(process, engine) });
    }
    found.sort((a, b) => a.us - b.us || a.engine.index - b.engine.index);
    return found.find(({ engine }) => dispatcher.mayStartOn(engine, process))?.engine;
  }

  /** Who has not started, and waits for its own engine, lets nobody make way on others. */
  private bindJoined(): void {
    const { joined, migration } = this;
    for (const process of joined)
      if (process.queued && !process.isBound && !migration.mayLeave(process)) migration.bind(process);
    joined.length = 0;
  }

  /** They have stood ready all the time: it is no news to anybody. The last that was picked goes first: then each finds those before whom it stood. */
  private putBack(): void {
    const { aside, queue, dispatcher } = this;
    const { hasNews } = queue;
    for (const process of aside.reverse()) dispatcher.join(process);
    queue.hasNews = hasNews;
    aside.length = 0;
  }
}
