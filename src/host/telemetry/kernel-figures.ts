/** The metrics of a kernel, from its events alone; what its calls, tools and processes come to is told by the spans. */
import type { BudgetWindow } from '../../kernel/budget-limits.ts';
import type { FaultKind, KernelEvent } from '../../kernel/events.ts';
import type { StateName, WaitReason } from '../../kernel/process-state.ts';
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

/** What one engine has come to. */
interface EngineCounts {
  readonly name: string;
  ready: number;
  busy: number;
  coreUs: number;
  residentTokens: number;
  evictedTokens: number;
  readonly faultTokens: Record<FaultKind, number>;
}

/** What changes with every step is counted in fields of its own, and put among the metrics when somebody asks. */
export class KernelFigures {
  private readonly metrics = new MetricSet();
  private readonly engines: readonly EngineCounts[];
  /** By core: its engine, and since when it runs a call; -1: it does not. */
  private readonly engineOfCore: readonly EngineCounts[];
  private readonly busySinceUs: number[];
  private readonly alive: Record<StateName, number> = {
    ready: 0,
    running: 0,
    waiting: 0,
    suspended: 0,
    terminated: 0,
  };
  /** µs by state, and by reason of those that waited. */
  private readonly stateUs = new Map<StateName, number>();
  private readonly waitedUs = new Map<WaitReason, number>();
  private events = 0;
  private started = 0;

  constructor(engines: readonly EngineFigures[]) {
    this.engines = engines.map(({ name }) => ({
      name,
      ready: 0,
      busy: 0,
      coreUs: 0,
      residentTokens: 0,
      evictedTokens: 0,
      faultTokens: { compulsory: 0, capacity: 0, hole: 0 },
    }));
    this.engineOfCore = engines.flatMap(({ cores }, index) =>
      Array.from({ length: cores }, () => this.engines[index]!),
    );
    this.busySinceUs = this.engineOfCore.map(() => -1);
    for (const { name, cores, memoryTokens } of engines) {
      this.metrics.set('cores', cores, name);
      if (Number.isFinite(memoryTokens)) this.metrics.set('memoryCapacity', memoryTokens, name);
    }
    this.metrics.set('storageUnavailable', 0);
  }

  /** The kernel was at work before anybody watched it. */
  begin({ nowUs, processes, engines }: KernelSnapshot): void {
    for (const { state, engine } of processes) if (state !== 'terminated') this.entered(state, 1, engine);
    let core = 0;
    for (const { index, running, residentTokens } of engines) {
      this.engines[index]!.residentTokens = residentTokens;
      for (const pid of running) {
        if (pid !== 0) this.dispatched(core, nowUs);
        core++;
      }
    }
  }

  onEvent(event: KernelEvent): void {
    this.events++;
    switch (event.type) {
      case 'process.spawned':
        this.started++;
        return;
      case 'process.dispatched':
        return this.dispatched(event.core, event.atUs);
      case 'call.stopped':
        this.metrics.add('preemptions', 1, event.by);
        return this.released(event.core, event.atUs);
      case 'call.ended':
        return this.released(event.core, event.atUs);
      case 'call.refused':
        return this.metrics.add('callsRefused', 1, event.code);
      case 'tool.refused':
        return this.metrics.add('toolsRefused', 1, event.code);
      case 'page.loaded':
      case 'page.prefetched':
        this.engines[event.engine]!.residentTokens += event.tokens;
        return;
      case 'page.evicted':
        this.engines[event.engine]!.evictedTokens += event.tokens;
        this.engines[event.engine]!.residentTokens -= event.tokens;
        return;
      case 'page.freed':
        this.engines[event.engine]!.residentTokens -= event.tokens;
        return;
      case 'page.faulted':
        this.engines[event.engine]!.faultTokens[event.kind] += event.tokens;
        return;
      case 'deadlock.detected':
        return this.metrics.add('deadlocks', 1);
      default:
    }
  }

  /** A process entered a state, or (-1) left it. */
  entered(state: StateName, change: 1 | -1, engine: number): void {
    this.alive[state] += change;
    if (state === 'ready') this.engines[engine]!.ready += change;
  }

  readonly onTime: TimeSink = (state, reason, us) => {
    if (state === 'waiting') this.waitedUs.set(reason, (this.waitedUs.get(reason) ?? 0) + us);
    else this.stateUs.set(state, (this.stateUs.get(state) ?? 0) + us);
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
    metrics.total('events', this.events);
    metrics.total('processesStarted', this.started);
    for (const state of states) metrics.set('processes', this.alive[state], state);
    for (const [state, us] of this.stateUs) metrics.total('processTime', us / 1e6, state, '');
    for (const [reason, us] of this.waitedUs) metrics.total('processTime', us / 1e6, 'waiting', reason);
    for (const { name, ready, busy, coreUs, residentTokens, evictedTokens, faultTokens } of this.engines) {
      metrics.set('queueLength', ready, name);
      metrics.set('coresBusy', busy, name);
      metrics.total('coreTime', coreUs / 1e6, name);
      metrics.set('memoryUsed', residentTokens, name);
      metrics.total('evictions', evictedTokens, name);
      for (const [kind, tokens] of Object.entries(faultTokens)) metrics.total('faults', tokens, name, kind);
    }
    return metrics.read();
  }

  // ---- Cores ---------------------------------------------------------------------------------------------------------

  private dispatched(core: number, atUs: number): void {
    this.busySinceUs[core] = atUs;
    this.engineOfCore[core]!.busy++;
  }

  private released(core: number, atUs: number): void {
    const sinceUs = this.busySinceUs[core]!;
    if (sinceUs === -1) return;
    this.busySinceUs[core] = -1;
    const engine = this.engineOfCore[core]!;
    engine.busy--;
    engine.coreUs += atUs - sinceUs;
  }
}

function wordOf(window: BudgetWindow): string {
  return window.kind === 'total' ? 'total' : `${window.kind} ${window.lengthUs / 1e6} s`;
}
