/**
 * Pause and restore: programs are let on whole, with all that they have in their prompts, until memory is full. When their prompts outgrow it, it pauses the smallest, those
 * first that wait for a tool; a paused one is restored when there is room. Other than in a balance set, a process keeps its place between its calls, so that those let on
 * find their contexts; but what it holds while it waits for a tool counts the less, the longer that takes, so that nobody keeps others out for ever.
 *
 * Source: H. Kang et al., "ThunderAgent: A Simple, Fast and Program-Aware Agentic Inference System", 2026 (arXiv 2602.13692): reasoning and acting programs, the smallest paused first
 * (what must be computed again grows faster than a context does), contexts of acting programs that decay by halves when it is asked whether another fits.
 * Departs from it: memory is looked at whenever a call starts, not every few seconds; one that runs a call is stopped at once where its engine can do that, not before its next tool
 * call; the paused go on in the order in which they came, not the smallest first, so that no time limit need save anybody; the half-life is a parameter.
 * A paused process that runs no call is kept out when it asks for its next one. The last active one is never paused, and while nobody is let on any call may start.
 * Cost: one question for the prompt of each process let on.
 */
import { assert } from '../../base/assert.ts';
import { pow } from '../../base/math.ts';
import type { CreateLoadControlPolicy, LoadContext, LoadControlPolicy } from '../../kernel/contracts.ts';
import type { Json, Pid } from '../../kernel/ids.ts';

export interface PauseAndRestoreOptions {
  /** Share of memory that those let on may fill when another one is let on: the rest is for what they add. 0 to 1. */
  readonly fill: number;
  /** After each of these of a wait for a tool, what a process holds counts half when another one is to be let on; µs > 0. */
  readonly halfLifeUs: number;
}

/** `halfLifeUs`: 60 s, one slice of the default scheduler. */
export const pauseAndRestoreDefaults: PauseAndRestoreOptions = { fill: 0.9, halfLifeUs: 60_000_000 };

export function pauseAndRestoreWith(options: Partial<PauseAndRestoreOptions>): CreateLoadControlPolicy {
  const whole = { ...pauseAndRestoreDefaults, ...options };
  const { fill, halfLifeUs } = whole;
  assert(fill > 0 && fill <= 1, () => `fill ${fill}: must be above 0 and up to 1`);
  assert(halfLifeUs > 0 && halfLifeUs < Infinity, () => `halfLifeUs ${halfLifeUs}: must be > 0`);
  return (context) => new PauseAndRestore(whole, context);
}

export const pauseAndRestore: CreateLoadControlPolicy = pauseAndRestoreWith(pauseAndRestoreDefaults);

/** What others hold falls while nothing happens: it is looked at so often in a half-life. */
const LOOKS_PER_HALF_LIFE = 4;

/** After so many half-lives of a wait, when it counts a thousandth, a process has lost its place: one that waits for ever would keep out for ever who needs most of memory. */
const HALF_LIVES = 10;

class PauseAndRestore implements LoadControlPolicy {
  readonly name = 'pause-and-restore';
  private readonly options: PauseAndRestoreOptions;
  private readonly context: LoadContext;
  /** Those let on, in that order; and since when each has been seen between its calls, µs, or undefined while it is active. */
  private readonly members = new Map<Pid, number | undefined>();

  constructor(options: PauseAndRestoreOptions, context: LoadContext) {
    this.options = options;
    this.context = context;
  }

  mayStart(pid: Pid, nowUs: number): boolean {
    const { context, members, options } = this;
    this.look(nowUs);
    if (members.has(pid)) return true;
    const roomTokens = options.fill * context.capacity - this.decayedTokens(nowUs);
    const isAllowed = members.size === 0 || context.load.workingSet(pid, Infinity, nowUs) <= roomTokens;
    if (isAllowed) members.set(pid, undefined);
    return isAllowed;
  }

  keepsPlace(pid: Pid): boolean {
    return this.members.has(pid);
  }

  toSuspend(nowUs: number): Pid | undefined {
    this.look(nowUs);
    const { members, context } = this;
    const holders = Array.from(members, ([pid, idleUs], order) => ({
      pid,
      order,
      isActive: idleUs === undefined,
      tokens: context.load.workingSet(pid, Infinity, nowUs),
    }));
    let heldTokens = holders.reduce((sum, { tokens }) => sum + tokens, 0);
    let active = holders.filter(({ isActive }) => isActive).length;
    // Of several the latest.
    holders.sort(
      (a, b) => Number(a.isActive) - Number(b.isActive) || a.tokens - b.tokens || b.order - a.order,
    );
    for (const { pid, isActive, tokens } of holders) {
      if (heldTokens <= context.capacity) return undefined;
      if (isActive && active < 2) return undefined;
      members.delete(pid);
      if (isActive) return pid;
      heldTokens -= tokens;
    }
    return undefined;
  }

  recheckUs(): number {
    return Math.ceil(this.options.halfLifeUs / LOOKS_PER_HALF_LIFE);
  }

  save(): Json {
    return Array.from(this.members, ([pid, idleUs]) => [pid, idleUs ?? -1]);
  }

  load(state: Json): void {
    this.members.clear();
    for (const [pid, idleUs] of state as unknown as readonly (readonly [Pid, number])[])
      this.members.set(pid, idleUs === -1 ? undefined : idleUs);
  }

  /** Who has ended, was suspended or waits for too long is let on no longer; who else is active now, and since when the others are not. */
  private look(nowUs: number): void {
    const { members, context, options } = this;
    const present = new Set(context.load.processes());
    for (const [pid, idleUs] of members) {
      const sinceUs = context.load.active(pid) ? undefined : (idleUs ?? nowUs);
      const isLost = sinceUs !== undefined && nowUs - sinceUs >= HALF_LIVES * options.halfLifeUs;
      if (isLost || !present.has(pid)) members.delete(pid);
      else members.set(pid, sinceUs);
    }
  }

  /** Tokens of the prompts of those let on, as they count for the next one. */
  private decayedTokens(nowUs: number): number {
    let tokens = 0;
    for (const [pid, idleUs] of this.members) {
      const share = idleUs === undefined ? 1 : pow(2, -(nowUs - idleUs) / this.options.halfLifeUs);
      tokens += share * this.context.load.workingSet(pid, Infinity, nowUs);
    }
    return tokens;
  }
}
