import { KeyedHeap } from '../base/heap.ts';
import { assert } from '../base/assert.ts';

/**
 * Events at one instant are ordered by class, then by sequence number, never by heap luck (design, section 6): completions before arrivals, arrivals
 * before timers, so that a call that ends with its slice has ended, not been preempted. (Acknowledgements of a stop come at once, before all of them.)
 */
export const EventClass = { completion: 0, arrival: 1, timer: 2 } as const;
export type EventClass = (typeof EventClass)[keyof typeof EventClass];

/** Sequence numbers stay below 2^48, so that class and sequence share one exact double. */
const classWeight = 2 ** 48;

/** The future of a simulation: payloads by (time, class, sequence). A handle cancels or moves what it names until that has been taken. */
export class EventQueue<Payload> {
  private readonly heap = new KeyedHeap();
  private readonly payloads: (Payload | undefined)[] = [];
  private readonly free: number[] = [];
  private sequence = 0;

  get size(): number {
    return this.heap.size;
  }

  /** When the next event is due, µs; Infinity when there is none. */
  get nextUs(): number {
    return this.heap.size === 0 ? Infinity : this.heap.peekKey();
  }

  schedule(atUs: number, eventClass: EventClass, payload: Payload): number {
    if (!Number.isSafeInteger(atUs)) assert(false, `an event at ${atUs} µs; allowed: integers`);
    const handle = this.free.pop() ?? this.payloads.length;
    this.payloads[handle] = payload;
    this.heap.push(handle, atUs, eventClass * classWeight + ++this.sequence);
    return handle;
  }

  /** Moves the event to another time; it takes a new place among those of that instant. */
  move(handle: number, atUs: number, eventClass: EventClass): void {
    if (!Number.isSafeInteger(atUs)) assert(false, `an event at ${atUs} µs; allowed: integers`);
    this.heap.update(handle, atUs, eventClass * classWeight + ++this.sequence);
  }

  cancel(handle: number): void {
    this.heap.remove(handle);
    this.release(handle);
  }

  /** Removes and returns the next event; undefined when there is none. */
  take(): Payload | undefined {
    const handle = this.heap.popMin();
    if (handle === -1) return undefined;
    const payload = this.payloads[handle]!;
    this.release(handle);
    return payload;
  }

  private release(handle: number): void {
    this.payloads[handle] = undefined;
    this.free.push(handle);
  }
}
