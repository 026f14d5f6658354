import type { KernelEvent } from './events.ts';
import type { Pid } from './ids.ts';

/** For readers of a kernel's events: the pid there of a process that the records of its run name by its number in that run. */
export class RunPids {
  /** Of those alone where it is another. */
  private readonly pids = new Map<string, Pid>();

  /** Takes the events of one step, before what they are about is asked for. */
  take(events: readonly KernelEvent[]): void {
    for (const event of events)
      if (event.type === 'process.spawned' && event.runPid !== undefined)
        this.pids.set(keyOf(event.run, event.runPid), event.pid);
  }

  pidOf(run: string, runPid: Pid): Pid {
    if (this.pids.size === 0) return runPid;
    return this.pids.get(keyOf(run, runPid)) ?? runPid;
  }

  /** Nothing more comes of the process. */
  forget(run: string, runPid: Pid): void {
    this.pids.delete(keyOf(run, runPid));
  }
}

const keyOf = (run: string, runPid: Pid): string => `${runPid} ${run}`;
