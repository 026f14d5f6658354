/** Cells of a sweep in worker threads that are kept, or in this one: where that is enough, or where this Node cannot start any. */
import type { Outcome } from '../../sim/sweep/outcomes.ts';
import type { Failure } from '../failure.ts';
import { threadProblem, Threads } from '../threads.ts';
import { runCellJob, type CellJob, type CellMessage } from './cell-job.ts';

/** `lost`: its thread died in it, so that nobody knows what would have come of it. */
export type CellEnd = { readonly outcome: Outcome } | { readonly lost: string };

export class CellThreads {
  /** At most so many cells at once. */
  readonly count: number;
  /** Why there are none, though they were asked for. */
  readonly problem: string | undefined;
  private readonly isAlone: boolean;
  private readonly threads = new Threads<CellJob, undefined, CellMessage>({
    entry: 'sweep/cell-worker',
    shared: undefined,
    isKept: true,
  });

  /** `isAlone`: in this thread, which hears of nothing else meanwhile. */
  constructor(count: number, { isAlone = false } = {}) {
    this.problem = isAlone ? undefined : threadProblem(import.meta.url, process);
    this.isAlone = isAlone || this.problem !== undefined;
    this.count = this.isAlone ? 1 : count;
  }

  /** Its threads are soon to be needed. */
  warm(): void {
    if (!this.isAlone) this.threads.warm(this.count);
  }

  /** At once: as many run beside each other as are asked for. Never rejects. */
  async run(job: CellJob, onProgress?: (share: number) => void): Promise<CellEnd> {
    let end: CellEnd = { lost: 'its thread was stopped' };
    const receive = (message: CellMessage | Failure): void => {
      if (message.kind === 'progress') onProgress?.(message.share);
      else end = message.kind === 'failure' ? { lost: message.problem } : { outcome: message.outcome };
    };
    await (this.isAlone ? runCellJob(job, undefined, receive) : this.threads.run(job, receive));
    return end;
  }

  stop(): Promise<void> {
    return this.threads.stop();
  }
}
