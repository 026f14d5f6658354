import { assert } from '../base/assert.ts';
import type { RequestId, TimerId } from './ids.ts';
import type { Outbox } from './outbox.ts';
import type { Process } from './process.ts';
import type { Engine } from './engine.ts';

/** What a timer is for. Timers with ids below the number of cores are the cores' preemption timers and need no entry here. */
export type Alarm =
  | { readonly kind: 'sleep' | 'receive' | 'wait' | 'lock'; readonly process: Process }
  | { readonly kind: 'tool-timeout' | 'tool-retry'; readonly request: RequestId }
  | { readonly kind: 'budget'; readonly node: number }
  | { readonly kind: 'affinity' }
  | { readonly kind: 'load-control' | 'prefetch'; readonly engine: Engine };

/** Gives timers their ids and remembers what they are for. The world keeps the time. */
export class Timers {
  private readonly cores: number;
  private readonly out: Outbox;
  private readonly alarms: (Alarm | undefined)[] = [];
  private readonly free: number[] = [];

  constructor(cores: number, out: Outbox) {
    this.cores = cores;
    this.out = out;
  }

  isCore(timer: TimerId): boolean {
    return timer < this.cores;
  }

  set(alarm: Alarm, atUs: number): TimerId {
    const slot = this.free.pop() ?? this.alarms.length;
    this.alarms[slot] = alarm;
    const timer = (this.cores + slot) as TimerId;
    this.out.requests.push({ type: 'timer.set', timer, atUs });
    return timer;
  }

  clear(timer: TimerId): void {
    this.take(timer);
    this.out.requests.push({ type: 'timer.clear', timer });
  }

  /** The timer fired: what it was for. Its id is free again. */
  take(timer: TimerId): Alarm {
    const slot = timer - this.cores;
    const alarm = this.alarms[slot];
    if (alarm === undefined) assert(false, `timer ${timer} is not set`);
    this.alarms[slot] = undefined;
    this.free.push(slot);
    return alarm;
  }
}
