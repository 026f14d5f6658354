/** What is known of runs, whoever drives them: from the storage, and from what is going on here. Runs of another tenant are not there for a caller. */
import type { Step } from '../../agents/traces/trace.ts';
import type { Traces } from '../../agents/traces/traces.ts';
import { readBranch } from '../../host/stored-branch.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { RunSummary } from '../../kernel/storage.ts';
import type { Caller } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { RunStanding, ServedWorld } from '../served-world.ts';
import type { DrivenRuns } from './driven-runs.ts';
import { KnownFacts, type RunFacts } from './run-facts.ts';
import type { ListQuery, StepList, StepQuery, TraceList, TraceStatus, TraceView } from './trace-schemas.ts';
import { fullView, stepId, stepView, summaryView, type KnownRun } from './trace-views.ts';

/** A page of the list looks at so many runs at most; one that finds few of them goes on with the next. */
const mostLookedAt = 1_000;

export class KnownRuns {
  readonly facts: KnownFacts;
  private readonly world: ServedWorld;
  private readonly driven: DrivenRuns;
  private readonly traces: Traces;

  constructor({
    world,
    driven,
    traces,
  }: {
    readonly world: ServedWorld;
    readonly driven: DrivenRuns;
    readonly traces: Traces;
  }) {
    this.world = world;
    this.driven = driven;
    this.traces = traces;
    this.facts = new KnownFacts(world.storage);
  }

  /** Throws Refused 404: there is no such run for this caller. */
  async factsFor(run: string, { tenant }: Caller): Promise<RunFacts> {
    const facts = await this.facts.of(run);
    if (facts === undefined || (tenant !== undefined && facts.uid !== tenant)) throw noTrace(run);
    return facts;
  }

  /** Whether the caller may know of it. */
  async isSeen(run: string, { tenant }: Caller): Promise<boolean> {
    return tenant === undefined || (await this.facts.of(run))?.uid === tenant;
  }

  async get(run: string, caller: Caller): Promise<TraceView> {
    const facts = await this.factsFor(run, caller);
    const [[summary], ledger] = await Promise.all([
      this.world.storage.runs({ run }),
      this.world.storage.ledger({ run }),
    ]);
    const known = summary && (await this.known(summary, facts));
    if (known === undefined) throw noTrace(run);
    return fullView(known, ledger);
  }

  async list({ status, uid, limit, cursor }: ListQuery, { tenant }: Caller): Promise<TraceList> {
    const runs = (await this.world.storage.runs()).toReversed();
    const at = cursor === undefined ? -1 : runs.findIndex(({ run }) => run === cursor);
    if (cursor !== undefined && at < 0)
      throw new Refused(
        422,
        'INVALID_ARGUMENT',
        `cursor: ${JSON.stringify(cursor)} is not allowed; allowed: next_cursor of the page before`,
        { field: 'cursor' },
      );
    const traces = [];
    let index = at + 1;
    for (; index < runs.length && traces.length < limit && index - at <= mostLookedAt; index++) {
      const known = await this.matching(runs[index]!, { status, uid, tenant });
      if (known !== undefined) traces.push(summaryView(known));
    }
    return { traces, next_cursor: index < runs.length ? runs[index - 1]!.run : null };
  }

  /** Those that go on here. */
  async running({ tenant }: Caller): Promise<Pick<TraceList, 'traces'>> {
    const traces = [];
    for (const { run, isSide, state } of this.driven.all()) {
      if (isSide || state === 'stopping') continue;
      const [summary] = await this.world.storage.runs({ run });
      const known = summary && (await this.matching(summary, { status: undefined, uid: undefined, tenant }));
      if (known !== undefined) traces.push(summaryView(known));
    }
    return { traces };
  }

  /** Those that have their results, by number, and behind them what is under way here. */
  async steps(run: string, { after, limit, branch }: StepQuery, caller: Caller): Promise<StepList> {
    await this.factsFor(run, caller);
    const stored = await this.branchOf(run, branch);
    const found = stored.steps.slice(after, after + limit);
    const isLast = after + found.length >= stored.steps.length;
    const open =
      isLast && found.length < limit && stored.branch === stored.current
        ? this.openSteps(run, new Set(stored.steps.map(stepId))).slice(0, limit - found.length)
        : [];
    return {
      trace_id: run,
      branch: stored.branch,
      steps: [...found, ...open].map(stepView),
      next_after: isLast ? null : after + found.length,
    };
  }

  /** A branch, read whole; a refusal names the field of the request. */
  async branchOf(run: string, branch: string | undefined): ReturnType<typeof readBranch> {
    try {
      return await readBranch(this.world.storage, run, branch);
    } catch (error) {
      const isUnknown = error instanceof KernelError && error.code === 'INVALID_ARGUMENT';
      if (isUnknown && error.detail['field'] === 'run') throw noTrace(run);
      throw error;
    }
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private async matching(
    summary: RunSummary,
    {
      status,
      uid,
      tenant,
    }: {
      readonly status: TraceStatus | undefined;
      readonly uid: string | undefined;
      readonly tenant: string | undefined;
    },
  ): Promise<KnownRun | undefined> {
    if (summary.prunedUs !== undefined) return undefined;
    const facts = await this.facts.of(summary.run);
    const isMeant = (wanted: string | undefined): boolean => wanted === undefined || facts?.uid === wanted;
    if (facts === undefined || !isMeant(tenant) || !isMeant(uid)) return undefined;
    const known = await this.known(summary, facts);
    return known === undefined || (status !== undefined && known.status !== status) ? undefined : known;
  }

  private async known(summary: RunSummary, facts: RunFacts): Promise<KnownRun | undefined> {
    const { run } = summary;
    const standing = await this.world.leases.standing(summary);
    const status = this.statusOf(run, standing);
    // Who drives it is of interest where it is somebody else.
    const { by: _, ...own } = standing;
    const isHere = this.driven.get(run) !== undefined;
    return status && { summary, facts, standing: isHere ? { ...own, by: undefined } : standing, status };
  }

  /** Undefined: it was pruned. */
  private statusOf(run: string, { state }: RunStanding): TraceStatus | undefined {
    const here = this.driven.get(run);
    if (here !== undefined && !here.isSide) {
      if (here.state === 'stopping') return 'stopped';
      return this.isAsking(run) ? 'waiting' : 'running';
    }
    switch (state) {
      case 'parked':
        return 'stopped';
      case 'running':
        // Held for a reflection on it.
        return here === undefined ? 'running' : 'interrupted';
      case 'killed':
        return 'cancelled';
      case 'pruned':
        return undefined;
      default:
        return state;
    }
  }

  private isAsking(run: string): boolean {
    return this.world.questions.open().some(({ identity }) => identity.run === run);
  }

  private openSteps(run: string, known: ReadonlySet<string>): readonly Step[] {
    const steps = this.driven.get(run) === undefined ? [] : (this.traces.trace(run)?.steps ?? []);
    return steps.filter((step) => step.status === 'open' && !known.has(stepId(step)));
  }
}

const noTrace = (run: string): Refused =>
  new Refused(404, 'NOT_FOUND', `trace ${JSON.stringify(run)}: there is none`);
