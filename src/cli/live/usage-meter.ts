import type { KernelEvent } from '../../kernel/events.ts';

export interface LiveUsage {
  readonly modelCalls: number;
  /** Of those, without an answer. */
  readonly modelCallsFailed: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  /** By the prices of the model; 0 where nobody has told them. */
  readonly microDollars: number;
  readonly toolCalls: number;
  readonly toolCallsFailed: number;
}

/** What was used, by the events alone: of one process with all its descendants, or of all that there are. */
export class UsageMeter {
  private readonly rootOf = new Map<number, number>();
  private readonly promptTokens = new Map<number, number>();
  /** Answer tokens of calls that were stopped and have not gone on. */
  private readonly stopped = new Map<number, number>();
  private readonly used = new Map<number, { -readonly [Field in keyof LiveUsage]: number }>();

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
        this.stopped.set(event.pid, event.tokensOut);
        return;
      case 'budget.settled':
        // Of one that ends, the call itself tells.
        if (this.stopped.has(event.pid)) this.of(event.pid).microDollars += event.microDollars;
        return;
      case 'process.terminated': {
        const tokensOut = this.stopped.get(event.pid);
        if (tokensOut === undefined) return;
        this.stopped.delete(event.pid);
        const used = this.of(event.pid);
        used.modelCalls++;
        used.modelCallsFailed++;
        used.tokensIn += this.promptTokens.get(event.pid) ?? 0;
        used.tokensOut += tokensOut;
        return;
      }
      case 'call.ended': {
        this.stopped.delete(event.pid);
        const used = this.of(event.pid);
        used.modelCalls++;
        if (!event.ok) used.modelCallsFailed++;
        used.tokensIn += event.tokensIn;
        used.tokensCached += event.tokensCached;
        used.tokensOut += event.tokensOut;
        used.microDollars += event.microDollars;
        return;
      }
      case 'tool.started':
        this.of(event.pid).toolCalls++;
        return;
      case 'tool.ended':
        if (!event.ok) this.of(event.pid).toolCallsFailed++;
        return;
      default:
    }
  }

  /** `root`: the process that was spawned. */
  of(root: number): { -readonly [Field in keyof LiveUsage]: number } {
    const pid = this.rootOf.get(root) ?? root;
    const used = this.used.get(pid) ?? {
      modelCalls: 0,
      modelCallsFailed: 0,
      tokensIn: 0,
      tokensCached: 0,
      tokensOut: 0,
      microDollars: 0,
      toolCalls: 0,
      toolCallsFailed: 0,
    };
    this.used.set(pid, used);
    return used;
  }
}
