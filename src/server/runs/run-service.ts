/** Runs as the API drives them: one kernel, many runs. What it gives back as done is durable. */
import { agentTaskOf } from '../../agents/loop/agent-task.ts';
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import type { Traces } from '../../agents/traces/traces.ts';
import { planBranch, type BranchRequest } from '../../host/branches.ts';
import { readBranch, type StoredBranch } from '../../host/stored-branch.ts';
import { readStoredRun } from '../../host/stored-run.ts';
import type { ProcessEnd } from '../../host/live-kernel.ts';
import { watchTraces } from '../../host/watch-traces.ts';
import { firstBranch } from '../../kernel/branches.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { SignalName } from '../../kernel/inputs.ts';
import { historyVersion, type AuditRecord } from '../../kernel/records.ts';
import type { BranchRecord } from '../../kernel/storage.ts';
import type { Caller, RequestIdentity } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { ServedWorld } from '../served-world.ts';
import { cutPlace } from './cut-place.ts';
import { alreadyRunning, DrivenRuns, type DrivenLimits } from './driven-runs.ts';
import { KnownRuns } from './known-runs.ts';
import { openedConversation, saidIn } from './openai-messages.ts';
import { tenantOf, withFacts } from './run-facts.ts';
import { rootOf } from './stored-root.ts';
import type { CreateTrace, GoOnTrace } from './trace-schemas.ts';

export interface CreatedRun {
  readonly trace_id: string;
  readonly branch: string;
  readonly status: 'running';
}

export interface WentOn extends CreatedRun {
  /** The last step that was kept; null: nothing was cut off. */
  readonly insert_after: number | null;
  readonly left_behind: number;
}

/** Runs that have ended and whose events are still held for who watches, at most. */
const mostHeld = 64;

export class RunService {
  readonly world: ServedWorld;
  readonly traces: Traces;
  readonly driven: DrivenRuns;
  readonly known: KnownRuns;
  /** In the order of their ends. */
  private readonly held = new Set<string>();

  constructor(world: ServedWorld, limits: DrivenLimits) {
    this.world = world;
    this.traces = watchTraces(world.live);
    this.driven = new DrivenRuns(world, limits);
    this.known = new KnownRuns({ world, driven: this.driven, traces: this.traces });
    this.driven.watch(({ type, run }) => {
      if (type === 'ended') this.hold(run);
      else if (type === 'started') this.held.delete(run);
    });
  }

  /** Resolves when the run is durable: whoever has its id can watch it, also when the server dies now. `identity`: what was made for this request before is found. */
  async create(given: CreateTrace, caller: Caller, identity?: RequestIdentity): Promise<CreatedRun> {
    const { world } = this;
    const uid = tenantOf(given.uid, caller);
    const args = this.argumentsOf(given);
    const run = identity?.run ?? world.newRunName();
    // The same request was here before, and was cut off behind what it did.
    if (identity !== undefined && (await this.known.facts.of(run)) !== undefined)
      return { trace_id: run, branch: firstBranch, status: 'running' };
    await this.driven.drive(run, async () => {
      const { end } = world.live.spawn({
        program: 'agent',
        name: 'agent',
        arguments: args,
        run,
        budget: world.budget,
        settings: withFacts(
          world.settings,
          { uid, name: world.redact(given.name ?? '') as string },
          given.model,
        ),
      });
      end.catch(() => {});
    });
    return { trace_id: run, branch: firstBranch, status: 'running' };
  }

  /**
   * What has ended, or was stopped, goes on: with what the user says next, or with its last answer given again; from where it is, or from behind a step. Throws Refused: there is no such run, it is running, the
   * client knows another branch of it; KernelError for a step that there is not, a run whose world is not here, or that another server drives.
   */
  async goOn(run: string, given: GoOnTrace, caller: Caller): Promise<WentOn> {
    await this.known.factsFor(run, caller);
    const messages = given.messages.map((message, index) => saidIn(message, `messages[${index}]`));
    const here = this.driven.get(run);
    if (here !== undefined && here.state !== 'stopping') throw alreadyRunning(run);
    // What is under way comes to its end first.
    await this.driven.over(run);
    await this.checkNobodyElse(run);
    const stored = await this.known.branchOf(run, undefined);
    checkBranch(stored, given.branch);
    // What is wrong is told before anything changes.
    this.planned(stored, given, messages);
    return this.driven.drive(run, () => this.restoreWith(run, given, messages, caller));
  }

  /** Holds it where it stands: the call in flight is broken off at once. Resolves when that is durable. */
  async stop(run: string, caller: Caller): Promise<'stopping' | 'not_running'> {
    await this.known.factsFor(run, caller);
    const here = this.driven.get(run);
    if (here === undefined) {
      await this.checkNobodyElse(run);
      return 'not_running';
    }
    // A reflection is worth nothing half done.
    if (here.isSide) {
      await this.driven.kill(run);
      return 'stopping';
    }
    // It stays stopped, whatever becomes of this server: stored before the signal is.
    const told = this.told(run, 'stop', caller);
    await Promise.all([told, this.driven.stop(run)]);
    return 'stopping';
  }

