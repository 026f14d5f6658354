/**
 * What happens to the processes of a kernel, as it becomes durable, for whoever looks at all of them: the latest events, under numbers without gaps. Who asks for earlier ones, or comes from another server, is told that
 * they are missing.
 */
import { Ring } from '../../base/ring.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import { framed, type FrameForm, type WatchEntry, type WatchSource } from './watch-source.ts';
import { Watcher, watchLimits, type WatchEnd, type WatchLimits } from './watcher.ts';

export interface KernelFeedOptions extends Partial<WatchLimits> {
  readonly nowUs: () => number;
  /** Events that are kept. Default 10,000. */
  readonly kept?: number;
}

interface FeedEntry extends WatchEntry {
  readonly run: string;
}

type ProcessEvent = Extract<KernelEvent, { readonly type: `process.${string}` }>;

/** Whether a watcher may see a run; undefined: that is not known yet, and it waits. */
export type SeesRun = (run: string) => boolean | undefined;

export class KernelFeed implements WatchSource {
  readonly isReady = true;
  readonly isOver = false;
  private readonly options: KernelFeedOptions;
  private readonly ring = new Ring<FeedEntry>();
  private readonly runs = new Map<Pid, string>();
  private readonly watchers = new Set<Watcher>();
  private readonly life: string;
  /** Number of the next event; the first is 1. */
  private next = 1;
  private length = 0;
  private isFlushing = false;
  private beating: NodeJS.Timeout | undefined;
  private closed: WatchEnd | undefined;

  constructor(options: KernelFeedOptions) {
    this.options = options;
    this.life = options.nowUs().toString(36);
  }

  kept({ events }: StepOutput): void {
    for (const event of events) if (isOfProcess(event)) this.add(event);
  }

  /**
   * A watcher that was told everything up to the event `after`; undefined: what comes from now on. One that is connected later keeps its place.
   */
  watch(after: string | undefined, seesRun?: SeesRun): Watcher | 'nowhere' {
    const cursor = this.cursorOf(after);
    if (cursor === undefined) return 'nowhere';
    const watcher: Watcher = new Watcher({
      source: this,
      cursor,
      isBehind: false,
      limits: { ...watchLimits, ...this.options, behind: Infinity },
      onEnd: () => {
        this.watchers.delete(watcher);
        if (this.watchers.size > 0) return;
        clearInterval(this.beating);
        this.beating = undefined;
      },
      ...(seesRun === undefined ? {} : { sees: (entry) => seesRun((entry as FeedEntry).run) }),
    });
    this.watchers.add(watcher);
    this.beating ??= setInterval(() => {
      for (const one of this.watchers) one.beat(Date.now());
    }, beatMs).unref();
    if (this.closed !== undefined) watcher.end(this.closed);
    return watcher;
  }

  /** Watchers that there are. */
  get watching(): number {
    return this.watchers.size;
  }

  close(why: 'shutdown' | 'failed'): void {
    this.closed = why;
    for (const watcher of this.watchers) {
      watcher.pump();
      watcher.end(why);
    }
  }

  // ---- What watchers read --------------------------------------------------------------------------------------------

  get first(): number {
    return this.next - this.ring.length;
  }

  get end(): number {
    return this.next;
  }

  entry(index: number): FeedEntry {
    return this.ring.at(index - this.first);
  }

  frame(form: FrameForm, from: number, to: number): Buffer {
    return framed(
      form,
      Array.from({ length: to - from }, (_, index) => this.entry(from + index)),
    );
  }

  underWay(): undefined {
    return undefined;
  }

  gap(from: number): WatchEntry {
    const missing = from < 1 ? {} : { missing: this.first - from };
    const id = this.idOf(this.first - 1);
    const json = JSON.stringify({ id, atUs: this.options.nowUs(), type: 'gap', ...missing });
    return { id, json, isLive: false, mark: undefined, upTo: 0 };
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private add(event: ProcessEvent): void {
    const { pid } = event;
    if (event.type === 'process.spawned') this.runs.set(pid, event.run);
    const run = this.runs.get(pid) ?? '';
    if (event.type === 'process.terminated') this.runs.delete(pid);
    const { seq: _seq, ...told } = event;
    const id = this.idOf(this.next++);
    this.ring.push(new FeedRow(id, run, told, (this.length += 1)));
    if (this.ring.length > (this.options.kept ?? 10_000)) this.ring.shift();
    this.flush();
  }

  /** What comes in one turn is sent at its end. */
  private flush(): void {
    if (this.isFlushing || this.watchers.size === 0) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      for (const watcher of this.watchers) watcher.pump();
    });
  }

  private cursorOf(after: string | undefined): number | undefined {
    if (after === undefined) return this.next;
    // Whatever there is.
    if (after === '0') return this.first;
    const [, life, number] = /^([a-z0-9]{1,24})\.(\d{1,15})$/.exec(after) ?? [];
    if (life === undefined) return undefined;
    if (life !== this.life) return 0;
    return Number(number) < this.next ? Number(number) + 1 : undefined;
  }

  private idOf(number: number): string {
    return `${this.life}.${number}`;
  }
}

/** Made into JSON for the first that reads it. */
class FeedRow implements FeedEntry {
  readonly isLive = false;
  readonly mark = undefined;
  readonly id: string;
  readonly run: string;
  readonly upTo: number;
  private readonly event: object;
  private made: string | undefined;

  constructor(id: string, run: string, event: object, upTo: number) {
    this.id = id;
    this.run = run;
    this.event = event;
    this.upTo = upTo;
  }

  get json(): string {
    this.made ??= JSON.stringify({ id: this.id, run: this.run, ...this.event });
    return this.made;
  }
}

const isOfProcess = (event: KernelEvent): event is ProcessEvent => event.type.startsWith('process.');

/** How often watchers are looked after, ms. */
const beatMs = 1_000;
