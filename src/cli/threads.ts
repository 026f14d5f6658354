/** Worker threads that do jobs: a fresh one for each, or such as are kept and do one after another. */
import { parentPort, Worker, workerData } from 'node:worker_threads';

import { messageOf } from '../kernel/errors.ts';
import type { Failure } from './failure.ts';

export interface Told {
  readonly kind: string;
}

/** What a thread does with a job. Never throws. */
export type RunJob<Job, Shared, Message> = (
  job: Job,
  shared: Shared,
  post: (message: Message | Failure) => void,
) => Promise<void>;

export interface ThreadOptions<Shared> {
  /** The file, from this folder and without its ending, that calls `serveJobs`. */
  readonly entry: string;
  /** Cloned for each thread, but for shared memory. */
  readonly shared: Shared;
  /** A thread does job after job and keeps what it has loaded; default: each job has a thread, and so an isolate, of its own. */
  readonly isKept?: boolean;
  /** Of each; one that needs more ends. Default: Node's own. */
  readonly memoryMb?: number;
}

/** The last that is said of a job. */
const ended = { kind: 'ended' } as const;

export class Threads<Job, Shared, Message extends Told> {
  private readonly options: ThreadOptions<Shared>;
  private readonly all = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private isStopped = false;

  constructor(options: ThreadOptions<Shared>) {
    this.options = options;
  }

  /** At once, beside those that run. Resolves when it has ended; a thread that dies in it is told as a failure. */
  run(job: Job, receive: (message: Message | Failure) => void): Promise<void> {
    const worker = this.idle.pop() ?? this.start();
    return new Promise((resolve) => {
      let problem: string | undefined;
      const listeners = {
        message: (message: Message | Failure | typeof ended): void => {
          if (message.kind !== ended.kind) return receive(message as Message | Failure);
          over();
          if (this.options.isKept === true && !this.isStopped) this.idle.push(worker);
          else void worker.terminate();
        },
        error: (error: unknown): void => void (problem = messageOf(error)),
        exit: (status: number): void => {
          over();
          problem ??= `its thread has ended with status ${status}`;
          if (!this.isStopped) receive({ kind: 'failure', what: 'unknown', problem });
        },
      };
      const over = (): void => {
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
        resolve();
      };
      for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
      worker.postMessage(job);
    });
  }

  /** So many begin to load what they need, where they are kept: the first jobs do not wait for it. */
  warm(count: number): void {
    while (this.all.size < count) this.idle.push(this.start());
  }

  /** Ends all of them, whatever they do; nothing more is told. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all([...this.all].map((worker) => worker.terminate()));
  }

  private start(): Worker {
    const { entry, shared, memoryMb } = this.options;
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    // A Node that reads TypeScript itself starts a thread much faster than through a loader.
    const worker = new Worker(new URL(`${entry}.${ending}`, import.meta.url), {
      workerData: shared,
      ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
      ...(readsTypeScript(process.features) ? { execArgv: [] } : {}),
    });
    this.all.add(worker);
    // Of one that does nothing just now nobody need be told.
    worker.on('error', () => {});
    worker.once('exit', () => {
      this.all.delete(worker);
      const place = this.idle.indexOf(worker);
      if (place >= 0) this.idle.splice(place, 1);
    });
    return worker;
  }
}

/** What the entry file of a thread does. */
export function serveJobs<Job, Shared, Message extends Told>(run: RunJob<Job, Shared, Message>): void {
  const port = parentPort!;
  const shared = workerData as Shared;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  const post = (message: Message | Failure | typeof ended): void => port.postMessage(message);
  port.on('message', (job: Job) => void run(job, shared, post).then(() => post(ended)));
}

/**
 * Why a module at `url` cannot start a thread of its like; undefined when it can. What a loader teaches an older Node about TypeScript does not reach the threads that it
 * starts; compiled modules need none.
 */
export function threadProblem(
  url: string,
  { features, version }: { readonly features: object; readonly version: string },
): string | undefined {
  if (!url.endsWith('.ts') || readsTypeScript(features)) return undefined;
  return `worker threads from source need a Node that reads TypeScript, 22.18 or later; this one is ${version}`;
}

function readsTypeScript(features: object): boolean {
  return 'typescript' in features && features.typescript !== false;
}
