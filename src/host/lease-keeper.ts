/**
 * Keeps the lease of a run while a worker drives it: two never do. It is prolonged at a third of its term; who has lost it, or could not prolong it before its time was over, is told at
 * once and stops driving. What it would still store is refused by the storage (fencing), whatever its clock says. While the storage is unavailable nothing starts, so nobody is told: the
 * lease is asked for again until it turns out whether another worker has had it.
 */
import { KernelError } from '../kernel/errors.ts';
import { leaseLost, type LeaseVerdict, type StorageManager } from '../kernel/storage.ts';
import type { Clock } from './ports.ts';

export interface LeaseOptions {
  readonly storage: Pick<StorageManager, 'lease' | 'release'>;
  readonly clock: Clock;
  readonly run: string;
  /** Like no other worker's. */
  readonly holder: string;
  /** For how long a worker that died keeps others out, µs. Default 30 s. */
  readonly termUs?: number;
  /** Once, with the reason: LEASE_LOST. */
  readonly onLost: (why: KernelError) => void;
}

const leaseTermUs = 30_000_000;

export class LeaseKeeper {
  private readonly options: LeaseOptions;
  private readonly termUs: number;
  private cancelRenewal: (() => void) | undefined;
  private cancelEnd: (() => void) | undefined;
  /** The renewal under way, which is over before the lease is given back. */
  private renewal: Promise<void> | undefined;
  private isOver = false;
  /** The storage said so last. */
  private isUnavailable = false;

  /** Resolves to the lease that stands in the way when another worker has it. Rejects as the storage does. */
  static async take(options: LeaseOptions): Promise<LeaseKeeper | LeaseVerdict> {
    const keeper = new LeaseKeeper(options);
    const verdict = await keeper.claim();
    if (!verdict.ok) return verdict;
    keeper.prolonged(verdict);
    return keeper;
  }

  private constructor(options: LeaseOptions) {
    this.options = options;
    this.termUs = options.termUs ?? leaseTermUs;
  }

  /** Gives it back: another worker need not wait for the end of its term. Never rejects: a lease that cannot be given back ends by itself. */
  async release(): Promise<void> {
    if (this.isOver) return;
    this.stop();
    await this.renewal;
    const { storage, run, holder } = this.options;
    await storage.release({ run, holder }).catch(() => {});
  }

  /** Others may take it at once, and the run goes on telling who has driven it. Never rejects, as `release`. */
  async leave(): Promise<void> {
    if (this.isOver) return;
    this.stop();
    await this.renewal;
    await this.claim(1).catch(() => {});
  }

  private claim(termUs = this.termUs): Promise<LeaseVerdict> {
    const { storage, clock, run, holder } = this.options;
    const atUs = clock.nowUs();
    return storage.lease({ run, holder, atUs, untilUs: atUs + termUs });
  }

  private prolonged({ untilUs }: LeaseVerdict): void {
    const { clock, run } = this.options;
    this.isUnavailable = false;
    this.cancelEnd?.();
    // Also when the storage answers nothing at all.
    this.cancelEnd = clock.at(untilUs, () => {
      if (this.isUnavailable) return;
      this.lose(
        new KernelError('LEASE_LOST', `run ${JSON.stringify(run)}: its lease could not be prolonged in time`),
      );
    });
    this.wait(this.termUs / 3);
  }

  private wait(us: number): void {
    const { clock } = this.options;
    this.cancelRenewal = clock.at(clock.nowUs() + Math.ceil(us), () => {
      this.renewal = this.renew();
    });
  }

  private async renew(): Promise<void> {
    let verdict: LeaseVerdict | undefined;
    try {
      verdict = await this.claim();
    } catch (error) {
      if (error instanceof KernelError && error.code === 'LEASE_LOST') return this.lose(error);
      this.isUnavailable = error instanceof KernelError && error.code === 'STORAGE_UNAVAILABLE';
    }
    if (this.isOver) return;
    // Asked again, until the term is over, or the storage is available.
    if (verdict === undefined) this.wait(this.termUs / 10);
    else if (verdict.ok) this.prolonged(verdict);
    else this.lose(leaseLost(this.options.run));
  }

  private lose(why: KernelError): void {
    if (this.isOver) return;
    this.stop();
    this.options.onLost(why);
  }

  private stop(): void {
    this.isOver = true;
    this.cancelRenewal?.();
    this.cancelEnd?.();
  }
}
