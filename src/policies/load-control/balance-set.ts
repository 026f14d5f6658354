/**
 * The balance set: processes whose calls have started and not ended. A call starts only if what its process needs fits into memory beside what the members need; when
 * they outgrow memory, the set loses a member, the one of least priority, of several the youngest. What a process needs, the policy says.
 *
 * Source: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968.
 * Departs from it: a process is a member while it is active, that is during its calls; pages that it used before a wait for a tool are kept only as
 * long as nobody needs their room. A call alone may always start.
 * Cost: one question for the need of each member.
 */
import type { LoadContext } from '../../kernel/contracts.ts';
import type { Pid } from '../../kernel/ids.ts';

export class BalanceSet {
  private readonly context: LoadContext;
  /** Tokens. */
  private readonly needOf: (pid: Pid, nowUs: number) => number;
  /**
   * Those that were allowed to start and have been active at every look since. A process that only asks for a core is
   * active too, but holds no memory yet: counted, many that ask would keep each other out.
   */
  private readonly members = new Set<Pid>();

  constructor(context: LoadContext, needOf: (pid: Pid, nowUs: number) => number) {
    this.context = context;
    this.needOf = needOf;
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    this.members.delete(pid);
    const heldTokens = this.heldTokens(nowUs);
    const fits = heldTokens + this.needOf(pid, nowUs) <= this.context.capacity;
    const isAllowed = fits || this.members.size === 0;
    if (isAllowed) this.members.add(pid);
    return isAllowed;
  }

  toSuspend(nowUs: number): Pid | undefined {
    const { capacity, load } = this.context;
    if (this.heldTokens(nowUs) <= capacity || this.members.size < 2) return undefined;
    let victim: Pid | undefined;
    for (const pid of this.members) {
      if (victim === undefined) victim = pid;
      const behind = load.priority(pid) - load.priority(victim);
      if (behind > 0 || (behind === 0 && pid > victim)) victim = pid;
    }
    return victim;
  }

  /** In the order in which they started. */
  save(): readonly Pid[] {
    return [...this.members];
  }

  load(members: readonly Pid[]): void {
    this.members.clear();
    for (const pid of members) this.members.add(pid);
  }

  /** Tokens that the members need; who is not active any more is a member no longer. */
  private heldTokens(nowUs: number): number {
    let tokens = 0;
    for (const pid of this.members) {
      if (this.context.load.active(pid)) tokens += this.needOf(pid, nowUs);
      else this.members.delete(pid);
    }
    return tokens;
  }
}
