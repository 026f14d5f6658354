/**
 * The runs that this server drives: each leased before anything of it happens, and given back when the last of its processes has ended and that is durable. What a run did is read from the storage; here stands
 * only what is going on.
 */
import type { StepWatcher } from '../../host/live-kernel.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import { Refused } from '../errors.ts';
import type { RunLease, ServedWorld } from '../served-world.ts';

/** `starting`: it is made or read, and nothing of it happens yet; `stopping`: what is under way comes to its end. */
type DrivenState = 'starting' | 'running' | 'stopping';

export interface DrivenRun {
  readonly run: string;
  /** A reflection on it: a branch beside that with which it goes on. */
  readonly isSide: boolean;
  readonly state: DrivenState;
  /** Its processes that live. */
  readonly pids: ReadonlySet<Pid>;
  /** Of these those whose parents do not: a signal to them reaches all. */
  readonly roots: readonly Pid[];
  readonly sinceUs: number;
}

/** What becomes of a run here. `ended`, `stopped`: that is durable; `left`: it goes on at the next server; `lost`: another one drives it. */
export type RunNews = {
  readonly type: 'started' | 'ended' | 'stopped' | 'left' | 'lost';
  readonly run: string;
  readonly isSide: boolean;
};

interface Entry extends DrivenRun {
  state: DrivenState;
  readonly pids: Set<Pid>;
  roots: readonly Pid[];
  readonly parents: Map<Pid, Pid | 0>;
  hasBegun: boolean;
  lease: RunLease | undefined;
  /** Resolves when its processes are here, or none will be. */
  readonly begun: Promise<void>;
}

export interface DrivenLimits {
  /** Runs that are going on at once. */
  readonly active: number;
}

export class DrivenRuns implements StepWatcher {
  /** Why nothing more is taken up; undefined: it is. */
  private closed: Refused | undefined;
  private readonly world: ServedWorld;
  private readonly limits: DrivenLimits;
  private readonly entries = new Map<string, Entry>();
  private readonly runOf = new Map<Pid, Entry>();
  private readonly listeners = new Set<(news: RunNews) => void>();
  private readonly whenOver = new Map<string, (() => void)[]>();

  constructor(world: ServedWorld, limits: DrivenLimits) {
    this.world = world;
    this.limits = limits;
    this.broken = new Promise((resolve) => (this.tellBroken = resolve));
    world.live.watch(this);
  }

  /** Returns what ends the watching. */
  watch(listener: (news: RunNews) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get(run: string): DrivenRun | undefined {
    return this.entries.get(run);
  }

  all(): readonly DrivenRun[] {
    return [...this.entries.values()];
  }

  /** Runs that go on, or are about to, or come to a stop. */
  get active(): number {
    return this.entries.size;
  }

  /** From now on nothing is taken up. */
  close(why: Refused): void {
    this.closed = why;
  }

  /**
   * Takes the lease of a run and lets `begin` start its processes, or restore them; resolves when that is durable. Throws Refused: it is driven already, too many are, the server takes up nothing more; KernelError
   * LEASE_LOST when another server drives it; and whatever `begin` throws. Then nothing is driven.
   */
  async drive<Result>(
    run: string,
    begin: () => Promise<Result>,
    { isSide = false }: { readonly isSide?: boolean } = {},
  ): Promise<Result> {
    const { world } = this;
    this.checkRoom();
    if (this.entries.has(run)) throw alreadyRunning(run);
    let tellBegun: () => void = () => {};
    const begun = new Promise<void>((resolve) => (tellBegun = resolve));
    const entry: Entry = {
      run,
      isSide,
      state: 'starting',
      pids: new Set(),
      roots: [],
      parents: new Map(),
      hasBegun: false,
      sinceUs: world.clock.nowUs(),
      lease: undefined,
      begun,
    };
    this.entries.set(run, entry);
    try {
      entry.lease = await world.leases.take(run, () => this.lose(entry));
      const result = await begin();
      entry.state = 'running';
      tellBegun();
      await world.live.settled();
      // It may have ended meanwhile; then that has been told.
      if (!entry.hasBegun) await this.leave(entry, 'release');
      return result;
    } catch (error) {
      if (entry.pids.size === 0) await this.leave(entry, 'release');
      else if (entry.state === 'starting') entry.state = 'running';
      throw error;
    } finally {
      tellBegun();
    }
  }

  /**
   * Everything of the run is held where it stands, and it leaves the kernel when nothing of it is under way any more: the call is broken off, tools come to their ends. Resolves when that it is to be so is durable.
   * One that is starting is held as soon as it is here.
   */
  async stop(run: string): Promise<void> {
    const starting = this.entries.get(run);
    await starting?.begun;
    const entry = this.entries.get(run);
    // It did not start, or is over.
    if (entry === undefined || entry !== starting) return;
    const { live } = this.world;
    if (entry.state === 'stopping') return live.settled();
    entry.state = 'stopping';
    // The signal is sent before anybody else has a turn.
    void this.left(entry, live.park(run));
    await live.settled();
  }

  /** Everything of it ends. Resolves when that is durable and the run is nobody's. */
  async kill(run: string): Promise<void> {
    const entry = this.entries.get(run);
    if (entry === undefined) return;
    const over = this.over(run);
    await entry.begun;
    for (const pid of entry.roots) this.world.live.signal(pid, 'kill');
    await over;
  }

  /** Resolves when it is not driven here any more. */
  over(run: string): Promise<void> {
    if (!this.entries.has(run)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.whenOver.get(run) ?? [];
      waiting.push(resolve);
      this.whenOver.set(run, waiting);
    });
  }

