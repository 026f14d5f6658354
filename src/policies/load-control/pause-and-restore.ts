/**
 * Pause and restore: what a serving system does that runs out of memory. It lets on processes, with all that they have in their prompts, until memory is full; when
 * their prompts outgrow it, it pauses the one that was let on last, and restores it when there is room again, before any new one. Other than in a balance set, a
 * process keeps its place between its calls, while it waits for a tool: memory is shared by whole programs, and none of those let on loses its context.
 *
 * Source: preemption of the latest sequence in vLLM (W. Kwon et al., "Efficient Memory Management for Large Language Model Serving with PagedAttention", SOSP 2023,
 * section 4.5), carried over from sequences to programs; room is left free when one is let on, as with its watermark.
 * A paused process that runs no call is kept out when it asks for its next one. The last active one is never paused, and while none is active any call may start.
 * Cost: one question for the prompt of each process let on.
 */
import { assert } from '../../base/assert.ts';
import type { CreateLoadControlPolicy, LoadContext, LoadControlPolicy } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';

export interface PauseAndRestoreOptions {
  /** Share of memory that those let on may fill when another one is let on: the rest is for what they add. 0 to 1. */
  readonly fill: number;
}

export const pauseAndRestoreDefaults: PauseAndRestoreOptions = { fill: 0.9 };

export function pauseAndRestoreWith({ fill }: PauseAndRestoreOptions): CreateLoadControlPolicy {
  assert(fill > 0 && fill <= 1, () => `fill ${fill}: must be above 0 and up to 1`);
  return (context) => new PauseAndRestore(fill, context);
}

export const pauseAndRestore: CreateLoadControlPolicy = pauseAndRestoreWith(pauseAndRestoreDefaults);

class PauseAndRestore implements LoadControlPolicy {
  readonly name = 'pause-and-restore';
  private readonly fill: number;
  private readonly context: LoadContext;
  /** Those let on, the latest last. */
  private members: Pid[] = [];

  constructor(fill: number, context: LoadContext) {
    this.fill = fill;
    this.context = context;
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    const { capacity, load } = this.context;
    const heldTokens = this.heldTokens(nowUs);
    if (this.members.includes(pid)) return true;
    const fits = heldTokens + load.workingSet(pid, Infinity, nowUs) <= this.fill * capacity;
    const isAllowed = fits || !this.members.some((member) => load.active(member));
    if (isAllowed) this.members.push(pid);
    return isAllowed;
  }

  keepsPlace(pid: Pid): boolean {
    return this.members.includes(pid);
  }

  toSuspend(nowUs: number): Pid | undefined {
    const { capacity, load } = this.context;
    let heldTokens = this.heldTokens(nowUs);
    let active = this.members.filter((pid) => load.active(pid)).length;
    for (let at = this.members.length - 1; at >= 0 && heldTokens > capacity; at--) {
      const pid = this.members[at]!;
      const isActive = load.active(pid);
      if (isActive && active < 2) continue;
      this.members.splice(at, 1);
      if (isActive) return pid;
      heldTokens -= load.workingSet(pid, Infinity, nowUs);
    }
    return undefined;
  }

  recheckUs(): number {
    return Infinity;
  }

  save(): Json {
    return this.members;
  }

  load(state: Json): void {
    this.members = [...(state as readonly Pid[])];
  }

  /** Tokens of the prompts of those let on; who has ended or was suspended is one no longer. */
  private heldTokens(nowUs: number): number {
    const { load } = this.context;
    const present = new Set(load.processes());
    this.members = this.members.filter((pid) => present.has(pid));
    let tokens = 0;
    for (const pid of this.members) tokens += load.workingSet(pid, Infinity, nowUs);
    return tokens;
  }
}
