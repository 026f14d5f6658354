/**
 * The working-set policy: a call starts only if its working set fits into memory beside those of the calls that have
 * started and not ended, the balance set. When those outgrow memory, the balance set loses a member: the one of least
 * priority, of several the youngest.
 *
 * Source: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968.
 * Departs from it: a process belongs to the balance set while it is active, that is during its calls; pages that it used
 * before a wait for a tool are kept only as long as nobody needs their room. A call alone may always start.
 * Cost: one question for the working set of each member.
 */
import { assert } from '../../base/assert.ts';
import type { CreateLoadControlPolicy, LoadContext, LoadControlPolicy } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';

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
  private readonly context: LoadContext;
  /**
   * Those that were allowed to start and have been active at every look since. A process that only asks for a core is
   * active too, but holds no memory yet: counted, many that ask would keep each other out.
   */
  private readonly balanceSet = new Set<Pid>();

  constructor(windowUs: number, context: LoadContext) {
    this.windowUs = windowUs;
    this.context = context;
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    const { capacity, load } = this.context;
    this.balanceSet.delete(pid);
    const heldTokens = this.heldTokens(nowUs);
    const fits = heldTokens + load.workingSet(pid, this.windowUs, nowUs) <= capacity;
    const isAllowed = fits || this.balanceSet.size === 0;
    if (isAllowed) this.balanceSet.add(pid);
    return isAllowed;
  }

  toSuspend(nowUs: number): Pid | undefined {
    const { capacity, load } = this.context;
    if (this.heldTokens(nowUs) <= capacity || this.balanceSet.size < 2) return undefined;
    let victim: Pid | undefined;
    for (const pid of this.balanceSet) {
      if (victim === undefined) victim = pid;
      const behind = load.priority(pid) - load.priority(victim);
      if (behind > 0 || (behind === 0 && pid > victim)) victim = pid;
    }
    return victim;
  }

  recheckUs(): number {
    return Math.ceil(this.windowUs / LOOKS_PER_WINDOW);
  }

  save(): Json {
    return [...this.balanceSet];
  }

  load(state: Json): void {
    this.balanceSet.clear();
    for (const pid of state as readonly number[]) this.balanceSet.add(pid as Pid);
  }

  /** Tokens of the members' working sets; who is not active any more is a member no longer. */
  private heldTokens(nowUs: number): number {
    const { load } = this.context;
    let tokens = 0;
    for (const pid of this.balanceSet) {
      if (load.active(pid)) tokens += load.workingSet(pid, this.windowUs, nowUs);
      else this.balanceSet.delete(pid);
    }
    return tokens;
  }
}
