/** Drives one kernel input by input, without a simulation: the test is the world, and sees every request as it is made. */
import { assert } from '../../src/base/assert.ts';

import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { CallEnded, Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import type { Request } from '../../src/kernel/requests.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { kernelOf, type AgentRun } from './run-agents.ts';

type InputBody = Input extends infer Each ? (Each extends Input ? Omit<Each, 'atUs'> : never) : never;

export class SteppedKernel {
  readonly kernel: Kernel;
  readonly events: KernelEvent[] = [];
  readonly records: KernelRecord[] = [];
  /** Of the last step. */
  requests: Request[] = [];
  private readonly setup: AgentRun;
  private readonly checkers: ReturnType<typeof createCheckers>;

  /** The agents are not spawned yet. */
  constructor(setup: AgentRun) {
    this.setup = setup;
    this.kernel = new Kernel(kernelOf(setup));
    const { engines, queues, budgets, tools } = this.kernel.options;
    this.checkers = createCheckers({ engines, queues, budgets, tools });
  }

  /** Takes one input; returns the requests that it led to, but for timers. */
  step(atUs: number, body: InputBody): Request[] {
    const output = this.kernel.step({ ...body, atUs });
    this.requests = [...output.requests];
    this.events.push(...output.events);
    this.records.push(...output.records);
    for (const event of output.events) this.checkers.onEvent(event);
    this.kernel.checkInvariants();
    return this.requests.filter(({ type }) => type !== 'timer.set' && type !== 'timer.clear');
  }

  /** Agent `index` of the list, from 1, arrives. */
  spawn(atUs: number, index: number): Request[] {
    const { body: _, atUs: _at, args, ...fields } = this.setup.agents[index - 1]!;
    const [name, run] = [`agent-${index}`, `run-${index}`];
    return this.step(atUs, {
      type: 'process.spawned',
      name,
      run,
      ...fields,
      program: name,
      arguments: args ?? null,
    });
  }

  /** The call of `pid`, which runs, ends; nothing of its time was prefill. */
  endCall(atUs: number, pid: number, end: Partial<CallEnded> = {}): Request[] {
    const { core } = this.process(pid);
    assert(core >= 0, () => `process ${pid} does not run`);
    return this.step(atUs, {
      type: 'call.ended',
      core: core as CallEnded['core'],
      pid: pid as Pid,
      reason: 'completed',
      tokensOut: 1,
      newPrefillUs: 0,
      repeatedPrefillUs: 0,
      loadUs: 0,
      ...end,
    });
  }

  signal(atUs: number, pid: number, signal: 'stop' | 'continue' | 'terminate' | 'kill'): Request[] {
    return this.step(atUs, { type: 'signal.sent', pid: pid as Pid, signal });
  }

  process(pid: number) {
    return this.kernel.snapshot().processes.find((process) => process.pid === pid)!;
  }
}
