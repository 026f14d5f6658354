/** Simulations beside the kernel: each in a thread of its own, few at once, others wait; of those that have ended the latest are kept, in memory. */
import { randomUUID } from 'node:crypto';

import type { Clock } from '../../host/ports.ts';
import { Refused } from '../errors.ts';
import { isoOf } from '../runs/trace-views.ts';
import type { CreateJob, JobRow, JobView } from './job-schemas.ts';

/** What a job tells while it runs: a row, or how much of it is done; or that it came to nothing. */
export type JobNews =
  | { readonly kind: 'row'; readonly row: JobRow }
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'failure'; readonly problem: string };

/** Starts it elsewhere. Nothing is told behind `cancel`, or behind the end. */
export type StartJob = (
  job: CreateJob,
  tell: (news: JobNews) => void,
) => { readonly ended: Promise<void>; readonly cancel: () => Promise<void> };

export interface JobLimits {
  readonly running: number;
  readonly waiting: number;
  /** Jobs that have ended. */
  readonly kept: number;
  /** Longest time of one, µs. */
  readonly timeoutUs: number;
  /** Of the rows of one job as JSON. */
  readonly resultBytes: number;
}

export const jobLimits: JobLimits = {
  running: 1,
  waiting: 100,
  kept: 100,
  timeoutUs: 600_000_000,
  resultBytes: 4_194_304,
};

interface Job {
  readonly id: string;
  readonly given: CreateJob;
  readonly createdUs: number;
  status: JobView['status'];
  progress: number;
  endedUs: number;
  error: string | undefined;
  rows: JobRow[];
  bytes: number;
  cancel: () => void;
}

export class JobService {
  private readonly start: StartJob;
  private readonly clock: Clock;
  private readonly limits: JobLimits;
  /** In the order of their creation. */
  private readonly jobs = new Map<string, Job>();

  constructor(start: StartJob, clock: Clock, limits: JobLimits = jobLimits) {
    this.start = start;
    this.clock = clock;
    this.limits = limits;
  }

  /** Throws Refused: too many wait. */
  create(given: CreateJob): JobView {
    const { waiting } = this.limits;
    if (this.count('waiting') >= waiting)
      throw new Refused(429, 'TOO_MANY_JOBS', `${waiting} jobs are waiting; allowed: as many`, {
        retryAfter: 10,
      });
    const job: Job = {
      id: `job-${randomUUID()}`,
      given,
      createdUs: this.clock.nowUs(),
      status: 'waiting',
      progress: 0,
      endedUs: -1,
      error: undefined,
      rows: [],
      bytes: 0,
      cancel: () => this.end(job, 'cancelled'),
    };
    this.jobs.set(job.id, job);
    this.next();
    return viewOf(job);
  }

  list(): JobView[] {
    return [...this.jobs.values()].reverse().map(viewOf);
  }

  /** Throws Refused: there is none, or it is forgotten. */
  get(id: string): JobView {
    return viewOf(this.jobOf(id));
  }

  /** One that has ended stays as it is. */
  cancel(id: string): JobView {
    const job = this.jobOf(id);
    job.cancel();
    return viewOf(job);
  }

  close(): void {
    for (const job of this.jobs.values()) job.cancel();
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private next(): void {
    for (const job of this.jobs.values()) {
      if (this.count('running') >= this.limits.running) return;
      if (job.status === 'waiting') this.run(job);
    }
  }

  private run(job: Job): void {
    job.status = 'running';
    const started = this.start(job.given, (news) => this.heard(job, news));
    const { timeoutUs } = this.limits;
    const over = this.clock.at(this.clock.nowUs() + timeoutUs, () => {
      job.error = `it took longer than ${timeoutUs / 1e6} s`;
      stop('failed');
    });
    const stop = (status: 'cancelled' | 'failed' | 'completed'): void => {
      over();
      if (status !== 'completed') void started.cancel();
      this.end(job, status);
    };
    job.cancel = () => stop('cancelled');
    void started.ended.then(() => stop(job.error === undefined ? 'completed' : 'failed'));
  }

  private heard(job: Job, news: JobNews): void {
    if (job.status !== 'running' || job.error !== undefined) return;
    if (news.kind === 'progress') job.progress = news.done;
    else if (news.kind === 'failure') job.error = news.problem;
    else {
      job.bytes += JSON.stringify(news.row).length;
      if (job.bytes > this.limits.resultBytes)
        job.error = `its results are larger than ${this.limits.resultBytes} bytes: fewer seeds, or fewer schedulers`;
      else job.rows.push(news.row);
    }
  }

  private end(job: Job, status: 'cancelled' | 'failed' | 'completed'): void {
    if (job.endedUs >= 0) return;
    job.endedUs = this.clock.nowUs();
    job.status = status;
    if (status === 'completed') job.progress = 1;
    job.cancel = () => {};
    const ended = [...this.jobs.values()].filter(({ endedUs }) => endedUs >= 0);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - this.limits.kept))) this.jobs.delete(id);
    this.next();
  }

  private count(status: JobView['status']): number {
    let count = 0;
    for (const job of this.jobs.values()) if (job.status === status) count++;
    return count;
  }

  private jobOf(id: string): Job {
    const job = this.jobs.get(id);
    if (job !== undefined) return job;
    throw new Refused(404, 'NOT_FOUND', `job ${JSON.stringify(id)}: there is none, or not any more`);
  }
}

function viewOf({ id, status, progress, createdUs, endedUs, error, rows }: Job): JobView {
  return {
    job_id: id,
    status,
    progress,
    created_at: isoOf(createdUs),
    ended_at: endedUs < 0 ? null : isoOf(endedUs),
    error: error ?? null,
    rows: [...rows],
  };
}
