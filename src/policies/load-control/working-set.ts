/**
 * The working-set policy: a balance set whose members need their working sets, the pages that they used within the last `windowUs`.
 *
 * Source: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968.
 * A process is a member during its calls only (balance-set.ts): a wait for a tool is no short wait for a page, and lasts as long as a call or longer, so that keeping its
 * working set would leave the memory to those that don't compute. What that costs, and what keeping it costs, can be seen beside `pause-and-restore`.
 */
import { assert } from '../../base/assert.ts';
import type { CreateLoadControlPolicy, LoadContext, LoadControlPolicy } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import { BalanceSet } from './balance-set.ts';

export interface WorkingSetOptions {
  /** The window τ: pages used in the last `windowUs` are the working set; µs > 0. */
  readonly windowUs: number;
}

/** `windowUs`: 60 s, one slice of the default scheduler. */
export const workingSetDefaults: WorkingSetOptions = { windowUs: 60_000_000 };

export function workingSetWith({ windowUs }: WorkingSetOptions): CreateLoadControlPolicy {
  assert(windowUs > 0 && windowUs < Infinity, `windowUs ${windowUs}: must be > 0`);
  return (context) => new WorkingSet(windowUs, context);
}

export const workingSet: CreateLoadControlPolicy = workingSetWith(workingSetDefaults);

/** Working sets shrink while nothing happens, as pages fall out of the window: they are looked at 4 times a window. */
const LOOKS_PER_WINDOW = 4;

class WorkingSet implements LoadControlPolicy {
  readonly name = 'working-set';
  private readonly windowUs: number;
  private readonly balance: BalanceSet;

  constructor(windowUs: number, context: LoadContext) {
    this.windowUs = windowUs;
    this.balance = new BalanceSet(context, (pid, nowUs) => context.load.workingSet(pid, windowUs, nowUs));
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    return this.balance.mayStart(pid, nowUs);
  }

  toSuspend(nowUs: number): Pid | undefined {
    return this.balance.toSuspend(nowUs);
  }

  recheckUs(): number {
    return Math.ceil(this.windowUs / LOOKS_PER_WINDOW);
  }

  save(): Json {
    return this.balance.save();
  }

  load(state: Json): void {
    this.balance.load(state as readonly Pid[]);
  }
}