  /** A signal to one process. A stop of the first of a run is that of the run. Resolves when it is durable. */
  async signal(pid: Pid, signal: SignalName, caller: Caller): Promise<void> {
    const { live } = this.world;
    const here = this.driven.all().find(({ roots }) => roots.includes(pid));
    if (here !== undefined && !here.isSide && signal === 'stop') {
      await this.stop(here.run, caller);
      return;
    }
    live.signal(pid, signal);
    await live.settled();
  }

  /** A run that another server has left. False: somebody has stopped it, or it is over. Throws as `goOn`. */
  async goOnWithLeft(run: string): Promise<boolean> {
    const { storage } = this.world;
    const acts = (await storage.audit(run)).filter(({ record }) => isStopOrContinue.test(record.action));
    if (acts.at(-1)?.record.action === 'person/stop') return false;
    const open = (await storage.processes(run)).filter(({ end }) => end === undefined);
    const side = open.find(({ program }) => program === 'reflection');
    const begin = async (): Promise<boolean> => {
      const { branch, started, records } = await readBranch(storage, run, side?.branch);
      if (isOver(records)) return false;
      this.world.checkGoesOn(run, started.settings);
      await this.restored(run, branch, []);
      return true;
    };
    return this.driven.drive(run, begin, { isSide: side !== undefined });
  }

  /**
   * Nothing more is taken up, and all that goes on is parked, for the next server to go on with. Resolves when that is done, or `hurry` does: then calls are broken off where they are. Never rejects.
   */
  async close(hurry: Promise<unknown>): Promise<void> {
    this.driven.close(
      new Refused(503, 'SHUTTING_DOWN', 'the server ends; another one goes on with its runs', {
        retryAfter: 5,
      }),
    );
    // What comes behind the parking would not be parked.
    const parked = this.driven
      .allBegun()
      .then(() => this.world.live.park())
      .catch(() => {});
    await Promise.race([parked, hurry]);
    await this.driven.leaveAll();
  }

  // ---- How a run goes on ---------------------------------------------------------------------------------------------

  /** Nobody else drives it now: what is read is how it stands. */
  private async restoreWith(
    run: string,
    given: GoOnTrace,
    messages: readonly string[],
    caller: Caller,
  ): Promise<WentOn> {
    const { storage, clock } = this.world;
    const stored = await readBranch(storage, run);
    checkBranch(stored, given.branch);
    this.world.checkGoesOn(run, stored.started.settings);
    const request = this.planned(stored, given, messages);
    if (request === undefined) {
      await this.told(run, 'continue', caller);
      await this.restored(run, stored.branch, messages);
      return { trace_id: run, branch: stored.branch, status: 'running', insert_after: null, left_behind: 0 };
    }
    const plan = planBranch(stored, request, clock.nowUs());
    await storage.append([...plan.records, this.audited(run, 'continue', caller)]);
    await this.restored(run, plan.name, []);
    const { name: branch, origin, behind } = plan;
    return {
      trace_id: run,
      branch,
      status: 'running',
      insert_after: origin.after,
      left_behind: behind,
    };
  }

  /** The branch that is to be made; undefined: it goes on as it is. Throws KernelError for what cannot be. */
  private planned(
    stored: StoredBranch,
    { insert_after: after }: GoOnTrace,
    messages: readonly string[],
  ): BranchRequest | undefined {
    const root = rootOf(stored);
    if (messages.length > 0 && root.program !== 'agent')
      throw new KernelError(
        'INVALID_ARGUMENT',
        `messages: none are allowed here: a ${root.program} takes no messages`,
        {
          detail: { field: 'messages' },
        },
      );
    const isTold = messages.length > 0;
    // A write that was cut off may have acted: its agent is told so, which a cut before it would not do.
    if (after === undefined && isUnfinished(stored) && (!isTold || stored.underWay.length > 0))
      return undefined;
    const place = cutPlace({ steps: stored.steps, root: root.pid, after, isTold });
    const request: BranchRequest = { kind: 'rewind', after: place, messages: this.redacted(messages) };
    try {
      planBranch(stored, request, 0);
    } catch (error) {
      throw ofField(error, 'insert_after');
    }
    return request;
  }

