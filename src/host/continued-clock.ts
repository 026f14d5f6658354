import type { Clock } from './ports.ts';

/**
 * A clock that goes on from what is known already. The clock of a new program may stand behind the times that an earlier one has stored, because somebody has set the machine's clock back or because it is
 * another machine: without this, time would stand still until it has caught up, and whatever is due would come that much too late.
 */
export class ContinuedClock implements Clock {
  private readonly clock: Clock;
  /** What it is ahead, µs. */
  private aheadUs = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  nowUs(): number {
    return this.clock.nowUs() + this.aheadUs;
  }

  at(atUs: number, then: () => void): () => void {
    return this.clock.at(atUs - this.aheadUs, then);
  }

  /** From now on it is `us` or later. What was to be called before then comes as much later as the clock was behind. */
  goOnFrom(us: number): void {
    this.aheadUs += Math.max(0, us - this.nowUs());
  }
}
