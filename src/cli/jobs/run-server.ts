/** What a worker does for runs of agents: takes those that wait in the database, leases each in the store, and drives it to its end, or goes on with it where another worker was cut off. */
import { setTimeout as pause } from 'node:timers/promises';

import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import { aliveMs, type TakenWork, type WorkQueue } from '../../adapters/jobs/work-queue.ts';
import { KernelError, messageOf } from '../../kernel/errors.ts';
import type { Io, Person } from '../command.ts';
import type { OpenStore } from '../store/open-store.ts';
import { driveSubmitted, type Submission } from '../store/submitted-run.ts';
import type { IdleClock } from './idle-clock.ts';

const queueStart = 'runs-';

/** Another version might go on otherwise: its workers take from another queue. */
export const runQueueName = (version: string): string => `${queueStart}${version}`;

/** Workers that die in a run, park it or cannot start it, before it is given up: half an hour at least, in which one may come that can. */
export const runQueueOptions = { retries: 40, longestWaitSeconds: 60 };

export interface RunServerOptions {
  readonly database: JobDatabase;
  readonly queue: WorkQueue;
  readonly store: OpenStore;
  /** At once. */
  readonly most: number;
  readonly idle: IdleClock;
  readonly io: Io;
  /** A run is over, or is not this worker's any more. */
  readonly onEnd: (line: string) => void;
}

type TakenRun = TakenWork<Submission>;

/** Between two looks for work, ms. */
const lookMs = 300;

export class RunServer {
  done = 0;
  private readonly options: RunServerOptions;
  private readonly inHand = new Map<string, TakenRun>();
  /** What parks those that go on. */
  private readonly parking = new Set<() => void>();
  private isStopping = false;

  constructor(options: RunServerOptions) {
    this.options = options;
  }

  /** Takes no more, and parks what goes on: others go on with it. */
  stop(): void {
    this.isStopping = true;
    for (const park of this.parking) park();
  }

  /** What is being parked is not waited for. */
  hurry(): void {
    this.stop();
  }

  /** Until it is stopped, or the worker has had nothing to do for `idleMs`. */
  async run(idleMs: number): Promise<void> {
    const { database, queue, most, idle, io } = this.options;
    // Who cannot say it in time is taken for dead; the lease keeps two from driving one run.
    const beat = setInterval(() => void queue.keep([...this.inHand.values()]).catch(() => {}), aliveMs);
    const driven = new Set<Promise<void>>();
    try {
      while (!this.isStopping && idle.idleMs <= idleMs) {
        try {
          const taken = this.inHand.size < most ? await queue.take<Submission>(most - this.inHand.size) : [];
          for (const work of taken) {
            idle.begin();
            this.inHand.set(work.id, work);
            const one = this.drive(work).finally(() => {
              this.inHand.delete(work.id);
              driven.delete(one);
              idle.end();
            });
            driven.add(one);
          }
        } catch (thrown) {
          const error = database.error(thrown);
          if (error.code !== 'STORAGE_UNAVAILABLE') throw error;
        }
        await pause(lookMs);
      }
      await Promise.all(driven);
    } finally {
      clearInterval(beat);
      io.progress('');
    }
  }

  /** Never rejects. */
  private async drive(work: TakenRun): Promise<void> {
    const { onEnd, queue } = this.options;
    const { run } = work.data;
    const problem = await this.attempt(work);
    if (problem === undefined) this.done++;
    else onEnd(`${run}: ${problem}${work.retryCount < runQueueOptions.retries ? '' : '; it is given up'}`);
    for (;;)
      try {
        return await (problem === undefined ? queue.done([work]) : queue.giveBack(work, problem));
      } catch {
        // What is not told is taken for dead, and found to be over by the next.
        if (this.isStopping) return;
        await pause(1_000);
      }
  }

  /** Undefined: it is over. Else why it is not. */
  private async attempt({ data }: TakenRun): Promise<string | undefined> {
    const { store, onEnd } = this.options;
    for (;;)
      try {
        const printed: string[] = [];
        await driveSubmitted(store, data, this.quietIo(printed));
        const document =
          printed.length === 0 ? {} : (JSON.parse(printed.join('\n')) as Partial<LiveDocument>);
        const { outcome = 'is over', reason = '', resume } = document;
        if (resume !== undefined) return outcome === 'parked' ? 'parked' : `cut off (${reason})`;
        onEnd(`${data.run}: ${outcome}${outcome === 'failed' ? ` (${reason})` : ''}`);
        return undefined;
      } catch (error) {
        const isFree =
          error instanceof KernelError &&
          (error.code === 'LEASE_LOST' || error.code === 'STORAGE_UNAVAILABLE');
        // Its worker may have died: its lease ends by itself.
        if (!isFree || this.isStopping) return messageOf(error);
        await pause(1_000);
      }
  }

  /** Nobody sits in front of it; it is parked when the worker is to end. */
  private quietIo(printed: string[]): Io {
    const silent = (): void => {};
    const person: Person = {
      isThere: false,
      onLine: () => silent,
      onInterrupt: (park) => {
        this.parking.add(park);
        if (this.isStopping) park();
        return () => this.parking.delete(park);
      },
    };
    return {
      ...this.options.io,
      out: (text) => void printed.push(text),
      write: silent,
      err: silent,
      progress: silent,
      isTerminal: false,
      colours: false,
      person,
    };
  }
}

/** What is read of what `ringzero run --json` prints. `resume`: it is not over. */
interface LiveDocument {
  readonly outcome: string;
  readonly reason: string;
  readonly resume: string;
}
