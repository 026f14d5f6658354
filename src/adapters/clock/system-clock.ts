import type { Clock } from '../../host/ports.ts';

/** Longest wait that Node's timers take, ms. */
const longestMs = 2_147_483_647;

/** Real time: µs since 1970 when the clock was made, and from then on by the monotonic clock, so that nobody who sets the machine's clock makes it go back. */
export class SystemClock implements Clock {
  private readonly startUs = Date.now() * 1_000 - performance.now() * 1_000;

  nowUs(): number {
    return Math.floor(this.startUs + performance.now() * 1_000);
  }

  at(atUs: number, then: () => void): () => void {
    let timeout: NodeJS.Timeout | undefined;
    const wait = (): void => {
      const leftMs = (atUs - this.nowUs()) / 1_000;
      if (leftMs <= 0) return then();
      timeout = setTimeout(wait, Math.min(Math.ceil(leftMs), longestMs));
    };
    // Never at once: who sets a timer does not expect it to fire before it has returned.
    const leftMs = Math.max(0, (atUs - this.nowUs()) / 1_000);
    timeout = setTimeout(wait, Math.min(Math.ceil(leftMs), longestMs));
    return () => clearTimeout(timeout);
  }
}
