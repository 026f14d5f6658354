import type { Stop } from './ports.ts';

/** The other end of a `Stop`. */
export class StopSwitch implements Stop {
  private readonly listeners: (() => void)[] = [];
  private stopped = false;

  get isStopped(): boolean {
    return this.stopped;
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    for (const listener of this.listeners.splice(0)) listener();
  }

  onStop(then: () => void): void {
    if (this.stopped) then();
    else this.listeners.push(then);
  }
}