  /** Its processes are here and go on, also when they were parked. Resolves to the end of the first of them. */
  async restored(
    run: string,
    branch: string,
    messages: readonly string[],
  ): Promise<{ readonly end: Promise<ProcessEnd> }> {
    const { live, storage } = this.world;
    const stored = await readStoredRun(storage, run, branch);
    if (stored === undefined) throw new Refused(409, 'OVER', `trace ${JSON.stringify(run)}: it is over`);
    const started = (await storage.branches(run)).find((one) => one.branch === branch);
    const { restore, ledger } = stored;
    const budgets = this.world.budgetsOf(run, started?.settings);
    let ends: ReadonlyMap<Pid, Promise<ProcessEnd>>;
    try {
      ends = live.restore({ ...stored, restore: { ...restore, ledger, ...budgets } });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      throw new Refused(
        409,
        error.code,
        `trace ${JSON.stringify(run)}: it cannot go on here: ${error.message}`,
      );
    }
    const { roots = [] } = this.driven.get(run) ?? {};
    for (const pid of roots.slice(0, 1))
      await Promise.all(messages.map((message) => live.message(pid, message)));
    const isHeld = restore.processes.some(({ signal }) => signal === 'stop');
    if (isHeld) for (const pid of this.driven.get(run)?.roots ?? []) live.signal(pid, 'continue');
    const [end] = ends.values();
    return { end: end! };
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private argumentsOf(given: CreateTrace): Json {
    const { system, before, task } = openedConversation(given.messages);
    const prompts = [given.system_prompt, system].filter((text) => text !== undefined && text !== '');
    const { models, tools } = this.world;
    checkKnown('model', given.model === undefined ? [] : [given.model], models);
    checkKnown('tools', given.tools ?? [], tools);
    const own: Record<string, Json> = {
      task,
      temperature: given.temperature,
      iterations: given.max_iterations,
      ...(before.length === 0 ? {} : { messages: before }),
      ...(given.model === undefined ? {} : { models: [given.model] }),
      ...(given.tools === undefined ? {} : { tools: given.tools }),
      ...(prompts.length === 0 ? {} : { system: prompts.join('\n\n') }),
    };
    const args = this.world.agent(own);
    agentTaskOf(args);
    return args;
  }

  private redacted(messages: readonly string[]): readonly Json[] {
    return messages.map((message) => this.world.redact(message));
  }

  /** An entry of the audit log: who wanted it. The last of these tells whether somebody has stopped the run. */
  private told(run: string, what: 'stop' | 'continue', caller: Caller): Promise<void> {
    return this.world.storage.append([this.audited(run, what, caller)]);
  }

  private audited(run: string, what: 'stop' | 'continue', { name }: Caller): AuditRecord {
    return {
      v: historyVersion,
      type: 'audit',
      run,
      pid: 1 as Pid,
      n: 0,
      action: `person/${what}`,
      input: 'none',
      output: 'none',
      microDollars: 0,
      person: name,
      atUs: this.world.clock.nowUs(),
    };
  }

  /** Throws Refused: another program drives it. */
  async checkNobodyElse(run: string): Promise<void> {
    const [summary] = await this.world.storage.runs({ run });
    if (summary === undefined) return;
    const { state, by } = await this.world.leases.standing(summary);
    if (state === 'running')
      throw new Refused(409, 'DRIVEN_ELSEWHERE', `trace ${JSON.stringify(run)}: ${by} drives it`);
  }

  private hold(run: string): void {
    this.held.delete(run);
    this.held.add(run);
    for (const oldest of this.held) {
      if (this.held.size <= mostHeld) return;
      this.held.delete(oldest);
      this.traces.forget(oldest);
    }
  }
}

const isStopOrContinue = /^person\/(?:stop|continue)$/;

function isOver(records: readonly BranchRecord[]): boolean {
  const alive = new Set<Pid>();
  for (const { type, pid } of records)
    if (type === 'process.started') alive.add(pid);
    else if (type === 'process.ended') alive.delete(pid);
  return alive.size === 0;
}

function checkKnown(field: string, given: readonly string[], known: readonly string[]): void {
  const index = given.findIndex((name) => !known.includes(name));
  if (index < 0) return;
  const place = field === 'tools' ? `${field}[${index}]` : field;
  throw new KernelError(
    'INVALID_ARGUMENT',
    `${place}: ${JSON.stringify(given[index])} is not allowed; allowed: ${known.join(', ') || 'none'}`,
    { detail: { field: place } },
  );
}

/** A client that counts the steps of another branch means other steps. */
function checkBranch({ run, current }: StoredBranch, branch: string | undefined): void {
  if (branch === undefined || branch === current) return;
  throw new Refused(
    409,
    'STALE_BRANCH',
    `branch: trace ${JSON.stringify(run)} goes on with ${JSON.stringify(current)}, not with ${JSON.stringify(branch)}`,
    { field: 'branch' },
  );
}

function isUnfinished(stored: StoredBranch): boolean {
  const { pid } = rootOf(stored);
  return !stored.steps.some((step: StoredStep) => step.pid === pid && step.type === 'conclusion');
}

/** What is wrong with a cut is told of the field that asks for it. */
function ofField(error: unknown, field: string): unknown {
  if (!(error instanceof KernelError) || error.detail['field'] !== 'after') return error;
  return new KernelError(error.code, error.message.replace(/^after/, field), {
    detail: { ...error.detail, field },
    cause: error,
  });
}
