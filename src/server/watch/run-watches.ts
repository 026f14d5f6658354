/**
 * The watching of runs: a log for each run that somebody watches, read from storage when the first comes, kept up to date by the kernel's steps as they become durable, and let go of when the last has left. Runs
 * that nobody watches cost no more than the note of what is under way in them.
 */
import type { EventPlace } from '../../agents/traces/watch-event.ts';
import { UnderWay, type PieceOfAnswer } from '../../agents/traces/under-way.ts';
import type { Input } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import { RunLog, type LogStart } from './run-log.ts';
import { headOf, readEvents } from './stored-events.ts';
import { Watcher, watchLimits, type WatchEnd, type WatchLimits } from './watcher.ts';

export interface RunWatchesOptions extends Partial<WatchLimits> {
  readonly storage: Pick<StorageManager, 'branches' | 'records' | 'ledger'>;
  readonly nowUs: () => number;
  /** An error of the watching itself, which touches no run. */
  readonly onError: (error: unknown) => void;
  /** How long a log that nobody reads is kept, ms. Default 30 s. */
  readonly lingerMs?: number;
  /** What is kept of a log for those who come back, in UTF-16 units. Default 65,536. */
  readonly tail?: number;
}

interface KeptLog {
  readonly log: RunLog;
  readonly watchers: Set<Watcher>;
  readonly head: string | undefined;
  /** Until it has what storage has. Resolves to false where there is no such run. */
  loading: Promise<boolean> | undefined;
  /** How often it was read. */
  loads: number;
  /** Since when nobody reads it, ms. */
  idleMs: number;
}

export class RunWatches {
  private readonly options: RunWatchesOptions;
  private readonly limits: WatchLimits;
  /** By run, and by the first branch of their line. */
  private readonly logs = new Map<string, Map<string | undefined, KeptLog>>();
  private readonly underWay: UnderWay;
  /** Logs with something new. */
  private readonly fresh = new Set<KeptLog>();
  private isFlushing = false;
  private lives = 0;
  private nowUs = 0;
  private beating: NodeJS.Timeout | undefined;
  private closed: WatchEnd | undefined;

  constructor(options: RunWatchesOptions) {
    this.options = options;
    this.limits = { ...watchLimits, ...options };
    this.underWay = new UnderWay((run, branch, body) => {
      for (const { log } of this.logsOf(run)) log.live(branch, this.nowUs, body);
    });
  }

  // ---- What the kernel tells -----------------------------------------------------------------------------------------

  /** What a step of the kernel was given and gave out is durable. */
  kept(output: StepOutput, input: Input): void {
    this.nowUs = input.atUs;
    this.guarded(() => {
      if (input.type === 'run.restored') this.restored(input);
      if (this.logs.size > 0)
        for (const record of output.records)
          switch (record.type) {
            case 'process.started':
            case 'history':
            case 'process.ended':
            case 'message.sent':
            case 'signal.sent':
            case 'tool.started':
            case 'tool.ended':
            case 'answer.partial':
            case 'ledger':
              for (const { log } of this.logsOf(record.run)) log.take(record);
              break;
            default:
              break;
          }
      this.underWay.take(output, input);
    });
  }

  told(piece: PieceOfAnswer): void {
    this.nowUs = this.options.nowUs();
    this.guarded(() => this.underWay.told(piece));
  }

  /** Another worker drives the run: who watches it comes again, and is told what the storage has. */
  lost(run: string): void {
    for (const kept of this.logsOf(run)) this.drop(run, kept);
  }

  /** Nobody is told more. */
  close(why: 'shutdown' | 'failed'): void {
    this.closed = why;
    this.endAll(why);
  }

  private endAll(why: 'shutdown' | 'failed'): void {
    for (const kept of this.all())
      for (const watcher of kept.watchers) {
        if (why === 'shutdown') watcher.pump();
        watcher.end(why);
      }
    this.logs.clear();
    clearInterval(this.beating);
    this.beating = undefined;
  }

  /** A run goes on, perhaps in a branch that storage alone knows of. */
  private restored({ processes }: Extract<Input, { readonly type: 'run.restored' }>): void {
    const { run, branch } = processes[0]!.started;
    for (const kept of this.logsOf(run)) if (kept.log.branch !== branch) this.load(run, kept).catch(() => {});
  }

  // ---- Watchers ------------------------------------------------------------------------------------------------------

  /**
   * A watcher of `run` that was told everything up to `after`, which keeps its place until it is connected; `branch`: default the one with which the run goes on. `unknown`: there is no such run or branch;
   * `nowhere`: no such event was told yet. Rejects as the storage does.
   */
  async watch(
    run: string,
    { after, branch }: { readonly after?: EventPlace | undefined; readonly branch?: string | undefined },
  ): Promise<Watcher | 'unknown' | 'nowhere'> {
    const { storage } = this.options;
    const head = branch === undefined ? undefined : headOf(await storage.branches(run), branch);
    const kept = this.logOf(run, head);
    if (kept.loading !== undefined && !(await kept.loading)) return 'unknown';
    for (;;) {
      const start = kept.log.startAfter(after);
      if (start === 'nowhere') return start;
      if (start !== 'earlier') return this.watcherOf(kept, start);
      const stored = await readEvents(storage, { run, head }, () => {});
      if (stored === undefined) return 'unknown';
      kept.log.putBefore(stored);
    }
  }

