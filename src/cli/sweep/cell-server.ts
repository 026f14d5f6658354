/** What a worker does for sweeps: takes cells that wait in the database, runs them in its threads, and keeps what comes of them there. */
import { setTimeout as pause } from 'node:timers/promises';

import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import { aliveMs, type TakenWork, type WorkQueue } from '../../adapters/jobs/work-queue.ts';
import type { KernelError } from '../../kernel/errors.ts';
import type { Cell } from '../../sim/sweep/cells.ts';
import { failedOutcome, hasFailed, type Outcome } from '../../sim/sweep/outcomes.ts';
import type { IdleClock } from '../jobs/idle-clock.ts';
import { CellThreads, type CellEnd } from './cell-threads.ts';
import { FetchedWorkloads } from './shared-workloads.ts';
import { buryDead, keptOutcome, type CellWork } from './sweep-queue.ts';

type TakenCell = TakenWork<CellWork>;

export interface CellServerOptions {
  readonly database: JobDatabase;
  readonly queue: WorkQueue;
  readonly threads: number;
  readonly idle: IdleClock;
  /** Cells so far that are done, failed, and under way. */
  readonly onProgress: (done: number, failed: number, underWay: number) => void;
  /** The database is not to be reached, or is again. */
  readonly onLost: (problem: string | undefined) => void;
}

/** Where nothing waits, ms between two looks. */
const lookMs = 200;
/** Between two looks for what nobody survives, ms. */
const buryMs = 2_000;
/** So much work is taken at once, s: cells of less than that are not asked for one by one. */
const takenSeconds = 0.5;
const mostTaken = 200;

export class CellServer {
  done = 0;
  failed = 0;
  private readonly options: CellServerOptions;
  private readonly pool: CellThreads;
  private readonly workloads: FetchedWorkloads;
  /** Taken and not begun. */
  private readonly waiting: TakenCell[] = [];
  /** Taken, and nothing of it is kept yet. */
  private readonly inHand = new Map<string, TakenCell>();
  private ended: { readonly cell: TakenCell; readonly end: CellEnd }[] = [];
  private isStopping = false;
  private isHurried = false;
  /** Of a cell, s; of the last ones more than of earlier ones. */
  private meanSeconds = 1;
  /** When what nobody survives was last told, on the process's own clock, ms. */
  private buriedAt = -Infinity;
  private taking: Promise<boolean> | undefined;
  private keeping: Promise<void> | undefined;

  constructor(options: CellServerOptions) {
    this.options = options;
    this.pool = new CellThreads(options.threads);
    this.workloads = new FetchedWorkloads(options.database.files);
  }

  /** Why it has no threads, though this one is wanted for other things. */
  get problem(): string | undefined {
    return this.pool.problem;
  }

  /** Takes no more; `run` resolves when what it has is done. */
  stop(): void {
    this.isStopping = true;
  }

  /** Does not wait for what it has, either: others do it. */
  hurry(): void {
    this.isStopping = true;
    this.isHurried = true;
    void this.pool.stop();
  }

  /** Until it is stopped, or the worker has had nothing to do for `idleMs`. */
  async run(idleMs: number): Promise<void> {
    const beat = setInterval(() => void this.sayAlive(), aliveMs);
    try {
      await Promise.all(Array.from({ length: this.pool.count }, () => this.lane(idleMs)));
      while (this.ended.length > 0 || this.keeping !== undefined) await this.keep();
    } finally {
      clearInterval(beat);
      await this.pool.stop();
      this.workloads.remove();
    }
  }

  private async lane(idleMs: number): Promise<void> {
    for (;;) {
      const cell = this.waiting.shift();
      if (cell !== undefined) await this.work(cell);
      else if (this.isStopping) return;
      else if (!(await this.take())) {
        if (this.options.idle.idleMs > idleMs) return;
        await pause(lookMs);
      }
    }
  }

  /** Whether anything waits now. Lanes that ask at one time share one look. */
  private take(): Promise<boolean> {
    this.taking ??= this.takeOnce().finally(() => (this.taking = undefined));
    return this.taking;
  }

  private async takeOnce(): Promise<boolean> {
    const { queue, database } = this.options;
    const idle = this.pool.count - (this.inHand.size - this.waiting.length);
    const worth = Math.ceil((this.pool.count * takenSeconds) / this.meanSeconds);
    const count = Math.max(1, idle, Math.min(mostTaken, worth));
    const taken = await this.reached(async () => {
      if (performance.now() - this.buriedAt > buryMs) {
        await buryDead(queue, database);
        this.buriedAt = performance.now();
      }
      return queue.take<CellWork>(count);
    });
    this.options.idle.begin(taken.length);
    for (const cell of taken) {
      this.waiting.push(cell);
      this.inHand.set(cell.id, cell);
    }
    return taken.length > 0;
  }

  private async work(cell: TakenCell): Promise<void> {
    this.tell();
    const started = performance.now();
    const end = await this.end(cell);
    this.meanSeconds =
      0.7 * this.meanSeconds + 0.3 * Math.max(0.000_1, (performance.now() - started) / 1_000);
    this.ended.push({ cell, end });
    this.done++;
    if ('outcome' in end && hasFailed(end.outcome)) this.failed++;
    void this.keep();
    this.tell();
  }

  private async end({ data }: TakenCell): Promise<CellEnd> {
    let outcome: Outcome;
    try {
      const path = await this.reached(() => this.workloads.path(data.content));
      if (this.isHurried) return { lost: 'its worker was stopped' };
      return await this.pool.run({ cell: JSON.parse(data.cell) as Cell, path, content: data.content });
    } catch (error) {
      outcome = failedOutcome(error);
    }
    return { outcome };
  }

  /** Outcomes first: what is done twice has the same one. */
  private keep(): Promise<void> {
    this.keeping ??= this.keepAll().finally(() => (this.keeping = undefined));
    return this.keeping;
  }

  private async keepAll(): Promise<void> {
    const { queue, database } = this.options;
    while (this.ended.length > 0) {
      const batch = this.ended;
      this.ended = [];
      const kept = batch.flatMap(({ cell, end }) =>
        'outcome' in end ? [{ cell, outcome: keptOutcome(cell.key, end.outcome) }] : [],
      );
      await this.reached(async () => {
        await database.outcomes.put(kept.map(({ outcome }) => outcome));
        await queue.done(kept.map(({ cell }) => cell));
        for (const { cell, end } of batch) if ('lost' in end) await queue.giveBack(cell, end.lost);
      });
      for (const { cell } of batch) this.inHand.delete(cell.id);
      this.options.idle.end(batch.length);
    }
  }

  private async sayAlive(): Promise<void> {
    // Who cannot say it in time is taken for dead, and does no harm: its cells are done twice.
    await this.options.queue.keep([...this.inHand.values()]).catch(() => {});
  }

  /** Tried again for as long as the database is away. */
  private async reached<Value>(act: () => Promise<Value>): Promise<Value> {
    const { database, onLost } = this.options;
    for (let isLost = false; ; await pause(1_000)) {
      try {
        const value = await act();
        if (isLost) onLost(undefined);
        return value;
      } catch (thrown) {
        const error: KernelError = database.error(thrown);
        if (error.code !== 'STORAGE_UNAVAILABLE') throw error;
        if (!isLost) onLost(error.message);
        isLost = true;
      }
    }
  }

  private tell(): void {
    this.options.onProgress(this.done, this.failed, this.inHand.size - this.waiting.length);
  }
}
