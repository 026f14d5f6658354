/**
 * A queue of work that any number of processes take from. What somebody has taken is theirs while they say that they are alive; of one that died it is handed out again within seconds. What
 * is done must be such that twice is as good as once: a process that was taken for dead may still come to its end.
 */
import type { PgBoss } from 'pg-boss';

/** `key`: of two with one key only one waits or is worked on at a time. `data`: JSON. */
export interface Work {
  readonly key: string;
  readonly data: object;
}

export interface TakenWork<Data> {
  readonly id: string;
  readonly key: string;
  readonly data: Data;
  /** How often it was taken before. */
  readonly retryCount: number;
}

/** Workers that die in it, or give it back, before it is given up. */
const defaultRetries = 4;
export const mostTries = defaultRetries + 1;

export interface QueueOptions {
  readonly retries?: number;
  /** Before it is handed out again: a second or two, twice that, and so on up to this, s. Default: at once. */
  readonly longestWaitSeconds?: number;
}
/** The longest that one may take, s: the most that the queue allows. */
const longestSeconds = 24 * 3_600;
/** Who has said nothing for so long is dead, s. A worker says it three times in that time. */
const silenceSeconds = 4;
export const aliveMs = (silenceSeconds * 1_000) / 4;

export class WorkQueue {
  private readonly boss: PgBoss;
  private readonly name: string;

  private constructor(boss: PgBoss, name: string) {
    this.boss = boss;
    this.name = name;
  }

  static async open(
    boss: PgBoss,
    name: string,
    { retries = defaultRetries, longestWaitSeconds }: QueueOptions = {},
  ): Promise<WorkQueue> {
    await boss.createQueue(deadName(name));
    await boss.createQueue(name, {
      policy: 'exclusive',
      retryLimit: retries,
      ...(longestWaitSeconds === undefined
        ? { retryDelay: 0 }
        : { retryDelay: 1, retryBackoff: true, retryDelayMax: longestWaitSeconds }),
      expireInSeconds: longestSeconds,
      deadLetter: deadName(name),
    });
    return new WorkQueue(boss, name);
  }

  /** What waits already, or is worked on, is as if it weren't among them. */
  async put(work: readonly Work[]): Promise<void> {
    for (let at = 0; at < work.length; at += 1_000)
      await this.boss.insert(
        this.name,
        work.slice(at, at + 1_000).map(({ key, data }) => ({
          data: { key, ...data },
          singletonKey: key,
          heartbeatSeconds: silenceSeconds,
        })),
      );
  }

  /** The oldest, `count` at most. */
  async take<Data>(count: number): Promise<TakenWork<Data>[]> {
    const jobs = await this.boss.fetch<Data & { readonly key: string }>(this.name, { batchSize: count });
    return jobs.map(({ id, data, retryCount }) => ({ id, key: data.key, data, retryCount }));
  }

  /** Whoever works on them is alive. */
  async keep(work: readonly TakenWork<unknown>[]): Promise<void> {
    if (work.length > 0) await this.boss.touch(this.name, work.map(attempt));
  }

  async done(work: readonly TakenWork<unknown>[]): Promise<void> {
    if (work.length > 0) await this.boss.complete(this.name, work.map(attempt));
  }

  /** Somebody else may have more luck with it. */
  async giveBack(work: TakenWork<unknown>, problem: string): Promise<void> {
    await this.boss.fail(this.name, [attempt(work)], { message: problem });
  }

  /** What nobody tries any more. Whoever has told of it says so. */
  async takeDead(): Promise<TakenWork<object>[]> {
    const jobs = await this.boss.fetch<{ readonly key: string }>(deadName(this.name), { batchSize: 100 });
    return jobs.map(({ id, data, retryCount }) => ({ id, key: data.key, data, retryCount }));
  }

  async toldDead(work: readonly TakenWork<unknown>[]): Promise<void> {
    if (work.length > 0) await this.boss.complete(deadName(this.name), work.map(attempt));
  }

  /** As of a second ago or so. */
  async counts(): Promise<{ readonly waiting: number; readonly underWay: number }> {
    const found = await this.boss.getQueue(this.name);
    return { waiting: found?.queuedCount ?? 0, underWay: found?.activeCount ?? 0 };
  }
}

const deadName = (name: string): string => `${name}-dead`;

const attempt = ({ id, retryCount }: { readonly id: string; readonly retryCount: number }) => ({
  id,
  retryCount,
});
