import type { LoadView, ProcessView, SchedulingContext } from './contracts.ts';
import { longestUs, type EngineOptions } from './engine-options.ts';
import { Engine, ReadyQueue } from './engine.ts';
import { createGuarded } from './guarded-scheduling.ts';
import type { PageId, Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import { ContextMemory } from './memory/context-memory.ts';
import type { MemoryObserver } from './memory/memory-options.ts';
import { TierLink } from './memory/tier-link.ts';
import type { KernelOptions } from './options.ts';
import type { Process } from './process.ts';

/** The engines of a kernel, with their cores: each has a memory and policies of its own, which see processes through views. */
export function buildEngines(state: KernelState, options: KernelOptions): void {
  let firstCore = 0;
  const shared = options.queues === 'one' ? readyQueue(state, options, options.engines, 'one') : undefined;
  for (const [index, engineOptions] of options.engines.entries()) {
    const { memoryTokens, cores, name } = engineOptions;
    const observer = observerFor(state, index);
    const rng = state.rng(`paging/${name}`);
    const { residency, victims, paging, plan, loadControl } = options;
    const memory = new ContextMemory(
      {
        capacity: memoryTokens,
        residency,
        victims,
        paging,
        rng,
        costs: engineOptions,
        contents: state.contents,
        ...(plan === undefined ? {} : { plan }),
      },
      observer,
    );
    const load = loadView(state, index);
    const isPrefetching =
      engineOptions.loadTokensPerSecond > 0 && residency === 'prefix' && memory.policy.prefetch !== undefined;
    const parts = {
      memory,
      queue: shared ?? readyQueue(state, options, [engineOptions], name),
      tier: isPrefetching ? new TierLink(memory, engineOptions) : undefined,
      loadControl: loadControl?.({
        capacity: memoryTokens,
        unit: 'tokens',
        rng: state.rng(`load-control/${name}`),
        load,
      }),
    };
    const engine = new Engine(index, firstCore, engineOptions, parts);
    state.engines.push(engine);
    state.cores.push(...engine.cores);
    firstCore += cores;
  }
}

/** For the cores of these engines. */
function readyQueue(
  state: KernelState,
  { scheduling, steal }: KernelOptions,
  engines: readonly EngineOptions[],
  name: string,
): ReadyQueue {
  const context: SchedulingContext = {
    capacity: engines.reduce((sum, { cores }) => sum + cores, 0),
    unit: 'cores',
    memoryTokens: engines.reduce((sum, { memoryTokens }) => sum + memoryTokens, 0),
    rng: state.rng(`scheduling/${name}`),
    processes: processView(state),
  };
  return new ReadyQueue(createGuarded(scheduling, context, state), steal);
}

/** Makes events of what moves in the memory of engine number `engine`. */
function observerFor({ out, processes }: KernelState, engine: number): MemoryObserver {
  const moved =
    (type: 'page.loaded' | 'page.prefetched' | 'page.evicted' | 'page.freed') =>
    (page: number, pages: number, tokens: number): void =>
      void out.events.push({
        seq: ++out.seq,
        atUs: out.nowUs,
        type,
        engine,
        page: page as PageId,
        pages,
        tokens,
      });
  return {
    faulted: (pid, kind, pages, tokens) => {
      const process = processes[pid]!;
      process.usage.faults += pages;
      if (kind !== 'compulsory') process.lastFaultUs = out.nowUs;
      out.events.push({
        seq: ++out.seq,
        atUs: out.nowUs,
        type: 'page.faulted',
        pid,
        engine,
        kind,
        pages,
        tokens,
      });
    },
    loaded: moved('page.loaded'),
    prefetched: moved('page.prefetched'),
    evicted: moved('page.evicted'),
    freed: moved('page.freed'),
  };
}

function processView({ processes, cores, budgets, quotas }: KernelState): ProcessView {
  return {
    priority: (pid) => processes[pid]!.effectivePriority,
    name: (pid) => processes[pid]!.name,
    parent: (pid) => {
      const { startedBy } = processes[pid]!;
      return processes[startedBy] === undefined ? 0 : startedBy;
    },
    run: (pid) => processes[pid]!.family.number,
    client: (pid) => processes[pid]!.client,
    tickets: (pid) => processes[pid]!.facts.tickets ?? 100,
    weight: (pid) => processes[pid]!.facts.weight ?? 1,
    deadlineUs: (pid) => processes[pid]!.deadlineUs,
    spawnedUs: (pid) => processes[pid]!.startedUs,
    expectedCoreUs: (pid) => processes[pid]!.facts.expectedCoreUs ?? NaN,
    expectedTokenSeconds: (pid) => processes[pid]!.facts.expectedTokenSeconds ?? NaN,
    quotaNode: (pid) => budgets.quotaNode(processes[pid]!.budget),
    quotaShare: (pid, nowUs) => quotas.share(processes[pid]!, nowUs),
    quotaRollsUs: (pid, nowUs) => quotas.rollsUs(processes[pid]!, nowUs),
    coreUs: (pid) => processes[pid]!.coreUs,
    sliceBeginsUs: (pid) => cores[processes[pid]!.core]?.sliceBeginsUs ?? 0,
    burstUs: (pid) => burstUs(processes[pid]!),
    burstLeftUs: (pid, nowUs) => {
      const process = processes[pid]!;
      const { call, core } = process;
      if (call === undefined) return 0;
      const stretchUs = core === -1 ? 0 : nowUs - cores[core]!.startedUs;
      return Math.max(0, burstUs(process) - call.settledUs - call.coreUs - stretchUs);
    },
    isUnderWay: (pid) => (processes[pid]!.call?.stretches ?? 0) > 0,
    hasEnded: (pid) => processes[pid] === undefined || processes[pid].state === 'terminated',
    promptTokens: (pid) => {
      const { call, table } = processes[pid]!;
      return call === undefined ? 0 : table.tokens + call.extraTokens;
    },
    maxOutputTokens: (pid) => processes[pid]!.call?.think.maxOutput ?? 0,
  };
}

/** The core time of the call that `process` asks for or runs, as far as it can be known: in virtual time its script tells. */
function burstUs({ call, engine }: Process): number {
  if (call === undefined) return 0;
  const { script, freshTokens, think } = call;
  return script?.durationUs ?? longestUs(engine.options, freshTokens, script?.tokensOut ?? think.maxOutput);
}

function loadView(state: KernelState, engine: number): LoadView {
  return {
    *processes(): Generator<Pid> {
      for (const process of state.processes) {
        if (process === undefined || process.engine.index !== engine) continue;
        if (process.state !== 'terminated' && process.state !== 'suspended') yield process.pid;
      }
    },
    workingSet: (pid, windowUs, nowUs) => {
      const process = state.processes[pid];
      const call = process?.call;
      // One that has ended may have been let go.
      if (process === undefined || call?.bypass === true) return 0;
      const asked = call === undefined ? 0 : process.table.tokens + call.room;
      return Math.max(asked, process.engine.memory.usedSince(process.table, nowUs - windowUs));
    },
    active: (pid) => {
      const process = state.processes[pid];
      // One that has moved is no business of this engine any more.
      return process?.engine.index === engine && (process.state === 'running' || process.queued);
    },
    priority: (pid) => state.processes[pid]?.effectivePriority ?? 50,
    lastFaultUs: (pid) => state.processes[pid]?.lastFaultUs ?? -1,
  };
}
