/** What of each run is under way in the world: model calls, tools, requests to the storage. */
export class UnderWay {
  private readonly runs = new Map<string, number>();
  /** Who waits for the next end. */
  private readonly waiters: (() => void)[] = [];

  begin(run: string): void {
    this.runs.set(run, (this.runs.get(run) ?? 0) + 1);
  }

  /** Told when the kernel knows it. */
  end(run: string): void {
    const left = this.runs.get(run)! - 1;
    if (left > 0) this.runs.set(run, left);
    else this.runs.delete(run);
    for (const tell of this.waiters.splice(0)) tell();
  }

  /** Of this run; undefined: of any. */
  isBusy(run?: string): boolean {
    return run === undefined ? this.runs.size > 0 : this.runs.has(run);
  }

  onNextEnd(tell: () => void): void {
    this.waiters.push(tell);
  }
}
