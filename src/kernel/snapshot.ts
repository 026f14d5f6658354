import type { EngineOptions } from './engine-options.ts';
import type { KernelState } from './kernel-state.ts';
import type { NamedLocks } from './named-locks.ts';
import type { Process, Usage } from './process.ts';
import type { Outcome, StateName, WaitReason } from './process-state.ts';
import type { BudgetTree } from './budgets.ts';

/** The kernel at one moment, as plain data. */
export interface KernelSnapshot {
  readonly nowUs: number;
  readonly events: number;
  readonly processes: readonly ProcessSnapshot[];
  readonly engines: readonly EngineSnapshot[];
  readonly budgets: readonly BudgetSnapshot[];
  readonly locks: readonly LockSnapshot[];
  readonly semaphores: readonly SemaphoreSnapshot[];
}

export interface ProcessSnapshot {
  readonly pid: number;
  /** Its number in its run, by which its records name it. */
  readonly runPid: number;
  readonly run: string;
  readonly parent: number;
  readonly name: string;
  readonly program: string;
  readonly priority: number;
  /** By which it is scheduled: it may have inherited that of one who waits for its lock. */
  readonly effectivePriority: number;
  readonly state: StateName;
  /** While waiting, and while suspended from waiting. */
  readonly waitingOn: WaitReason;
  readonly sinceUs: number;
  /** It is a member of a deadlock that has been told. */
  readonly isDeadlocked: boolean;
  readonly core: number;
  readonly engine: number;
  readonly budget: string;
  readonly outcome: Outcome | '';
  readonly syscalls: number;
  /** Pages and tokens of its prompt, and how many of the tokens are in context memory. */
  readonly pages: number;
  readonly promptTokens: number;
  readonly residentTokens: number;
  readonly mail: number;
  readonly usage: Readonly<Usage>;
  /** Why it stands where it stands in the ready queue, when the policy can tell. */
  readonly explanation: string;
}

export interface EngineSnapshot {
  readonly index: number;
  /** `windowTokens` is null where there is no limit. */
  readonly options: Omit<EngineOptions, 'windowTokens'> & { readonly windowTokens: number | null };
  readonly scheduler: string;
  readonly paging: string;
  readonly loadControl: string;
  readonly running: readonly number[];
  readonly ready: number;
  readonly waitingForMemory: number;
  readonly residentTokens: number;
  readonly pinnedTokens: number;
  readonly roomTokens: number;
}

export interface LockSnapshot {
  readonly lock: string;
  /** 0: it is free. */
  readonly owner: number;
  readonly token: number;
  readonly ownerEnded: boolean;
  /** First come, first served. */
  readonly waiters: readonly number[];
}

export interface SemaphoreSnapshot {
  readonly run: string;
  readonly semaphore: string;
  readonly count: number;
  readonly waiters: readonly number[];
}

export interface BudgetSnapshot {
  readonly name: string;
  readonly parent: string;
  readonly limits: ReturnType<BudgetTree['usage']>;
}

export function snapshotOf(state: KernelState, locks: NamedLocks): KernelSnapshot {
  const { nowUs, budgets } = state;
  const ready = state.engines.map(() => 0);
  for (const process of state.processes) if (process?.queued === true) ready[process.engine.index]!++;
  return {
    nowUs,
    events: state.out.seq,
    processes: state.processes.flatMap((process) => {
      if (process === undefined) return [];
      const { pid, runPid, run, parent, name, program, priority, core, engine, table, usage } = process;
      let residentTokens = 0;
      for (const { extent } of table.entries) residentTokens += extent.residentTokens;
      return {
        pid,
        runPid,
        run,
        parent: parent?.pid ?? 0,
        name,
        program: program.name,
        priority,
        effectivePriority: process.effectivePriority,
        state: process.state,
        waitingOn: process.state === 'waiting' || process.state === 'suspended' ? process.waitingOn : '',
        sinceUs: process.sinceUs,
        isDeadlocked: process.isDeadlocked,
        core,
        engine: engine.index,
        budget: budgets.nameOf(process.budget),
        outcome: process.outcome ?? '',
        syscalls: process.n,
        pages: table.pages,
        promptTokens: table.tokens,
        residentTokens,
        mail: process.mailbox?.length ?? 0,
        usage: { ...usage, coreUs: process.coreUs },
        explanation: process.queued ? engine.policy.explain(pid, nowUs) : '',
      };
    }),
    engines: state.engines.map(({ index, options, policy, memory, loadControl, cores, memoryWaiters }) => ({
      index,
      options: {
        ...options,
        windowTokens: options.windowTokens === Infinity ? null : options.windowTokens,
      },
      scheduler: policy.name,
      paging: memory.policy.name,
      loadControl: loadControl?.name ?? 'none',
      running: cores.map((core) => core.process?.pid ?? 0),
      ready: ready[index]!,
      waitingForMemory: memoryWaiters.size,
      residentTokens: memory.residentTokens,
      pinnedTokens: memory.pinnedTokens,
      roomTokens: memory.roomTokens,
    })),
    budgets: Array.from(budgets.indices(), (index) => ({
      name: budgets.nameOf(index),
      parent: budgets.parentOf(index) < 0 ? '' : budgets.nameOf(budgets.parentOf(index)),
      limits: budgets.usage(index, nowUs),
    })),
    locks: [...locks.all()].map(({ name, owner, token, ownerEnded, waiters }) => ({
      lock: name,
      owner,
      token,
      ownerEnded,
      waiters: pidsOf(waiters),
    })),
    semaphores: [...state.runs].flatMap(([run, { semaphores }]) =>
      [...(semaphores?.values() ?? [])].map(({ name, count, waiters }) => ({
        run,
        semaphore: name,
        count,
        waiters: pidsOf(waiters),
      })),
    ),
  };
}

const pidsOf = (processes: Iterable<Process>): number[] => Array.from(processes, ({ pid }) => pid);
