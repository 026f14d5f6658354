import { KernelError } from '../kernel/errors.ts';
import type { Clock } from './ports.ts';

/** What people are told of the storage. */
export interface StorageNews {
  /** Nothing goes on until it is available again. */
  readonly type: 'unavailable' | 'available';
  /** Why it is unavailable, or was. */
  readonly message: string;
  /** When it became so. */
  readonly sinceUs: number;
}

/**
 * Waits out a storage that is unavailable: what it could not do is tried again, after waits that grow, until it succeeds. There is no limit: whatever else a process would do has to be
 * stored as well before it is done.
 */
export class StorageWaits {
  private readonly clock: Clock;
  private readonly onNews: (news: StorageNews) => void;
  /** Ends the waits of those that wait. */
  private readonly waiting = new Set<() => void>();
  /** What has failed, and has not succeeded since. */
  private failing = 0;
  private news: StorageNews | undefined;
  private isStopped = false;

  /** `onNews`: once when the storage becomes unavailable, and once when all that waited for it is done. */
  constructor(clock: Clock, onNews: (news: StorageNews) => void = () => {}) {
    this.clock = clock;
    this.onNews = onNews;
  }

  /** What `act` gives as soon as the storage is available. Rejects as `act` does for any other reason, and when the waits are stopped. */
  async through<Result>(act: () => Promise<Result>): Promise<Result> {
    let hasFailed = false;
    try {
      for (let waitUs = firstWaitUs; ; waitUs = Math.min(2 * waitUs, longestWaitUs)) {
        try {
          const result = await act();
          if (hasFailed && this.failing === 1) this.tellAvailable();
          return result;
        } catch (error) {
          if (this.isStopped || !isUnavailable(error)) throw error;
          if (!hasFailed) this.failing++;
          hasFailed = true;
          this.tellUnavailable(error);
          await this.wait(waitUs);
          if (this.isStopped) throw error;
        }
      }
    } finally {
      if (hasFailed) this.failing--;
    }
  }

  /** What stands in the way now; undefined: the storage is available, as far as is known. */
  get trouble(): StorageNews | undefined {
    return this.news;
  }

  /** Whoever waits is told at once that it failed. */
  stop(): void {
    this.isStopped = true;
    for (const end of this.waiting) end();
  }

  private wait(us: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.waiting.delete(end);
        cancel();
        resolve();
      };
      this.waiting.add(end);
      const cancel = this.clock.at(this.clock.nowUs() + us, end);
    });
  }

  private tellUnavailable({ message }: KernelError): void {
    if (this.news !== undefined) return;
    this.news = { type: 'unavailable', message, sinceUs: this.clock.nowUs() };
    this.onNews(this.news);
  }

  private tellAvailable(): void {
    const { news } = this;
    if (news === undefined) return;
    this.news = undefined;
    this.onNews({ ...news, type: 'available' });
  }
}

/** A lost connection is often made anew at once; a full disk takes a person. */
const firstWaitUs = 100_000;
const longestWaitUs = 5_000_000;

function isUnavailable(error: unknown): error is KernelError {
  return error instanceof KernelError && error.code === 'STORAGE_UNAVAILABLE';
}
