/** Where `ringzero top` looks: a server that runs, or a simulation that it lets go on by itself. */
import { builtInTools } from '../../agents/tools/built-in.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { SignalName } from '../../kernel/inputs.ts';
import type { KernelSnapshot } from '../../kernel/snapshot.ts';
import { spawnAgents } from '../../sim/run-workload.ts';
import { Simulation } from '../../sim/simulation.ts';
import { kernelOptionsOf } from '../../sim/spec.ts';
import { formatDuration } from '../../report/format.ts';
import type { RunInput } from '../run-input.ts';

export interface TopSource {
  /** What is looked at, and of when it was at the last look. */
  readonly title: string;
  /** The machine after `us` of real time since the last look. Rejects when it can't be looked at. */
  look(us: number): Promise<KernelSnapshot>;
  /** Resolves to what came of it, in one line. */
  signal(pid: number, signal: SignalName): Promise<string>;
  pace?(change: 'faster' | 'slower' | 'pause'): void;
}

/** Virtual seconds in a real one; a simulated hour then takes a minute. */
export const paceDefault = 60;
const paceMost = 1_000_000;

export class SimulationSource implements TopSource {
  private readonly simulation: Simulation;
  private readonly name: string;
  private factor: number;
  private isPaused = false;
  private isOver = false;
  /** How far virtual time has come, µs: between two events, too. */
  private clockUs = 0;

  constructor(name: string, { workload, spec, program, ownScheduler }: RunInput, factor: number) {
    this.name = name;
    this.factor = factor;
    this.simulation = new Simulation({
      kernel: { ...kernelOptionsOf(spec, ownScheduler), records: false },
      tools: builtInTools,
    });
    spawnAgents(this.simulation, { spec, agents: workload.agents, program });
  }

  get title(): string {
    const pace = this.isOver ? 'over' : this.isPaused ? 'paused' : `${this.factor} × real time`;
    return `${this.name}  at ${formatDuration(this.isOver ? this.simulation.nowUs : Math.max(this.clockUs, this.simulation.nowUs))}  ${pace}`;
  }

  look(us: number): Promise<KernelSnapshot> {
    const { simulation } = this;
    if (!this.isPaused && !this.isOver) {
      this.clockUs = Math.max(this.clockUs, simulation.nowUs) + us * this.factor;
      this.isOver = !simulation.run(this.clockUs);
    }
    const machine = simulation.kernel.snapshot();
    return Promise.resolve({
      ...machine,
      nowUs: this.isOver ? machine.nowUs : Math.max(machine.nowUs, Math.floor(this.clockUs)),
    });
  }

  signal(pid: number, signal: SignalName): Promise<string> {
    try {
      this.simulation.signal(Math.max(this.simulation.nowUs, Math.floor(this.clockUs)), pid as Pid, signal);
      this.isOver = false;
      return Promise.resolve(`process ${pid}: ${signal}`);
    } catch (error) {
      return Promise.resolve(messageOf(error));
    }
  }

  pace(change: 'faster' | 'slower' | 'pause'): void {
    if (change === 'pause') this.isPaused = !this.isPaused;
    else
      this.factor = Math.min(
        paceMost,
        Math.max(1 / 64, change === 'faster' ? this.factor * 2 : this.factor / 2),
      );
  }
}
