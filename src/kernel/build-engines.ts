import type { LoadView, ProcessView } from './contracts.ts';
import { Engine } from './engine.ts';
import type { PageId, Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import { ContextMemory } from './memory/context-memory.ts';
import type { MemoryObserver } from './memory/memory-options.ts';
import type { KernelOptions } from './options.ts';

/** The engines of a kernel, with their cores: each has a memory and policies of its own, which see processes through views. */
export function buildEngines(state: KernelState, options: KernelOptions): void {
  let firstCore = 0;
  for (const [index, engineOptions] of options.engines.entries()) {
    const { memoryTokens, cores, name } = engineOptions;
    const observer = observerFor(state, index);
    const rng = state.rng(`paging/${name}`);
    const { residency, victims, paging, scheduling, loadControl } = options;
    const memory = new ContextMemory(
      { capacity: memoryTokens, residency, victims, paging, rng, costs: engineOptions },
      observer,
    );
    const policy = scheduling({
      capacity: cores,
      unit: 'cores',
      rng: state.rng(`scheduling/${name}`),
      processes: processView(state),
    });
    const load = loadView(state, index);
    const parts = {
      memory,
      policy,
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

/** Makes events of what moves in the memory of engine number `engine`. */
function observerFor({ out, processes }: KernelState, engine: number): MemoryObserver {
  const moved =
    (type: 'page.loaded' | 'page.evicted' | 'page.freed') =>
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
    evicted: moved('page.evicted'),
    freed: moved('page.freed'),
  };
}

function processView({ processes, budgets, quotas }: KernelState): ProcessView {
  return {
    priority: (pid) => processes[pid]!.effectivePriority,
    name: (pid) => processes[pid]!.name,
    parent: (pid) => processes[pid]!.startedBy,
    quotaNode: (pid) => budgets.quotaNode(processes[pid]!.budget),
    quotaShare: (pid, nowUs) => quotas.share(processes[pid]!, nowUs),
    quotaRollsUs: (pid, nowUs) => quotas.rollsUs(processes[pid]!, nowUs),
    coreUs: (pid) => processes[pid]!.coreUs,
  };
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
      const process = state.process(pid);
      const { call } = process;
      if (call?.bypass === true) return 0;
      const asked = call === undefined ? 0 : process.table.tokens + call.room;
      return Math.max(asked, process.engine.memory.usedSince(process.table, nowUs - windowUs));
    },
    active: (pid) => {
      const process = state.process(pid);
      return process.state === 'running' || process.queued;
    },
    priority: (pid) => state.process(pid).effectivePriority,
    lastFaultUs: (pid) => state.process(pid).lastFaultUs,
  };
}
