import { Ring } from '../base/ring.ts';
import type { RequestId } from './ids.ts';
import type { LockTable } from './lock-table.ts';
import type { ToolRun } from './tool-run.ts';

export interface SlotListener {
  /** It has its locks and its slot. */
  granted(run: ToolRun): void;
  /** It had to wait for them: told after `granted`. */
  grantedLate(run: ToolRun): void;
}

/** What a tool call needs before it may start: its locks, all at once, then one of the slots of its tool. First come, first served for both. */
export class ToolSlots {
  private readonly locks: LockTable;
  private readonly listener: SlotListener;
  /** Calls that wait for their locks. */
  private readonly locked = new Map<RequestId, ToolRun>();
  /** By tool: slots that are taken, and who waits for one. */
  private readonly busy = new Map<string, number>();
  private readonly queues = new Map<string, Ring<ToolRun>>();

  constructor(locks: LockTable, listener: SlotListener) {
    this.locks = locks;
    this.listener = listener;
  }

  acquire(run: ToolRun): void {
    run.stage = 'lock';
    if (this.locks.acquire(run.request, run.effects)) this.takeSlot(run);
    else this.locked.set(run.request, run);
  }

  /** Its slot, then its locks: who waits for the slot comes before those that only now get their locks. */
  letGo(run: ToolRun): void {
    const { name } = run.tool;
    this.busy.set(name, this.busy.get(name)! - 1);
    this.passSlot(name);
    this.release(run);
  }

  /** A call that has not started leaves its queue, if it is in one. */
  withdraw(run: ToolRun): void {
    const { stage } = run;
    run.stage = 'done';
    this.locked.delete(run.request);
    if (stage === 'slot') {
      const queue = this.queues.get(run.tool.name)!;
      const rest = [...queue].filter((other) => other !== run);
      queue.clear();
      for (const other of rest) queue.push(other);
    }
    if (stage === 'lock' || stage === 'slot') this.release(run);
  }

  private takeSlot(run: ToolRun): void {
    const { name, concurrency } = run.tool;
    const busy = this.busy.get(name) ?? 0;
    if (busy >= concurrency) {
      run.stage = 'slot';
      let queue = this.queues.get(name);
      if (queue === undefined) this.queues.set(name, (queue = new Ring()));
      queue.push(run);
      return;
    }
    this.busy.set(name, busy + 1);
    this.listener.granted(run);
  }

  private passSlot(tool: string): void {
    const queue = this.queues.get(tool);
    for (let next = queue?.shift(); next !== undefined; next = queue?.shift()) {
      if (next.abandoned) continue;
      this.takeSlot(next);
      return this.listener.grantedLate(next);
    }
  }

  private release(run: ToolRun): void {
    for (const id of this.locks.release(run.request)) {
      const granted = this.locked.get(id as RequestId)!;
      this.locked.delete(granted.request);
      if (granted.abandoned) continue;
      this.takeSlot(granted);
      this.listener.grantedLate(granted);
    }
  }
}
