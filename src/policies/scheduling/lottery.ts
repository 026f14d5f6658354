/**
 * Lottery: a ticket is drawn from all that ready processes hold, and its holder gets the core for a slice. Shares follow tickets in the mean, and nobody
 * with a ticket starves.
 *
 * Source: C. A. Waldspurger and W. E. Weihl, "Lottery scheduling: flexible proportional-share resource management", OSDI 1994, with its compensation
 * tickets: who used only a part of its slice counts as so many times more tickets until its next turn.
 * Departs from it: compensation is rounded down to whole tickets and at most a thousandfold; there are no currencies and no transfers,
 * so that who waits for a lock lends its holder nothing: priorities, which are what the kernel lends, count for nothing here.
 * Cost: O(log n) for every call.
 */
import { assert } from '../../base/assert.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { loadColumns, NumberByPid, savedColumns } from './by-pid.ts';
import { labelOf, rounded, spelledTime } from './explanations.ts';
import { TicketTree } from './ticket-tree.ts';

export interface LotteryOptions {
  /** Longest run before the next draw, µs; an integer > 0. */
  readonly sliceUs: number;
  /** Whether one that used a part of its slice only is compensated. */
  readonly compensates: boolean;
}

/** A slice of 10 s, compensation. */
export const lotteryDefaults: LotteryOptions = { sliceUs: 10_000_000, compensates: true };

const mostCompensation = 1000;

export function lotteryWith(options: LotteryOptions): CreateSchedulingPolicy {
  const { sliceUs } = options;
  assert(Number.isInteger(sliceUs) && sliceUs > 0, `sliceUs ${sliceUs}: must be an integer > 0`);
  return ({ processes, rng }) => new Lottery(options, processes, rng);
}

export const lottery: CreateSchedulingPolicy = lotteryWith(lotteryDefaults);

class Lottery implements SchedulingPolicy {
  readonly name = 'lottery';
  private readonly options: LotteryOptions;
  private readonly processes: ProcessView;
  private readonly rng: Rng;
  private readonly tickets = new TicketTree();
  /** µs of its last slice that a process used, by pid; 0: a whole slice, or it has not run. */
  private readonly usedUs = new NumberByPid();

  constructor(options: LotteryOptions, processes: ProcessView, rng: Rng) {
    this.options = options;
    this.processes = processes;
    this.rng = rng;
  }

  /** Nobody stands first before the draw. */
  ready(pid: Pid): boolean {
    if (this.tickets.of(pid) > 0) assert(false, `ready of id ${pid}, which is ready`);
    this.tickets.set(pid, this.ticketsOf(pid));
    return false;
  }

  pick(_core: CoreId): Pid | undefined {
    const { tickets, rng } = this;
    if (tickets.size === 0) return undefined;
    const pid = tickets.holder(rng.integer(tickets.size)) as Pid;
    tickets.set(pid, 0);
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge): void {
    // What a ready one is charged with, it used in an earlier life.
    if (!this.options.compensates || coreUs === 0 || this.tickets.of(pid) > 0) return;
    this.usedUs.set(pid, coreUs < this.options.sliceUs ? coreUs : 0);
  }

  waiting(pid: Pid): void {
    this.tickets.set(pid, 0);
  }

  exited(pid: Pid): void {
    this.tickets.set(pid, 0);
    this.usedUs.set(pid, 0);
  }

  slice(): number {
    return this.options.sliceUs;
  }

  explain(pid: Pid): string {
    const { tickets, processes } = this;
    const { sliceUs } = this.options;
    const name = labelOf(processes, pid);
    const rule = `a draw for each slice of ${spelledTime(sliceUs)}`;
    const held = tickets.of(pid);
    if (held === 0) return `${name} is not ready; ${rule}`;
    const own = processes.tickets(pid);
    const why =
      held === own ? '' : ` (${own}, compensated for using ${spelledTime(this.usedUs.get(pid))} of a slice)`;
    const chance = rounded((100 * held) / tickets.size);
    return `${name} has ${held} of the ${tickets.size} tickets of ${tickets.count} ready${why}: ${chance} % to be drawn next; ${rule}`;
  }

  save(): Json {
    const { tickets, usedUs, rng } = this;
    return {
      ready: tickets.rows(),
      used: savedColumns([usedUs]),
      rng: rng.save() as unknown as Json,
    };
  }

  load(state: Json): void {
    assert(this.tickets.size === 0, 'load into a policy that is in use');
    const { ready, used, rng } = state as unknown as SavedLottery;
    for (const [pid = 0, tickets = 0] of ready) this.tickets.set(pid, tickets);
    loadColumns([this.usedUs], used);
    this.rng.load(rng);
  }

  private ticketsOf(pid: Pid): number {
    const own = this.processes.tickets(pid);
    const usedUs = this.usedUs.get(pid);
    if (usedUs === 0) return own;
    return Math.min(own * mostCompensation, Math.floor((own * this.options.sliceUs) / usedUs));
  }
}

interface SavedLottery {
  readonly ready: readonly number[][];
  readonly used: readonly number[][];
  readonly rng: RngState;
}
