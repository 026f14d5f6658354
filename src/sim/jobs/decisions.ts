/** Watches a scheduling policy from outside: at each choice, who was ready and what the policy says of each. Works for any policy, a user's own too. */
import type { CreateSchedulingPolicy, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Pid } from '../../kernel/ids.ts';

/** One choice: who runs next on a core. */
export interface Decision {
  readonly atUs: number;
  readonly core: CoreId;
  readonly picked: Pid;
  /** All that were ready, the one that was picked included, in the order in which they became ready. */
  readonly ready: readonly Candidate[];
}
interface Candidate {
  readonly pid: Pid;
  readonly sinceUs: number;
  /** Where it stood and why, in the policy's words; '' from a policy that does not explain. */
  readonly reason: string;
}

/** The same policy, telling `onDecision` of each choice. Explaining costs a line for each that is ready: for people, not for long runs. */
export function watched(
  create: CreateSchedulingPolicy,
  onDecision: (decision: Decision) => void,
): CreateSchedulingPolicy {
  return (context) => {
    const policy = create(context);
    const ready = new Map<Pid, number>();
    const watching: SchedulingPolicy = {
      name: policy.name,
      ready(pid, sinceUs) {
        ready.set(pid, sinceUs);
        return policy.ready(pid, sinceUs);
      },
      pick(core, nowUs) {
        const candidates = [...ready].map(([pid, sinceUs]) => ({
          pid,
          sinceUs,
          reason: policy.explain?.(pid, nowUs) ?? '',
        }));
        const picked = policy.pick(core, nowUs);
        if (picked === undefined) return undefined;
        ready.delete(picked);
        onDecision({ atUs: nowUs, core, picked, ready: candidates });
        return picked;
      },
      charge: (pid, charge, nowUs) => policy.charge?.(pid, charge, nowUs),
      waiting(pid, nowUs) {
        ready.delete(pid);
        policy.waiting(pid, nowUs);
      },
      exited(pid, nowUs) {
        ready.delete(pid);
        policy.exited(pid, nowUs);
      },
      reprioritized: (pid, nowUs) => policy.reprioritized?.(pid, nowUs),
      shouldPreempt: (pid, nowUs) => policy.shouldPreempt?.(pid, nowUs) ?? Infinity,
      slice: (pid) => policy.slice(pid),
      explain: (pid, nowUs) => policy.explain?.(pid, nowUs) ?? '',
    };
    return watching;
  };
}
