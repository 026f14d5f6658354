/**
 * Page-fault frequency: a balance set whose members need as much as their faults say. When a process faults less than `intervalUs` after its last fault, it has too
 * little: it keeps all that it needed and what it faults on. When more time has passed, it has enough, and needs only what it has used since
 * the last fault. So its need is what it has used since a fault that moves on while faults are rare and stays while they are frequent.
 *
 * Source: W. W. Chu, H. Opderbeck, "The page fault frequency replacement algorithm", AFIPS FJCC 1972; "Program behavior and the page-fault-frequency replacement
 * algorithm", Computer 9(11), 1976.
 * Departs from it: it controls how many calls run beside each other, not which page is replaced; time is the clock's, since a process waits for tools between its
 * calls, in which it is no member (balance-set.ts); a call that finds less than it had used before is one fault. Before its first fault a process needs all that it has used.
 */
import { assert } from '../../base/assert.ts';
import type { CreateLoadControlPolicy, LoadContext, LoadControlPolicy } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import { BalanceSet } from './balance-set.ts';

export interface PageFaultFrequencyOptions {
  /** The reciprocal of the critical fault frequency: shorter intervals between faults are too short; µs > 0. */
  readonly intervalUs: number;
}

/** `intervalUs`: 60 s, one slice of the default scheduler. */
export const pageFaultFrequencyDefaults: PageFaultFrequencyOptions = { intervalUs: 60_000_000 };

export function pageFaultFrequencyWith({ intervalUs }: PageFaultFrequencyOptions): CreateLoadControlPolicy {
  assert(intervalUs > 0 && intervalUs < Infinity, `intervalUs ${intervalUs}: must be > 0`);
  return (context) => new PageFaultFrequency(intervalUs, context);
}

export const pageFaultFrequency: CreateLoadControlPolicy = pageFaultFrequencyWith(pageFaultFrequencyDefaults);

/** Needs shrink while nothing happens, when calls end: they are looked at so often in an interval. */
const LOOKS_PER_INTERVAL = 4;
const NEVER = -1;

interface Faults {
  /** Of the last one, and of that since which all that was used is needed; `NEVER`: since ever. */
  readonly lastUs: number;
  readonly sinceUs: number;
}

class PageFaultFrequency implements LoadControlPolicy {
  readonly name = 'page-fault-frequency';
  private readonly intervalUs: number;
  private readonly context: LoadContext;
  private readonly balance: BalanceSet;
  private readonly faults = new Map<Pid, Faults>();

  constructor(intervalUs: number, context: LoadContext) {
    this.intervalUs = intervalUs;
    this.context = context;
    this.balance = new BalanceSet(context, (pid, nowUs) => this.needOf(pid, nowUs));
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    return this.balance.mayStart(pid, nowUs);
  }

  toSuspend(nowUs: number): Pid | undefined {
    return this.balance.toSuspend(nowUs);
  }

  recheckUs(): number {
    return Math.ceil(this.intervalUs / LOOKS_PER_INTERVAL);
  }

  save(): Json {
    const faults = Array.from(this.faults, ([pid, { lastUs, sinceUs }]) => [pid, lastUs, sinceUs]);
    return { members: this.balance.save(), faults };
  }

  load(state: Json): void {
    const { members, faults } = state as unknown as {
      readonly members: readonly Pid[];
      readonly faults: readonly (readonly [Pid, number, number])[];
    };
    this.balance.load(members);
    this.faults.clear();
    for (const [pid, lastUs, sinceUs] of faults) this.faults.set(pid, { lastUs, sinceUs });
  }

  private needOf(pid: Pid, nowUs: number): number {
    const { load } = this.context;
    const { sinceUs } = this.faultsOf(pid, load.lastFaultUs(pid));
    return load.workingSet(pid, sinceUs === NEVER ? Infinity : nowUs - sinceUs, nowUs);
  }

  private faultsOf(pid: Pid, faultUs: number): Faults {
    const before = this.faults.get(pid) ?? { lastUs: NEVER, sinceUs: NEVER };
    if (faultUs <= before.lastUs) return before;
    const isRare = before.lastUs !== NEVER && faultUs - before.lastUs >= this.intervalUs;
    const faults = { lastUs: faultUs, sinceUs: isRare ? before.lastUs : before.sinceUs };
    this.faults.set(pid, faults);
    return faults;
  }
}
