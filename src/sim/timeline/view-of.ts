/** The plain data of a folded state. */
import type { FoldedProcess, FoldedState } from './folded-state.ts';
import type { BudgetView, EngineView, MachineView, ViewedProcess } from './machine-view.ts';

/** Cost: O(processes), those that have ended included. */
export function viewOf(state: FoldedState): MachineView {
  const { index, event = null, nowUs, life } = state;
  const processes: ViewedProcess[] = [];
  const queues = new Queues(state);
  for (const [pid, process] of state.processes.entries()) {
    processes.push(processView(state, pid, process));
    queues.add(pid, process);
  }
  return {
    index,
    event,
    nowUs,
    life,
    processes,
    engines: state.machine.engines.map((_, number) => engineView(state, number, queues)),
    budgets: budgetViews(state, queues),
    locks: Array.from(state.locks.entries(), ([, { name, owner, token, waiters }]) => ({
      lock: name,
      owner,
      token,
      waiters,
    })),
    semaphores: Array.from(state.semaphores.entries(), ([, { run, name, count, waiters }]) => ({
      run,
      semaphore: name,
      count,
      waiters,
    })),
    tools: Array.from(state.tools.entries(), ([, { started, isRunning }]) => {
      const { request, pid, tool, n, index: place, atUs } = started;
      return { request, pid, tool, n, index: place, sinceUs: atUs, isRunning };
    }),
    questions: Array.from(state.questions.entries(), ([, { request, pid, purpose, atUs }]) => ({
      request,
      pid,
      purpose,
      sinceUs: atUs,
    })),
  };
}

/** Of one process; undefined: there is none. */
export function processViewOf(state: FoldedState, pid: number): ViewedProcess | undefined {
  const process = state.processes.get(pid);
  return process === undefined ? undefined : processView(state, pid, process);
}

function processView(state: FoldedState, pid: number, process: FoldedProcess): ViewedProcess {
  const { run, parent, name, program, priority, budget } = process.spawned;
  return {
    pid,
    run,
    parent,
    name,
    program,
    priority,
    effectivePriority: process.effectivePriority,
    state: process.state,
    sinceUs: process.sinceUs,
    waitingOn: process.waitingOn,
    waitingFor: waitingFor(state, process),
    suspendedBy: process.suspendedBy,
    isDeadlocked: process.deadlock !== undefined,
    engine: process.engine,
    core: process.core,
    budget,
    outcome: process.outcome,
    code: process.code,
    message: process.message,
    call: callView(process),
    mail: process.mail,
    children: process.children,
    locks: process.locks,
    usage: {
      calls: process.calls,
      tokensIn: process.tokensIn,
      tokensCached: process.tokensCached,
      tokensOut: process.answerTokens,
      coreUs: process.coreUs,
      microDollars: process.microDollars,
      faults: process.faults,
    },
  };
}

function callView({ call, stretch, tokensOut }: FoldedProcess): ViewedProcess['call'] {
  if (call === undefined) return null;
  const { n, promptTokens, maxOutput } = call;
  const { newTokens = 0, repeatedTokens = 0, loadTokens = 0, cachedTokens = 0 } = stretch ?? {};
  return {
    n,
    promptTokens,
    maxOutput,
    tokensOut,
    cachedTokens,
    missingTokens: newTokens + repeatedTokens + loadTokens,
  };
}

function waitingFor(state: FoldedState, { waitingOn, waitingFor: name, tools }: FoldedProcess): string {
  if (waitingOn !== 'tool') return name;
  return tools.map((request) => state.tools.get(request)?.started.tool ?? '').join(', ');
}

/** Who stands where, in the order of coming. */
class Queues {
  private readonly ready: Waiter[][];
  private readonly memory: Waiter[][];
  private readonly budget = new Map<string, Waiter[]>();

  constructor(state: FoldedState) {
    this.ready = state.machine.engines.map(() => []);
    this.memory = state.machine.engines.map(() => []);
  }

  add(pid: number, { state, waitingOn, waitingFor: node, engine, sinceIndex }: FoldedProcess): void {
    const waiter = { pid, sinceIndex };
    if (state === 'ready') this.ready[engine]!.push(waiter);
    else if (state === 'waiting' && waitingOn === 'memory') this.memory[engine]!.push(waiter);
    else if (state === 'waiting' && waitingOn === 'budget') {
      const waiters = this.budget.get(node);
      if (waiters === undefined) this.budget.set(node, [waiter]);
      else waiters.push(waiter);
    }
  }

  readyAt = (engine: number): readonly number[] => inOrder(this.ready[engine]!);
  atMemory = (engine: number): readonly number[] => inOrder(this.memory[engine]!);
  atBudget = (node: string): readonly number[] => inOrder(this.budget.get(node) ?? []);
}

interface Waiter {
  readonly pid: number;
  readonly sinceIndex: number;
}

const inOrder = (waiters: readonly Waiter[]): readonly number[] =>
  waiters.toSorted((a, b) => a.sinceIndex - b.sinceIndex).map(({ pid }) => pid);

function engineView(state: FoldedState, number: number, queues: Queues): EngineView {
  const { name, cores, memoryTokens } = state.machine.engines[number]!;
  const first = state.firstCores[number]!;
  const { heldBy, ...memory } = state.engines.get(number)!;
  return {
    name,
    cores: Array.from({ length: cores }, (_, index) => ({
      core: first + index,
      ...state.cores.get(first + index)!,
    })),
    ready: queues.readyAt(number),
    waitingForMemory: queues.atMemory(number),
    heldBy,
    memory: { capacityTokens: memoryTokens === Infinity ? null : memoryTokens, ...memory },
  };
}

function budgetViews(state: FoldedState, queues: Queues): readonly BudgetView[] {
  return state.machine.budgets.map(({ name, parent = '' }) => ({
    name,
    parent,
    limits: state.budgets.of(name, state.nowUs).map(({ limit, used, reserved, windowStartUs }) => ({
      resource: limit.resource,
      window: limit.window,
      limit: limit.amount,
      used,
      reserved,
      windowStartUs,
    })),
    waiters: queues.atBudget(name),
  }));
}
