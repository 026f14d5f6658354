/**
 * PLAS, program-level attained service: a call's priority is the service that its whole program, all processes of its run, has had; the least goes first, in binned queues
 * (attained-service.ts). Nothing is predicted.
 *
 * Source: M. Luo et al., "Autellix: An Efficient Serving Engine for LLM Agents as General Programs", 2025 (arXiv 2502.13965), section 4.1.
 * Departs from it: stretches of calls under way count, too, not only calls that have ended.
 * Cost: O(log n) for every call, on the average where calls of one run are many. What a run was served is forgotten with it.
 */
import type { CreateSchedulingPolicy, ProcessView } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import {
  AttainedService,
  attainedServiceDefaults,
  checkAttainedService,
  type AttainedServiceOptions,
  type PriorService,
} from './attained-service.ts';

export function plasWith(options: AttainedServiceOptions): CreateSchedulingPolicy {
  checkAttainedService(options);
  return ({ processes }) => new AttainedService('plas', options, processes, new ServiceOfRuns(processes));
}

export const plas: CreateSchedulingPolicy = plasWith(attainedServiceDefaults);

class ServiceOfRuns implements PriorService {
  private readonly processes: ProcessView;
  /** By run, µs; a run that was never served is missing. */
  private readonly attained = new Map<number, number>();

  constructor(processes: ProcessView) {
    this.processes = processes;
  }

  before(pid: Pid): number {
    return this.attained.get(this.processes.run(pid)) ?? 0;
  }

  served(pid: Pid, us: number): void {
    this.attained.set(this.processes.run(pid), this.before(pid) + us);
  }

  exited(): void {}

  runEnded(run: number): void {
    this.attained.delete(run);
  }

  save(): Json {
    return [...this.attained].map(([run, us]) => [run, us]);
  }

  load(state: Json): void {
    for (const [run, us] of state as unknown as readonly (readonly [number, number])[])
      this.attained.set(run, us);
  }
}
