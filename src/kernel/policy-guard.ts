import { brokenPolicy, shown, type KernelError } from './errors.ts';
import type { Engine, ReadyQueue, StopReason } from './engine.ts';
import type { Pid } from './ids.ts';

/** `pick` gave none of those that are ready: nobody at all would keep them waiting for ever. */
export function brokenPick({ policy, readyCount }: ReadyQueue, who: string, nowUs: number): KernelError {
  return brokenPolicy(
    `scheduling policy ${policy.name}`,
    `picked ${who} at ${nowUs} µs`,
    `one of the ${readyCount} that are ready`,
  );
}

/** The slice that the scheduling policy gives `pid`, µs. Throws POLICY_BROKEN: a slice of nothing would be handed out for ever. */
export function sliceUs({ policy }: Engine, pid: Pid): number {
  const us = policy.slice(pid);
  if (us === Infinity || (us >= 1 && Number.isSafeInteger(us))) return us;
  throw brokenPolicy(
    `scheduling policy ${policy.name}`,
    `slice of process ${pid} is ${us} µs`,
    'an integer of at least 1, or Infinity',
  );
}

/** The instant from which running `pid` must make way, µs; at most `nowUs`: at once. Throws POLICY_BROKEN. */
export function preemptionUs({ policy }: Engine, pid: Pid, nowUs: number): number {
  const dueUs = policy.shouldPreempt?.(pid, nowUs) ?? Infinity;
  if (dueUs <= nowUs || dueUs === Infinity || Number.isSafeInteger(dueUs)) return dueUs;
  throw brokenPolicy(
    `scheduling policy ${policy.name}`,
    `shouldPreempt of process ${pid} is ${dueUs} at ${nowUs} µs`,
    'an integer of µs, or Infinity',
  );
}

/** Whether the load-control policy lets `pid` start now. Throws POLICY_BROKEN: nothing at all would pass for a no, and nobody would ever run. */
export function mayStart({ loadControl }: Engine, pid: Pid, nowUs: number): boolean {
  const may: unknown = loadControl!.mayStart(pid, nowUs);
  if (typeof may === 'boolean') return may;
  throw brokenPolicy(
    `load-control policy ${loadControl!.name}`,
    `mayStart of process ${pid} is ${shown(may)} at ${nowUs} µs`,
    'true or false',
  );
}

/**
 * Notices policies that send processes on and off the cores without ever letting time pass. Every process may be stopped a few times in the instant in
 * which it got its core (others arrive, load control changes its mind), but not without end.
 */
export class StandstillGuard {
  private atUs = -1;
  private stops = 0;

  /** A process is stopped in the instant in which it got its core. Throws POLICY_BROKEN. */
  count(engine: Engine, by: StopReason, nowUs: number): void {
    this.stops = this.atUs === nowUs ? this.stops + 1 : 1;
    this.atUs = nowUs;
    const population = engine.queue.engines.reduce((sum, each) => sum + each.population, 0);
    if (this.stops <= 10 * (population + 10)) return;
    const isLoad = by === 'load-control';
    const { loadControl, policy } = engine;
    throw brokenPolicy(
      isLoad ? `load-control policy ${loadControl!.name}` : `scheduling policy ${policy.name}`,
      `${this.stops} processes were stopped at ${nowUs} µs as soon as they had a core`,
      'answers that let time pass',
    );
  }
}
