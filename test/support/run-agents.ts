/**
 * Runs a few agents through one kernel in virtual time, with every checker of the event stream on and a recount of the kernel after each
 * step: what the scenario tests of the kernel have in common.
 */
import type { ToolImplementation } from '../../src/agents/tools/tool-implementation.ts';
import type { EventOf, EventType } from '../../src/sim/checkers/checker.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { SignalName, SpawnInput } from '../../src/kernel/inputs.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { ProgramBody, Syscall, SyscallResult } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';
import { createCheckers, type Checkers } from '../../src/sim/checkers/checkers.ts';
import { Simulation, type SimulationOptions } from '../../src/sim/simulation.ts';
import { checkAuditedCosts } from './audit-costs.ts';

/** One root process: its code, and what is said of it when it arrives. A list of syscalls is a program that yields them in turn. */
export interface Agent extends Partial<Omit<SpawnInput, 'type' | 'program' | 'arguments'>> {
  readonly body: ProgramBody | readonly Syscall[];
  /** Arrival, µs; default 0. */
  readonly atUs?: number;
  readonly args?: Json;
}

export interface AgentRun {
  readonly agents: readonly Agent[];
  readonly kernel?: Partial<KernelOptionsInput>;
  /** Programs that agents spawn by name. */
  readonly programs?: Readonly<Record<string, ProgramBody | readonly Syscall[]>>;
  readonly tools?: readonly ToolImplementation[];
  readonly signals?: readonly (readonly [atUs: number, pid: number, signal: SignalName])[];
  /** What the world writes to processes. */
  readonly messages?: readonly (readonly [atUs: number, to: number, message: Json])[];
  readonly flushUs?: number;
  /** Stops here, µs; default: when nothing is due any more. */
  readonly untilUs?: number;
}

export interface Ran {
  readonly events: readonly KernelEvent[];
  readonly simulation: Simulation;
  readonly kernel: Kernel;
  readonly store: MemoryStore;
  readonly all: <Type extends EventType>(type: Type, pid?: number) => EventOf<Type>[];
  /** What the syscalls of process `pid` returned, in order, as its history tells it. */
  readonly results: (pid: number) => SyscallResult<Json>[];
  /** The value with which it ended. Throws when it has not. */
  readonly value: (pid: number) => Json;
  readonly end: (pid: number) => EventOf<'process.terminated'>;
}

/** Every agent is a run of its own, `run-1` on, in the order of the list; so pid 1 is the first to arrive. */
export function runAgents(setup: AgentRun): Ran {
  const events: KernelEvent[] = [];
  const simulation = checkedSimulation(kernelOf(setup), {
    ...(setup.tools === undefined ? {} : { tools: setup.tools }),
    ...(setup.flushUs === undefined ? {} : { flushUs: setup.flushUs }),
    onEvent: (event) => void events.push(event),
  });
  for (const [index, { body: _, atUs, args, ...fields }] of setup.agents.entries()) {
    const [name, run] = [`agent-${index + 1}`, `run-${index + 1}`];
    simulation.spawn(atUs ?? 0, { name, run, ...fields, program: name, arguments: args ?? null });
  }
  for (const [atUs, pid, signal] of setup.signals ?? []) simulation.signal(atUs, pid as Pid, signal);
  for (const [atUs, to, message] of setup.messages ?? []) simulation.message(atUs, to as Pid, message);
  simulation.run(setup.untilUs);
  simulation.checkers.finish();
  checkAuditedCosts(simulation.kernel, simulation.store);
  return ranOf(simulation, events);
}

/** The kernel of an AgentRun: its programs are `agent-1` on, in the order of the list. */
export function kernelOf({ agents, kernel, programs = {} }: AgentRun): KernelOptionsInput {
  const own = agents.map(({ body }, index) => [`agent-${index + 1}`, body] as const);
  return {
    scheduling: priority,
    paging: importanceLru,
    ...kernel,
    programs: [...own, ...Object.entries(programs)].map(([name, body]) => ({
      name,
      version: 1,
      body: typeof body === 'function' ? body : inTurn(body),
    })),
  };
}

/** A simulation that throws as soon as a promise is broken. */
export function checkedSimulation(
  kernel: KernelOptionsInput,
  options: Omit<SimulationOptions, 'kernel'> = {},
): Simulation & { readonly checkers: Checkers } {
  let checkers: Checkers | undefined;
  const simulation = new Simulation({
    ...options,
    kernel,
    onEvent: (event) => {
      // The caller sees the event that breaks a promise, too.
      options.onEvent?.(event);
      checkers!.onEvent(event);
    },
    onStep: (stepped) => {
      stepped.checkInvariants();
      options.onStep?.(stepped);
    },
  });
  const { engines, queues, budgets, tools } = simulation.kernel.options;
  checkers = createCheckers({ engines, queues, budgets, tools });
  return Object.assign(simulation, { checkers });
}

function ranOf(simulation: Simulation, events: readonly KernelEvent[]): Ran {
  const { store, kernel } = simulation;
  const pidRun = (pid: number): string => {
    const spawned = events.find((event) => event.type === 'process.spawned' && event.pid === pid);
    return (spawned as EventOf<'process.spawned'>).run;
  };
  const all = <Type extends EventType>(type: Type, pid?: number): EventOf<Type>[] =>
    events.filter(
      (event): event is EventOf<Type> =>
        event.type === type && (pid === undefined || ('pid' in event && event.pid === pid)),
    );
  return {
    events,
    simulation,
    kernel,
    store,
    all,
    results: (pid) =>
      store.history(pidRun(pid), { branch: 'main', pid: pid as Pid }).map(({ result }) => result),
    value(pid) {
      const stored = store.processes(pidRun(pid)).find((process) => process.pid === pid);
      if (stored?.end === undefined) throw new Error(`process ${pid} has not ended`);
      return stored.end.value;
    },
    end(pid) {
      const [end] = all('process.terminated', pid);
      if (end === undefined) throw new Error(`process ${pid} has not ended`);
      return end;
    },
  };
}

/** Yields the syscalls one after another, whatever they return. */
export function inTurn(syscalls: readonly Syscall[]): ProgramBody {
  return function* () {
    for (const syscall of syscalls) yield syscall;
  };
}
