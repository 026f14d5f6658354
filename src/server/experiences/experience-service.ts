/** What tenants learn: from what somebody says of a step, and from reflections on runs. */
import { randomUUID } from 'node:crypto';

import { confidenceAt, isExperience, type Experience } from '../../agents/memory/experience.ts';
import { rememberFeedback, type Feedback } from '../../agents/memory/feedback.ts';
import type { MemorySteps } from '../../agents/memory/load-memories.ts';
import { feedbackOn } from '../../agents/traces/step-feedback.ts';
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { StoredBranch } from '../../host/stored-branch.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { CallIdentity } from '../../kernel/requests.ts';
import type { Sys, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import type { Caller } from '../caller.ts';
import type { KnownRuns } from '../runs/known-runs.ts';
import { tenantOf } from '../runs/run-facts.ts';
import { rootOf } from '../runs/stored-root.ts';
import { isoOf } from '../runs/trace-views.ts';
import type { ServedWorld } from '../served-world.ts';
import type { ExperienceQuery, ExperienceView, FeedbackGiven } from './experience-schemas.ts';

/** Where nothing else is said. */
const mostFound = 10;

/** The memories of a tenant. */
export const scopeOf = (uid: string): string => `tenant/${uid}`;

export class ExperienceService {
  private readonly world: ServedWorld;
  private readonly known: KnownRuns;

  constructor(world: ServedWorld, known: KnownRuns) {
    this.world = world;
    this.known = known;
  }

  async list({ query, uid, limit }: ExperienceQuery, caller: Caller): Promise<ExperienceView[]> {
    const { storage } = this.world;
    const scope = scopeOf(tenantOf(uid, caller));
    const found =
      query === undefined
        ? await storage.remembered({ scope, limit })
        : await storage.recall({ scope, query, limit });
    return found.flatMap(({ data, atUs }) => (isExperience(data) ? [this.view(data, atUs)] : []));
  }

  /** Of a step of the branch with which the run goes on. Resolves when the experience is durable. Throws Refused and KernelError: there is no such run or step, or nothing is said. */
  async feedback(run: string, step: number, said: FeedbackGiven, caller: Caller): Promise<ExperienceView> {
    const { uid } = await this.known.factsFor(run, caller);
    const stored = await this.known.branchOf(run, undefined);
    const meant = stored.steps[step - 1];
    if (meant === undefined) throw invalid('step', step, `a step of the trace, 1 to ${stored.steps.length}`);
    const feedback = feedbackOf(stored, meant, this.world.redact(said as Json) as FeedbackGiven);
    const identity: CallIdentity = { run, branch: `feedback-${randomUUID()}`, pid: 1 as Pid, n: 1, index: 0 };
    const told = await this.remembered(identity, (sys) => rememberFeedback(sys, scopeOf(uid), feedback));
    return this.view(told, this.world.clock.nowUs());
  }

  view(experience: Experience, atUs: number): ExperienceView {
    const { condition, rule, source, evidence } = experience;
    return {
      condition,
      rule,
      source,
      confidence: confidenceAt(experience, atUs, this.world.clock.nowUs()),
      evidence: evidence.map(({ run, step, text }) => ({ trace_id: run, step, text })),
      remembered_at: isoOf(atUs),
    };
  }

  /** Does what a program would yield, without one: no process, and no run, for what a person says. */
  private async remembered(
    { n: first, ...call }: CallIdentity,
    program: (sys: Sys) => MemorySteps<SyscallResult<Experience>>,
  ): Promise<Experience> {
    const { clock, storage } = this.world;
    // It asks for nothing else.
    const steps = program({ now: clock.nowUs() } as Sys);
    let n = first;
    let step = steps.next(undefined as never);
    while (step.done !== true) {
      const value = await storedFor(step.value);
      step = steps.next({ ok: true, value });
    }
    if (step.value.ok) return step.value.value;
    throw new KernelError(step.value.code, step.value.message);

    async function storedFor(syscall: Syscall): Promise<unknown> {
      switch (syscall.kind) {
        case 'recall':
          return storage.recall({
            scope: syscall.scope,
            query: syscall.query,
            limit: syscall.limit ?? mostFound,
          });
        case 'remember': {
          const { kind: _, ...memory } = syscall;
          return storage.remember({ identity: { ...call, n: n++ }, ...memory, atUs: clock.nowUs() });
        }
        default:
          throw new Error(`feedback asks for ${syscall.kind}`);
      }
    }
  }
}

/** What is said of a step of a stored run. Throws KernelError INVALID_ARGUMENT that names the field. */
export function feedbackOf(
  { run, records }: Pick<StoredBranch, 'run' | 'records'>,
  step: StoredStep,
  said: FeedbackGiven,
): Feedback {
  try {
    return feedbackOn(rootOf({ run, records }), step, {
      run,
      step: step.sequence,
      scope: '-',
      kind: said.kind,
      ...(said.text === undefined ? {} : { text: said.text }),
      ...(said.condition === undefined ? {} : { condition: said.condition }),
    });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const { field } = error.detail;
    const own = typeof field === 'string' ? field.replace(/^feedback\./, '') : '';
    throw new KernelError(error.code, error.message.replace(/^feedback\./, ''), {
      detail: { ...error.detail, field: own },
      cause: error,
    });
  }
}
