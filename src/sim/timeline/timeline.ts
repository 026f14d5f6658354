/**
 * A run as one can walk in it, forwards and backwards: its events, and a view of the machine behind any number of them, folded from the nearest snapshot before. Nothing of the kernel is
 * needed but its events (design, section 4).
 *
 * Cost: a snapshot holds what changed in its block of 10,000 events and shares the rest with the others. To seek decodes one block and folds at most that many events, wherever it
 * goes; what comes behind the present place, within the block, is folded on from there.
 */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import { EventStore } from './event-store.ts';
import { fold } from './fold.ts';
import { FoldedState, type TimelineMachine } from './folded-state.ts';
import type { MachineView, ViewedProcess } from './machine-view.ts';
import { processViewOf, viewOf } from './view-of.ts';

export class Timeline {
  readonly machine: TimelineMachine;
  private readonly events: EventStore;
  private readonly snapshotEvery: number;
  /** Entry k: before event k × `snapshotEvery`. */
  private readonly snapshots: FoldedState[] = [];
  /** Behind the last event, as long as events come. */
  private last: FoldedState;
  /** Where it stands. */
  private here: FoldedState;

  /** `snapshotEvery`: events between snapshots; default 10,000. */
  constructor(machine: TimelineMachine, snapshotEvery = 10_000) {
    this.machine = machine;
    this.snapshotEvery = snapshotEvery;
    this.events = new EventStore(snapshotEvery);
    this.last = new FoldedState(machine);
    this.here = this.last.fork();
  }

  /** Number of events. */
  get count(): number {
    return this.events.count;
  }

  /** So many events have happened where it stands. */
  get index(): number {
    return this.here.index;
  }

  /** Of the last event of all, µs. */
  get endUs(): number {
    return this.last.nowUs;
  }

  /** What the events take as they are kept, without texts. */
  get storedBytes(): number {
    return this.events.bytes;
  }

  /** One event more at the end, as they come. Of several kernels one after the other, too: where their numbers start again, the one before has crashed. */
  readonly add = (event: KernelEvent): void => {
    if (this.events.count % this.snapshotEvery === 0) this.snapshots.push(this.last.fork());
    this.events.add(event);
    this.last = fold(this.last, event);
  };

  /** The event by which `index` (from 1) have happened. */
  event(index: number): KernelEvent {
    assert(index >= 1 && index <= this.count, () => `event ${index} of ${this.count}`);
    return this.events.at(index - 1);
  }

  /** Goes to where `index` events have happened, 0 to `count`. */
  seek(index: number): void {
    assert(
      Number.isSafeInteger(index) && index >= 0 && index <= this.count,
      () => `event ${index} of ${this.count}`,
    );
    const block = Math.min(Math.floor(index / this.snapshotEvery), this.snapshots.length - 1);
    if (block < 0) return;
    const first = block * this.snapshotEvery;
    const isOnTheWay = this.here.index >= first && this.here.index <= index;
    let state = isOnTheWay ? this.here : this.snapshots[block]!.fork();
    if (state.index < index) {
      const events = this.events.block(block);
      while (state.index < index) state = fold(state, events[state.index - first]!);
    }
    this.here = state;
  }

  /** How many events have happened at `atUs`, those of this instant included. */
  indexAt(atUs: number): number {
    return this.events.countUntil(atUs);
  }

  /** The first event behind where it stands that `wanted` accepts, as an index to seek; or the last one before it. Undefined: there is none. */
  find(direction: 'next' | 'previous', wanted: (event: KernelEvent) => boolean): number | undefined {
    const step = direction === 'next' ? 1 : -1;
    for (let index = this.index + step; index >= 1 && index <= this.count; index += step)
      if (wanted(this.event(index))) return index;
    return undefined;
  }

  /** The machine where it stands. */
  view(): MachineView {
    return viewOf(this.here);
  }

  /** One process where it stands; undefined: it is not there yet. */
  process(pid: number): ViewedProcess | undefined {
    return processViewOf(this.here, pid);
  }
}
