/** For how long a worker has had nothing to do, whatever kinds of work it does. */
export class IdleClock {
  private busy = 0;
  private since = performance.now();

  begin(count = 1): void {
    this.busy += count;
  }

  end(count = 1): void {
    this.busy -= count;
    this.since = performance.now();
  }

  get idleMs(): number {
    return this.busy > 0 ? 0 : performance.now() - this.since;
  }
}
