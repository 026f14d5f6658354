import { AssertionError } from '../base/assert.ts';
import type { Charge, CreateSchedulingPolicy, SchedulingContext, SchedulingPolicy } from './contracts.ts';
import { brokenPolicy, KernelError, messageOf } from './errors.ts';
import type { CoreId, Pid } from './ids.ts';

/**
 * A scheduling policy whose exceptions say whose they are: what one of its methods throws becomes a KernelError POLICY_BROKEN with the policy, the method
 * and the time. Failed assertions of our own, and what is a KernelError already, stay what they are. Saving and loading is not for it.
 */
export class GuardedScheduling implements SchedulingPolicy {
  readonly name: string;
  /** Only where the policy has it: without it nobody need be asked. */
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly policy: SchedulingPolicy;
  private readonly clock: { readonly nowUs: number };

  constructor(policy: SchedulingPolicy, clock: { readonly nowUs: number }) {
    this.name = policy.name;
    this.policy = policy;
    this.clock = clock;
    if (policy.shouldPreempt !== undefined)
      this.shouldPreempt = (pid, nowUs) => {
        try {
          return policy.shouldPreempt!(pid, nowUs);
        } catch (error) {
          throw this.blamed('shouldPreempt', error);
        }
      };
  }

  ready(pid: Pid, sinceUs: number): boolean | void {
    try {
      return this.policy.ready(pid, sinceUs);
    } catch (error) {
      throw this.blamed('ready', error);
    }
  }

  pick(core: CoreId, nowUs: number): Pid | undefined {
    try {
      return this.policy.pick(core, nowUs);
    } catch (error) {
      throw this.blamed('pick', error);
    }
  }

  charge(pid: Pid, charge: Charge, nowUs: number): void {
    try {
      this.policy.charge?.(pid, charge, nowUs);
    } catch (error) {
      throw this.blamed('charge', error);
    }
  }

  waiting(pid: Pid, nowUs: number): void {
    try {
      this.policy.waiting(pid, nowUs);
    } catch (error) {
      throw this.blamed('waiting', error);
    }
  }

  exited(pid: Pid, nowUs: number): void {
    try {
      this.policy.exited(pid, nowUs);
    } catch (error) {
      throw this.blamed('exited', error);
    }
  }

  runEnded(run: number, nowUs: number): void {
    try {
      this.policy.runEnded?.(run, nowUs);
    } catch (error) {
      throw this.blamed('runEnded', error);
    }
  }

  reprioritized(pid: Pid, nowUs: number): void {
    try {
      this.policy.reprioritized?.(pid, nowUs);
    } catch (error) {
      throw this.blamed('reprioritized', error);
    }
  }

  slice(pid: Pid): number {
    try {
      return this.policy.slice(pid);
    } catch (error) {
      throw this.blamed('slice', error);
    }
  }

  explain(pid: Pid, nowUs: number): string {
    try {
      return this.policy.explain?.(pid, nowUs) ?? '';
    } catch (error) {
      throw this.blamed('explain', error);
    }
  }

  private blamed(method: string, error: unknown): unknown {
    if (isOurs(error)) return error;
    return brokenPolicy(
      `scheduling policy ${this.name}`,
      `${method} threw ${messageOf(error)} at ${this.clock.nowUs} µs`,
      'an answer',
      error,
    );
  }
}

/** Throws KernelError POLICY_BROKEN when what is created is no policy. */
export function createGuarded(
  create: CreateSchedulingPolicy,
  context: SchedulingContext,
  clock: { readonly nowUs: number },
): GuardedScheduling {
  let policy: Partial<SchedulingPolicy> | undefined;
  try {
    policy = create(context);
  } catch (error) {
    if (isOurs(error)) throw error;
    throw brokenPolicy('scheduling policy', `its creation threw ${messageOf(error)}`, 'a policy', error);
  }
  const missing = needed.find((method) => typeof policy?.[method] !== 'function');
  if (missing !== undefined)
    throw brokenPolicy(
      `scheduling policy ${policy?.name ?? ''}`.trimEnd(),
      `it has no method ${missing}`,
      `a policy with ${needed.join(', ')}`,
    );
  return new GuardedScheduling(policy as SchedulingPolicy, clock);
}

const needed = ['ready', 'pick', 'waiting', 'exited', 'slice'] as const;

const isOurs = (error: unknown): boolean => error instanceof AssertionError || error instanceof KernelError;