  private watcherOf(kept: KeptLog, start: LogStart): Watcher {
    const { log, watchers } = kept;
    const watcher: Watcher = new Watcher({
      source: log,
      ...start,
      limits: this.limits,
      onEnd: () => {
        watchers.delete(watcher);
        log.readers.delete(watcher);
        kept.idleMs = Date.now();
      },
    });
    watchers.add(watcher);
    log.readers.add(watcher);
    if (this.closed !== undefined) watcher.end(this.closed);
    return watcher;
  }

  // ---- Logs ----------------------------------------------------------------------------------------------------------

  /** Logs and watchers that there are; `size`: what the logs hold, in UTF-16 units. */
  get held(): { readonly logs: number; readonly watchers: number; readonly size: number } {
    let [logs, watchers, size] = [0, 0, 0];
    for (const kept of this.all()) {
      logs++;
      watchers += kept.watchers.size;
      size += kept.log.size;
    }
    return { logs, watchers, size };
  }

  private logOf(run: string, head: string | undefined): KeptLog {
    const known = this.logs.get(run)?.get(head);
    if (known !== undefined) return known;
    const { nowUs, tail = 65_536 } = this.options;
    const log = new RunLog({
      run,
      head,
      // Two servers of one storage, and two lives of one, are told apart by the time.
      life: `${nowUs().toString(36)}z${(this.lives++).toString(36)}`,
      tail,
      nowUs,
      stepsUnderWay: (branch) => this.underWay.of(run, branch),
      onAppend: () => this.isFresh(kept),
    });
    const kept: KeptLog = {
      log,
      head,
      watchers: new Set(),
      loading: undefined,
      loads: 0,
      idleMs: Date.now(),
    };
    const logs = this.logs.get(run) ?? new Map<string | undefined, KeptLog>();
    this.logs.set(run, logs.set(head, kept));
    this.load(run, kept).catch(() => {});
    this.beating ??= setInterval(() => this.beat(), beatMs).unref();
    return kept;
  }

  /** Reads it from storage. Who has a place in it goes on behind what it has. */
  private load(run: string, kept: KeptLog): Promise<boolean> {
    const { log, head } = kept;
    log.load();
    const number = ++kept.loads;
    const reading = readEvents(this.options.storage, { run, head }, (event) => log.numbered(event));
    const loading = reading.then(
      (stored) => {
        // It goes on in another branch already.
        if (kept.loads !== number) return kept.loading ?? true;
        kept.loading = undefined;
        if (stored === undefined) this.drop(run, kept);
        else log.loaded(stored);
        this.isFresh(kept);
        return stored !== undefined;
      },
      (error: unknown) => {
        // Who comes again begins anew.
        this.drop(run, kept);
        throw error;
      },
    );
    // Whoever waits for it is told; where nobody does, its watchers are.
    loading.catch(() => {});
    kept.loading = loading;
    return loading;
  }

  private drop(run: string, { head, watchers }: KeptLog): void {
    const logs = this.logs.get(run);
    logs?.delete(head);
    if (logs?.size === 0) this.logs.delete(run);
    for (const watcher of watchers) watcher.end('failed');
  }

  /** What comes in one turn is sent at its end. */
  private isFresh(kept: KeptLog): void {
    this.fresh.add(kept);
    if (this.isFlushing) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      const all = [...this.fresh];
      this.fresh.clear();
      for (const { watchers } of all) for (const watcher of watchers) this.guarded(() => watcher.pump());
    });
  }

  private beat(): void {
    const nowMs = Date.now();
    const { lingerMs = 30_000 } = this.options;
    for (const [run, logs] of this.logs)
      for (const kept of logs.values()) {
        for (const watcher of kept.watchers) this.guarded(() => watcher.beat(nowMs));
        const isIdle = kept.watchers.size === 0 && kept.loading === undefined;
        if (isIdle && nowMs - kept.idleMs > lingerMs) this.drop(run, kept);
      }
    if (this.logs.size > 0) return;
    clearInterval(this.beating);
    this.beating = undefined;
  }

  private *all(): IterableIterator<KeptLog> {
    for (const logs of this.logs.values()) yield* logs.values();
  }

  private logsOf(run: string): Iterable<KeptLog> {
    return this.logs.get(run)?.values() ?? [];
  }

  /** No fault of the watching may reach the kernel. */
  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.options.onError(error);
      this.endAll('failed');
    }
  }
}

/** How often watchers are looked after, ms. */
const beatMs = 1_000;
