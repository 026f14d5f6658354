/**
 * The cache of one CPU in OSTEP's multi-CPU rule set: which jobs run at the warm rate there.
 *
 * A job becomes warm after some ticks of running. The cache holds the working sets of the jobs that are warm; when they are too large together, the one that
 * became warm first leaves and has to warm up anew: the order is that of becoming warm, whoever ran since. A finished job stays and takes its space.
 */
interface CachedJob {
  readonly name: string;
  readonly workingSet: number;
}

export interface WarmCacheOptions {
  /** Sum of working sets that fits. */
  readonly cacheSize: number;
  /** Ticks of running until a job is warm. */
  readonly warmupTime: number;
}

export class WarmCache {
  private readonly options: WarmCacheOptions;
  /** In the order in which they became warm. */
  private readonly warm: CachedJob[] = [];
  /** Ticks that a job still has to run to be warm; kept while others run. */
  private readonly warming = new Map<CachedJob, number>();

  constructor(options: WarmCacheOptions) {
    this.options = options;
  }

  isWarm(job: CachedJob): boolean {
    return this.warm.includes(job);
  }

  /** The names of the warm jobs, sorted. */
  names(): string[] {
    return this.warm.map(({ name }) => name).sort();
  }

  /** `job` is dispatched on this CPU. */
  dispatch(job: CachedJob): void {
    if (this.isWarm(job) || this.warming.has(job)) return;
    if (this.options.warmupTime === 0) this.insert(job);
    else this.warming.set(job, this.options.warmupTime);
  }

  /** `job` ran a tick on this CPU. */
  ran(job: CachedJob): void {
    const left = this.warming.get(job);
    if (left === undefined) return;
    if (left <= 1) this.insert(job);
    else this.warming.set(job, left - 1);
  }

  private insert(job: CachedJob): void {
    const { cacheSize, warmupTime } = this.options;
    this.warming.delete(job);
    this.warm.push(job);
    // A job larger than the cache flushes all others, then itself.
    while (this.warm.reduce((sum, { workingSet }) => sum + workingSet, 0) > cacheSize)
      this.warming.set(this.warm.shift()!, warmupTime);
  }
}