  /** Resolves when all that has been taken up is here. */
  async allBegun(): Promise<void> {
    await Promise.all([...this.entries.values()].map(({ begun }) => begun));
  }

  /** The next server goes on with all that goes on here; what was stopped stays so. Nothing of them happens any more: they are parked. */
  async leaveAll(): Promise<void> {
    await Promise.all(
      [...this.entries.values()].map((entry) =>
        this.leave(entry, entry.state === 'stopping' ? 'release' : 'leave'),
      ),
    );
  }

  // ---- What the kernel tells -----------------------------------------------------------------------------------------

  take({ events }: StepOutput): void {
    for (const event of events) {
      switch (event.type) {
        case 'process.spawned': {
          const entry = this.entries.get(event.run);
          if (entry === undefined) break;
          this.runOf.set(event.pid, entry);
          entry.pids.add(event.pid);
          entry.parents.set(event.pid, event.parent);
          entry.roots = rootsOf(entry);
          if (!entry.hasBegun) this.tell(entry, 'started');
          entry.hasBegun = true;
          break;
        }
        case 'process.terminated': {
          const entry = this.runOf.get(event.pid);
          if (entry === undefined) break;
          this.runOf.delete(event.pid);
          entry.pids.delete(event.pid);
          entry.parents.delete(event.pid);
          entry.roots = rootsOf(entry);
          if (entry.pids.size === 0) void this.ended(entry);
          break;
        }
        default:
      }
    }
  }

  /** The storage has found it out before the lease was to be prolonged. */
  lost(run: string): boolean {
    const entry = this.entries.get(run);
    if (entry === undefined || entry.state === 'starting') return false;
    this.lose(entry);
    return true;
  }

  /** Resolves, to the reason, when the kernel cannot go on. */
  readonly broken: Promise<string>;
  private tellBroken: (why: string) => void = () => {};

  broke(message: string): void {
    this.tellBroken(message);
    this.closed = new Refused(503, 'UNAVAILABLE', 'the kernel has broken down; the server ends', {
      retryAfter: 5,
    });
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private checkRoom(): void {
    if (this.closed !== undefined) throw this.closed;
    if (this.active < this.limits.active) return;
    throw new Refused(
      429,
      'TOO_MANY_RUNS',
      `${this.active} runs are going on; allowed: up to ${this.limits.active} at once`,
      { retryAfter: 1 },
    );
  }

  /** `parked`: nothing of it is under way. It may have ended all the same. */
  private async left(entry: Entry, parked: Promise<void>): Promise<void> {
    try {
      await parked;
      if (this.entries.get(entry.run) !== entry || entry.pids.size === 0) return;
      await this.world.live.release(entry.run);
    } catch {
      // A kernel that broke down tells so by itself; what does not leave another one costs memory alone.
      if (this.world.live.isBroken) return;
    }
    await this.leave(entry, 'release');
    this.tell(entry, 'stopped');
  }

  private async ended(entry: Entry): Promise<void> {
    const { live } = this.world;
    try {
      await live.settled();
      await live.release(entry.run);
    } catch {
      if (live.isBroken) return;
    }
    await this.leave(entry, 'release');
    this.tell(entry, 'ended');
  }

  private async leave(entry: Entry, how: 'release' | 'leave'): Promise<void> {
    await (how === 'release' ? entry.lease?.release() : entry.lease?.leave());
    this.remove(entry);
    if (how === 'leave') this.tell(entry, 'left');
  }

  private remove(entry: Entry): void {
    const { run } = entry;
    if (this.entries.get(run) === entry) this.entries.delete(run);
    for (const pid of entry.pids) this.runOf.delete(pid);
    for (const resolve of this.whenOver.get(run) ?? []) resolve();
    this.whenOver.delete(run);
  }

  /** What another drives now is not to be touched: it ends here, and nothing more of it is stored. The runs beside it go on. */
  private lose(entry: Entry): void {
    if (this.entries.get(entry.run) !== entry) return;
    this.remove(entry);
    this.tell(entry, 'lost');
    const abandon = (): void => {
      // A kernel that broke down tells so by itself.
      this.world.live.abandon(entry.run).catch(() => {});
    };
    if (entry.state === 'starting') void entry.begun.then(abandon);
    else abandon();
    // Nobody prolongs it any more.
    void entry.lease?.release();
  }

  private tell({ run, isSide }: Entry, type: RunNews['type']): void {
    for (const listener of this.listeners) listener({ type, run, isSide });
  }
}

/** Of those that live, those whose parents do not. */
function rootsOf({ pids, parents }: Entry): readonly Pid[] {
  return [...pids].filter((pid) => !pids.has(parents.get(pid) as Pid));
}

export function alreadyRunning(run: string): Refused {
  return new Refused(409, 'RUNNING', `trace ${JSON.stringify(run)}: it is running; stop it first`);
}
