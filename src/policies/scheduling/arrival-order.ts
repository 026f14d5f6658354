import { assert } from '../../base/assert.ts';
import { LinkedIds, NONE } from '../../base/list.ts';
import type { ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';

/**
 * First ready, first picked; nobody is preempted before its slice ends. What `fifo` and `round-robin` have in common:
 * they differ in the slice alone. Every call is O(1), also for a process that leaves from the middle of the queue.
 */
export class ArrivalOrder implements SchedulingPolicy {
  readonly name: string;
  private readonly sliceUs: number;
  private readonly processes: ProcessView;
  private readonly queue = new LinkedIds();

  constructor(name: string, sliceUs: number, processes: ProcessView) {
    this.name = name;
    this.sliceUs = sliceUs;
    this.processes = processes;
  }

  ready(pid: Pid): void {
    this.queue.pushBack(pid);
  }

  pick(_core: CoreId): Pid | undefined {
    const pid = this.queue.popFront();
    return pid === NONE ? undefined : (pid as Pid);
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
  }

  exited(pid: Pid): void {
    this.queue.remove(pid);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid): string {
    const name = this.label(pid);
    const slice = this.sliceUs === Infinity ? 'no slice' : `slice ${(this.sliceUs / 1e6).toFixed(1)} s`;
    if (!this.queue.has(pid)) return `${name} is not ready; ${slice}`;
    const before = this.queue.previous(pid);
    const place = before === NONE ? 'is the first' : `comes after ${this.label(before as Pid)}`;
    return `${name} ${place} of ${this.queue.size} ready, in order of becoming ready; ${slice}`;
  }

  save(): Json {
    return [...this.queue.ids()];
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    for (const pid of state as readonly number[]) this.queue.pushBack(pid);
  }

  private label(pid: Pid): string {
    return `${this.processes.name(pid)} (pid ${pid})`;
  }
}
