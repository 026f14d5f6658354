/**
 * ATLAS, adaptive thread-level attained service: a call's priority is the service on the longest path of calls that it had to wait for; the least goes first, in binned queues
 * (attained-service.ts). A process has its own path; a child begins with its parent's, and when it ends its parent goes on with the longer of both.
 *
 * Source: M. Luo et al., "Autellix: An Efficient Serving Engine for LLM Agents as General Programs", 2025 (arXiv 2502.13965), section 4.2.
 * Departs from it: processes stand for the threads of a program, and the end of a child for the join, whether its parent waits for it or not; messages are no joins.
 * Cost: as `plas`.
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

export function atlasWith(options: AttainedServiceOptions): CreateSchedulingPolicy {
  checkAttainedService(options);
  return ({ processes }) => new AttainedService('atlas', options, processes, new CriticalPaths(processes));
}

export const atlas: CreateSchedulingPolicy = atlasWith(attainedServiceDefaults);

class CriticalPaths implements PriorService {
  private readonly processes: ProcessView;
  /** By pid, µs: of those that asked for a core, or whose children ended. */
  private readonly paths = new Map<Pid, number>();

  constructor(processes: ProcessView) {
    this.processes = processes;
  }

  before(pid: Pid): number {
    const path = this.pathOf(pid);
    this.paths.set(pid, path);
    return path;
  }

  served(pid: Pid, us: number): void {
    this.paths.set(pid, this.pathOf(pid) + us);
  }

  exited(pid: Pid): void {
    const path = this.paths.get(pid);
    this.paths.delete(pid);
    const parent = this.processes.parent(pid);
    // Who has ended goes on no more: a path kept for it would be kept for ever.
    if (path === undefined || parent === 0 || this.processes.hasEnded(parent)) return;
    this.paths.set(parent, Math.max(this.pathOf(parent), path));
  }

  save(): Json {
    return [...this.paths].map(([pid, us]) => [pid, us]);
  }

  load(state: Json): void {
    for (const [pid, us] of state as unknown as readonly (readonly [Pid, number])[]) this.paths.set(pid, us);
  }

  /** Its own, or that of the nearest ancestor that has one. */
  private pathOf(pid: Pid): number {
    for (let at: Pid | 0 = pid; at !== 0; at = this.processes.parent(at)) {
      const path = this.paths.get(at);
      if (path !== undefined) return path;
    }
    return 0;
  }
}
