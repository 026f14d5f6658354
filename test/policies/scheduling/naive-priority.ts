/**
 * The priority policy as a twin that anyone can check by reading: a list, whole scans, and for the instant of a
 * preemption a search through all instants.
 */
import type { Pid } from '../../../src/kernel/ids.ts';
import type { PriorityOptions } from '../../../src/policies/index.ts';
import type { ArrayProcesses } from '../../support/process-view.ts';

interface Ready {
  readonly pid: Pid;
  readonly sinceUs: number;
  priority: number;
  readonly sequence: number;
}

export class NaivePriority {
  private readonly options: PriorityOptions;
  private readonly processes: ArrayProcesses;
  private readyList: Ready[] = [];
  private sequence = 0;
  /** Aged priority at dispatch, of those that run. */
  private readonly runningAged = new Map<Pid, number>();
  private readonly runningPriority = new Map<Pid, number>();
  /** Over its share until then. */
  private readonly overUntil = new Map<Pid, number>();
  /** Ranks behind the others of its node until then. */
  private readonly behindUntil = new Map<Pid, number>();

  constructor(options: PriorityOptions, processes: ArrayProcesses) {
    this.options = options;
    this.processes = processes;
  }

  ready(pid: Pid, nowUs: number): void {
    this.runningAged.delete(pid);
    this.readyList.push({
      pid,
      sinceUs: nowUs,
      priority: this.processes.priority(pid),
      sequence: this.sequence++,
    });
    if (this.isOver(pid, nowUs)) this.behindUntil.set(pid, this.overUntil.get(pid)!);
  }

  pick(nowUs: number): Pid | undefined {
    let best: Ready | undefined;
    for (const one of this.readyList) {
      if (this.standsBehindReady(one, nowUs)) continue;
      if (best === undefined) best = one;
      const difference = this.aged(one, nowUs) - this.aged(best, nowUs);
      if (difference < 0 || (difference === 0 && one.sequence < best.sequence)) best = one;
    }
    if (best === undefined) return undefined;
    this.leave(best.pid);
    this.runningAged.set(best.pid, this.aged(best, nowUs));
    this.runningPriority.set(best.pid, best.priority);
    return best.pid;
  }

  /** As if it had had this priority when it became ready. */
  reprioritized(pid: Pid): void {
    const priority = this.processes.priority(pid);
    for (const one of this.readyList) if (one.pid === pid) one.priority = priority;
    const aged = this.runningAged.get(pid);
    if (aged === undefined) return;
    const points = priority - this.runningPriority.get(pid)!;
    this.runningAged.set(pid, aged + points * this.options.agingUsPerPoint);
    this.runningPriority.set(pid, priority);
  }

  /** The share went up. */
  charge(pid: Pid, nowUs: number): void {
    const isReady = this.readyList.some((one) => one.pid === pid);
    if (this.isOver(pid, nowUs) && isReady) this.behindUntil.set(pid, this.overUntil.get(pid)!);
  }

  waiting(pid: Pid): void {
    this.leave(pid);
    this.runningAged.delete(pid);
  }

  shouldPreempt(pid: Pid, nowUs: number): number {
    const node = this.processes.quotaNode(pid);
    const isOver = this.isOver(pid, nowUs);
    const isBehind = this.isBehind(pid, nowUs);
    const others = this.readyList.filter((one) => node >= 0 && this.processes.quotaNode(one.pid) === node);
    if (isOver && !isBehind && others.length > 0) return nowUs;
    const aged = this.runningAged.get(pid)!;
    for (let atUs = nowUs; atUs < nowUs + 2_000; atUs++) {
      for (const one of this.readyList) {
        if (this.standsBehindReady(one, atUs)) continue;
        if (this.isBehind(one.pid, atUs) && !isBehind && others.includes(one)) continue;
        // Multiplied out, since a division by the aging would round.
        if (aged - this.aged(one, atUs) > this.options.gap * this.options.agingUsPerPoint) return atUs;
      }
    }
    return Infinity;
  }

  /** Aged priority in µs: points times agingUsPerPoint. */
  private aged({ priority, sinceUs }: Ready, atUs: number): number {
    return priority * this.options.agingUsPerPoint - (atUs - sinceUs);
  }

  private isOver(pid: Pid, nowUs: number): boolean {
    if ((this.overUntil.get(pid) ?? 0) > nowUs) return true;
    const rollsUs = this.processes.quotaRollsUs(pid);
    if (this.processes.quotaNode(pid) < 0 || rollsUs <= nowUs) return false;
    if (this.processes.quotaShare(pid) <= this.options.quotaShare) return false;
    this.overUntil.set(pid, rollsUs);
    return true;
  }

  private isBehind(pid: Pid, atUs: number): boolean {
    return (this.behindUntil.get(pid) ?? 0) > atUs;
  }

  private standsBehindReady(one: Ready, atUs: number): boolean {
    if (!this.isBehind(one.pid, atUs)) return false;
    const node = this.processes.quotaNode(one.pid);
    return this.readyList.some(
      ({ pid }) => this.processes.quotaNode(pid) === node && !this.isBehind(pid, atUs),
    );
  }

  private leave(pid: Pid): void {
    this.readyList = this.readyList.filter((one) => one.pid !== pid);
  }
}
