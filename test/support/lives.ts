/** Lets a kernel live twice: from the start, and after a crash from what its storage holds. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import { checkAuditedCosts, pastCosts } from './audit-costs.ts';
import { checkBooked } from './booked.ts';
import { checkedSimulation, kernelOf, type AgentRun } from './run-agents.ts';

export interface Life {
  readonly events: KernelEvent[];
  readonly kernel: Kernel;
  readonly nowUs: number;
  /** How many inputs the kernel took. */
  readonly steps: number;
}

/** Runs the agents from their start, or from what `store` holds, for at most `steps` inputs. */
export function live(
  setup: AgentRun,
  store: MemoryStore,
  { steps = Infinity, fromUs = 0 }: { steps?: number; fromUs?: number } = {},
): Life {
  const events: KernelEvent[] = [];
  const isSecond = store.runs().length > 0;
  const kernel = { ...kernelOf(setup), ledger: store.ledger() };
  const before = pastCosts(store);
  const counted = { inputs: 0 };
  const simulation = checkedSimulation(kernel, {
    store,
    ...(setup.flushUs === undefined ? {} : { flushUs: setup.flushUs }),
    onEvent: (event) => void events.push(event),
    onInput: () => void counted.inputs++,
  });
  for (const [index, { body: _, atUs, args, ...fields }] of setup.agents.entries()) {
    const run = `run-${index + 1}`;
    const name = `agent-${index + 1}`;
    if (!isSecond)
      simulation.spawn(atUs ?? 0, { name, run, ...fields, program: name, arguments: args ?? null });
    // Those that arrive after the crash arrive in the second life.
    else if (store.processes(run).length === 0)
      simulation.spawn(Math.max(fromUs, atUs ?? 0), {
        name,
        run,
        ...fields,
        program: name,
        arguments: args ?? null,
      });
    else {
      const input = recoveryInput(store, run);
      if (input !== undefined) simulation.send(fromUs, input);
    }
  }
  // In the second life only those that are still to come.
  for (const [atUs, pid, signal] of setup.signals ?? [])
    if (!isSecond || atUs > fromUs) simulation.signal(atUs, pid as Pid, signal);
  for (const [atUs, to, message] of setup.messages ?? [])
    if (!isSecond || atUs > fromUs) simulation.message(atUs, to as Pid, message);
  for (let isMore = true; isMore && counted.inputs < steps;) isMore = simulation.stepOnce();
  if (steps === Infinity) simulation.checkers.finish();
  checkAuditedCosts(simulation.kernel, store, before);
  checkBooked(simulation.kernel, store);
  return { events, kernel: simulation.kernel, nowUs: simulation.nowUs, steps: counted.inputs };
}
