import { responseCacheName } from '../../agents/loop/response-cache.ts';
import type { KernelEvent } from '../../kernel/events.ts';

/** What model calls used. */
export interface ModelUsage {
  readonly modelCalls: number;
  /** Of those, without an answer. */
  readonly modelCallsFailed: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  /** By the prices of the model; 0 where nobody has told them. */
  readonly microDollars: number;
}

export interface LiveUsage extends ModelUsage {
  readonly toolCalls: number;
  readonly toolCallsFailed: number;
}

type Counts<Usage> = { -readonly [Field in keyof Usage]: number };

/** What was used, by the events alone: of one process with all its descendants, in all and of each model. */
export class UsageMeter {
  /** By engine. */
  private readonly models: readonly string[];
  private readonly coresEach: number;
  private readonly rootOf = new Map<number, number>();
  private readonly promptTokens = new Map<number, number>();
  /** Calls that were stopped and have not gone on: their core, and answer tokens. */
  private readonly stopped = new Map<number, { readonly core: number; readonly tokensOut: number }>();
  private readonly used = new Map<number, Counts<LiveUsage>>();
  private readonly usedOf = new Map<string, Counts<ModelUsage>>();

  /** Engines in their order, each with so many cores. */
  constructor(models: readonly string[], coresEach: number) {
    this.models = models;
    this.coresEach = coresEach;
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned': {
        const root = event.parent === 0 ? event.pid : (this.rootOf.get(event.parent) ?? event.pid);
        this.rootOf.set(event.pid, root);
        return;
      }
      case 'call.requested':
        this.promptTokens.set(event.pid, event.promptTokens);
        return;
      case 'call.stopped':
        this.stopped.set(event.pid, event);
        return;
      case 'budget.settled': {
        // Of one that ends, the call itself tells.
        const call = this.stopped.get(event.pid);
        if (call !== undefined) this.add(event.pid, call.core, { microDollars: event.microDollars });
        return;
      }
      case 'process.terminated': {
        const call = this.stopped.get(event.pid);
        if (call === undefined) return;
        this.stopped.delete(event.pid);
        this.add(event.pid, call.core, {
          modelCalls: 1,
          modelCallsFailed: 1,
          tokensIn: this.promptTokens.get(event.pid) ?? 0,
          tokensOut: call.tokensOut,
        });
        return;
      }
      case 'call.ended': {
        const { pid, core, ok, tokensIn, tokensCached, tokensOut, microDollars } = event;
        this.stopped.delete(pid);
        const modelCallsFailed = ok ? 0 : 1;
        this.add(pid, core, {
          modelCalls: 1,
          modelCallsFailed,
          tokensIn,
          tokensCached,
          tokensOut,
          microDollars,
        });
        return;
      }
      case 'tool.started':
        if (event.tool !== responseCacheName) this.totals(event.pid).toolCalls++;
        return;
      case 'tool.ended':
        if (!event.ok) this.totals(event.pid).toolCallsFailed++;
        return;
      default:
    }
  }

  /** `root`: the process that was spawned. */
  of(root: number): LiveUsage {
    return this.totals(root);
  }

  /** Of the models that were asked, in the order of the engines. */
  byModel(root: number): readonly (ModelUsage & { readonly model: string })[] {
    return this.models.flatMap((model, engine) => {
      const used = this.usedOf.get(`${this.rootOf.get(root) ?? root} ${engine}`);
      return used === undefined ? [] : [{ model, ...used }];
    });
  }

  private add(pid: number, core: number, used: Partial<ModelUsage>): void {
    const root = this.rootOf.get(pid) ?? pid;
    const engine = Math.floor(core / this.coresEach);
    const key = `${root} ${engine}`;
    const ofModel = this.usedOf.get(key) ?? { ...nothing };
    this.usedOf.set(key, ofModel);
    const totals = this.totals(pid);
    for (const [field, count] of Object.entries(used) as [keyof ModelUsage, number][]) {
      ofModel[field] += count;
      totals[field] += count;
    }
  }

  private totals(root: number): Counts<LiveUsage> {
    const pid = this.rootOf.get(root) ?? root;
    const used = this.used.get(pid) ?? { ...nothing, toolCalls: 0, toolCallsFailed: 0 };
    this.used.set(pid, used);
    return used;
  }
}

const nothing: ModelUsage = {
  modelCalls: 0,
  modelCallsFailed: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensOut: 0,
  microDollars: 0,
};
