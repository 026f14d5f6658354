/** Time that passes when it is told to: a queue of what is due, and everything that follows from it at once, promises included, before the next comes. */
import type { Clock } from '../../src/host/ports.ts';
import { EventClass, EventQueue } from '../../src/sim/event-queue.ts';

interface Due {
  readonly act: () => void;
  /** It happens for ever, and keeps nobody waiting. */
  readonly isIdle: boolean;
  handle: number;
}

export class VirtualTime {
  nowUs = 0;
  /** How many things are due that are not idle. */
  busy = 0;
  private readonly queue = new EventQueue<Due>();

  /** Returns what withdraws it. */
  at(atUs: number, act: () => void, isIdle = false): Appointment {
    const due: Due = { act, isIdle, handle: -1 };
    due.handle = this.queue.schedule(Math.max(atUs, this.nowUs), EventClass.arrival, due);
    if (!isIdle) this.busy++;
    return {
      cancel: () => {
        if (due.handle === -1) return;
        this.queue.cancel(due.handle);
        this.over(due);
      },
      move: (us) => {
        if (due.handle !== -1) this.queue.move(due.handle, Math.max(us, this.nowUs), EventClass.arrival);
      },
    };
  }

  after(us: number, act: () => void, isIdle = false): Appointment {
    return this.at(this.nowUs + us, act, isIdle);
  }

  /** Lets the next thing happen, and all that follows from it in this instant. False: nothing is due. */
  async step(): Promise<boolean> {
    const { nextUs } = this.queue;
    const due = this.queue.take();
    if (due === undefined) return false;
    this.nowUs = nextUs;
    this.over(due);
    due.act();
    await drained();
    return true;
  }

  private over(due: Due): void {
    due.handle = -1;
    if (!due.isIdle) this.busy--;
  }
}

export interface Appointment {
  cancel(): void;
  move(atUs: number): void;
}

/** Node takes the next tick when no promise has anything left to do. */
const drained = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** The clock of one machine: right but for an offset, which grows when somebody sets it forward. What it calls goes through `deliver`. */
export class MachineClock implements Clock {
  private readonly time: VirtualTime;
  private readonly deliver: (then: () => void) => void;
  private offsetUs: number;
  private readonly timers = new Map<Appointment, number>();

  constructor(time: VirtualTime, offsetUs: number, deliver: (then: () => void) => void) {
    this.time = time;
    this.offsetUs = offsetUs;
    this.deliver = deliver;
  }

  nowUs(): number {
    return this.time.nowUs + this.offsetUs;
  }

  at(atUs: number, then: () => void): () => void {
    return this.timer(atUs, then, false);
  }

  /** One that nobody waits for. */
  idle(atUs: number, then: () => void): () => void {
    return this.timer(atUs, then, true);
  }

  private timer(atUs: number, then: () => void, isIdle: boolean): () => void {
    let isOver = false;
    const fire = (): void => {
      this.timers.delete(appointment);
      this.deliver(() => {
        if (!isOver) then();
      });
    };
    const appointment = this.time.at(atUs - this.offsetUs, fire, isIdle);
    this.timers.set(appointment, atUs);
    return () => {
      isOver = true;
      appointment.cancel();
      this.timers.delete(appointment);
    };
  }

  /** Whatever was due meanwhile is due now. */
  forward(byUs: number): void {
    this.offsetUs += byUs;
    for (const [appointment, atUs] of this.timers) appointment.move(atUs - this.offsetUs);
  }

  /** Its machine is gone. */
  stop(): void {
    for (const appointment of this.timers.keys()) appointment.cancel();
    this.timers.clear();
  }
}
