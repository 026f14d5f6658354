/**
 * The runs that this server drives: each leased before anything of it happens, and given back when the last of its processes has ended and that is durable. What a run did is read from the storage; here stands
 * only what is going on.
 */
import type { StepWatcher } from '../../host/live-kernel.ts';
import type { KernelError } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import { Refused } from '../errors.ts';
import type { RunLease, ServedWorld } from '../served-world.ts';

/** `starting`: it is made or read, and nothing of it happens yet; `stopped`: it is held where it stood. */
export type DrivenState = 'starting' | 'running' | 'stopping' | 'stopped';

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
  readonly type: 'started' | 'ended' | 'stopped' | 'continued' | 'left' | 'lost';
  readonly run: string;
  readonly isSide: boolean;
};

interface Entry extends DrivenRun {
  state: DrivenState;
  readonly pids: Set<Pid>;
  roots: readonly Pid[];
  readonly parents: Map<Pid, Pid | 0>;
  readonly suspended: Set<Pid>;
  hasBegun: boolean;
  lease: RunLease | undefined;
  isLost: boolean;
}

export interface DrivenLimits {
  /** Runs that are going on at once, those that are stopped not counted. */
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

  /** Runs that go on, or are about to. */
  get active(): number {
    let count = 0;
    for (const { state } of this.entries.values()) if (state !== 'stopped') count++;
    return count;
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
    const entry: Entry = {
      run,
      isSide,
      state: 'starting',
      pids: new Set(),
      roots: [],
      parents: new Map(),
      suspended: new Set(),
      hasBegun: false,
      sinceUs: world.clock.nowUs(),
      lease: undefined,
      isLost: false,
    };
    this.entries.set(run, entry);
    try {
      entry.lease = await world.leases.take(run, (why) => this.lose(entry, why));
      const result = await begin();
      await world.live.settled();
      // It may have ended meanwhile; then that has been told.
      if (entry.state === 'starting') entry.state = 'running';
      if (!entry.hasBegun) await this.leave(entry, 'release');
      return result;
    } catch (error) {
      if (entry.pids.size === 0) await this.leave(entry, 'release');
      else entry.state = 'running';
      throw error;
    }
  }

  /** Everything of the run is held where it stands: the call under way is broken off, tools come to their ends. Resolves when that it is to be so is durable. */
  async stop(run: string): Promise<void> {
    const entry = this.entries.get(run)!;
    const { live } = this.world;
    entry.state = 'stopping';
    for (const pid of entry.roots) live.signal(pid, 'stop');
    await live.settled();
    this.checkStopped(entry);
  }

  /** What was stopped goes on. Resolves when that is durable. */
  async goOn(run: string): Promise<void> {
    this.checkRoom();
    const entry = this.entries.get(run)!;
    const { live } = this.world;
    entry.state = 'running';
    for (const pid of entry.roots) live.signal(pid, 'continue');
    this.tell(entry, 'continued');
    await live.settled();
  }

  /** Everything of it ends. Resolves when that is durable and the run is nobody's. */
  async kill(run: string): Promise<void> {
    const entry = this.entries.get(run);
    if (entry === undefined) return;
    const over = this.over(run);
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

  /** The next server goes on with all that goes on here; what was stopped stays so. Nothing of them happens any more: they are parked. */
  async leaveAll(): Promise<void> {
    await Promise.all(
      [...this.entries.values()].map((entry) =>
        this.leave(entry, entry.state === 'stopped' || entry.state === 'stopping' ? 'release' : 'leave'),
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
        case 'process.suspended': {
          const entry = this.runOf.get(event.pid);
          if (entry === undefined || event.by !== 'signal') break;
          entry.suspended.add(event.pid);
          this.checkStopped(entry);
          break;
        }
        case 'process.continued':
          this.runOf.get(event.pid)?.suspended.delete(event.pid);
          break;
        case 'process.terminated': {
          const entry = this.runOf.get(event.pid);
          if (entry === undefined) break;
          this.runOf.delete(event.pid);
          entry.pids.delete(event.pid);
          entry.parents.delete(event.pid);
          entry.suspended.delete(event.pid);
          entry.roots = rootsOf(entry);
          if (entry.pids.size === 0) void this.ended(entry);
          break;
        }
        default:
      }
    }
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

  private checkStopped(entry: Entry): void {
    if (entry.state !== 'stopping' || entry.suspended.size < entry.pids.size || entry.pids.size === 0) return;
    entry.state = 'stopped';
    this.world.live.settled().then(
      () => this.tell(entry, 'stopped'),
      () => {},
    );
  }

  private async ended(entry: Entry): Promise<void> {
    try {
      await this.world.live.settled();
    } catch {
      return;
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

  /** What another drives now is not to be touched; the storage refuses what would be stored of it all the same. */
  private lose(entry: Entry, why: KernelError): void {
    entry.isLost = true;
    this.remove(entry);
    this.tell(entry, 'lost');
    this.world.live.close(why);
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
