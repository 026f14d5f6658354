/** The metrics of a kernel, from its events alone; what its calls, tools and processes come to is told by the spans. */
import type { BudgetWindow } from '../../kernel/budget-limits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { StateName } from '../../kernel/process-state.ts';
import type { BudgetSnapshot, KernelSnapshot } from '../../kernel/snapshot.ts';
import type { StorageNews } from '../storage-waits.ts';
import type { MetricData } from './metric-set.ts';
import { MetricSet } from './metric-set.ts';
import type { EndedCall } from './spanned-process.ts';
import type { TimeSink } from './watched-process.ts';

export interface EngineFigures {
  readonly name: string;
  readonly cores: number;
  /** Infinity: there is no limit. */
  readonly memoryTokens: number;
}

const states: readonly StateName[] = ['ready', 'running', 'waiting', 'suspended'];

export class KernelFigures {
  private readonly metrics = new MetricSet();
  private readonly engines: readonly EngineFigures[];
  /** By core: its engine, and since when it runs a call; -1: it does not. */
  private readonly engineOfCore: readonly string[];
  private readonly busySinceUs: number[];

  constructor(engines: readonly EngineFigures[]) {
    this.engines = engines;
    this.engineOfCore = engines.flatMap(({ name, cores }) => Array.from({ length: cores }, () => name));
    this.busySinceUs = this.engineOfCore.map(() => -1);
    for (const state of states) this.metrics.set('processes', 0, state);
    for (const { name, cores, memoryTokens } of engines) {
      this.metrics.set('queueLength', 0, name);
      this.metrics.set('cores', cores, name);
      this.metrics.set('coresBusy', 0, name);
      this.metrics.set('memoryUsed', 0, name);
      if (Number.isFinite(memoryTokens)) this.metrics.set('memoryCapacity', memoryTokens, name);
    }
    this.metrics.set('storageUnavailable', 0);
  }

  /** The kernel was at work before anybody watched it. */
  begin({ nowUs, processes, engines }: KernelSnapshot): void {
    for (const { state, engine } of processes) {
      if (state === 'terminated') continue;
      this.entered(state, 1, this.engines[engine]!.name);
    }
    let core = 0;
    for (const { index, running, residentTokens } of engines) {
      this.metrics.add('memoryUsed', residentTokens, this.engines[index]!.name);
      for (const pid of running) {
        if (pid !== 0) this.dispatched(core, nowUs);
        core++;
      }
    }
  }

  onEvent(event: KernelEvent): void {
    const { metrics } = this;
    metrics.add('events', 1);
    switch (event.type) {
      case 'process.spawned':
        return metrics.add('processesStarted', 1);
      case 'process.dispatched':
        return this.dispatched(event.core, event.atUs);
      case 'call.stopped':
        metrics.add('preemptions', 1, event.by);
        return this.released(event.core, event.atUs);
      case 'call.ended':
        return this.released(event.core, event.atUs);
      case 'call.refused':
        return metrics.add('callsRefused', 1, event.code);
      case 'tool.refused':
        return metrics.add('toolsRefused', 1, event.code);
      case 'page.loaded':
      case 'page.prefetched':
        return metrics.add('memoryUsed', event.tokens, this.nameOf(event));
      case 'page.evicted':
        metrics.add('evictions', event.tokens, this.nameOf(event));
        return metrics.add('memoryUsed', -event.tokens, this.nameOf(event));
      case 'page.freed':
        return metrics.add('memoryUsed', -event.tokens, this.nameOf(event));
      case 'page.faulted':
        return metrics.add('faults', event.tokens, this.nameOf(event), event.kind);
      case 'deadlock.detected':
        return metrics.add('deadlocks', 1);
      default:
    }
  }

  /** A process entered a state, or (-1) left it. */
  entered(state: StateName, change: 1 | -1, engine: string): void {
    if (state === 'terminated') return;
    this.metrics.add('processes', change, state);
    if (state === 'ready') this.metrics.add('queueLength', change, engine);
  }

  readonly onTime: TimeSink = (state, reason, us) => {
    if (us > 0) this.metrics.add('processTime', us / 1e6, state, reason);
  };

  ended(outcome: string, isRoot: boolean): void {
    this.metrics.add('processesEnded', 1, outcome);
    if (isRoot) this.metrics.add('runsEnded', 1, outcome);
  }

  // ---- What spans tell -----------------------------------------------------------------------------------------------

  call({ provider, model, us, firstChunkUs, usage, error }: EndedCall): void {
    const { metrics } = this;
    metrics.record('callDuration', us / 1e6, 'chat', provider, model, error);
    if (firstChunkUs !== undefined) metrics.record('firstChunk', firstChunkUs / 1e6, 'chat', provider, model);
    metrics.record('tokenUsage', usage.tokensIn, 'chat', provider, model, 'input');
    metrics.record('tokenUsage', usage.tokensOut, 'chat', provider, model, 'output');
    metrics.add('cost', usage.microDollars, model);
  }

  tool(tool: string, us: number, error: string): void {
    this.metrics.record('toolDuration', us / 1e6, tool, error);
  }

  agent(name: string, us: number, error: string): void {
    this.metrics.record('agentDuration', us / 1e6, name, error);
  }

  // ---- What others tell ----------------------------------------------------------------------------------------------

  storage({ type }: StorageNews): void {
    if (type === 'unavailable') this.metrics.add('storageWaits', 1);
    this.metrics.set('storageUnavailable', type === 'unavailable' ? 1 : 0);
  }

  /** `dropped`: spans, so far. */
  read(budgets: readonly BudgetSnapshot[], dropped: number): readonly MetricData[] {
    const { metrics } = this;
    metrics.clear('budgetUsed');
    metrics.clear('budgetLimit');
    for (const { name, limits } of budgets)
      for (const { resource, window, limit, used, reserved } of limits) {
        metrics.set('budgetUsed', used + reserved, name, resource, wordOf(window));
        metrics.set('budgetLimit', limit, name, resource, wordOf(window));
      }
    metrics.total('spansDropped', dropped);
    return metrics.read();
  }

  // ---- Cores ---------------------------------------------------------------------------------------------------------

  private dispatched(core: number, atUs: number): void {
    this.busySinceUs[core] = atUs;
    this.metrics.add('coresBusy', 1, this.engineOfCore[core]!);
  }

  private released(core: number, atUs: number): void {
    const sinceUs = this.busySinceUs[core]!;
    if (sinceUs === -1) return;
    this.busySinceUs[core] = -1;
    this.metrics.add('coresBusy', -1, this.engineOfCore[core]!);
    this.metrics.add('coreTime', (atUs - sinceUs) / 1e6, this.engineOfCore[core]!);
  }

  private nameOf({ engine }: { readonly engine: number }): string {
    return this.engines[engine]!.name;
  }
}

function wordOf(window: BudgetWindow): string {
  return window.kind === 'total' ? 'total' : `${window.kind} ${window.lengthUs / 1e6} s`;
}
