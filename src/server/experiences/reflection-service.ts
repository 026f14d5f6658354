/**
 * Reflections on runs: each is a branch beside that with which the run goes on, with a process of its own in it, so that nothing of the run is touched, whatever becomes of it. What it costs is the run's.
 */
import type { ReflectionResult, ReflectionTask } from '../../agents/memory/reflection-program.ts';
import type { ProcessEnd } from '../../host/live-kernel.ts';
import { readBranch, type StoredBranch } from '../../host/stored-branch.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import { historyVersion as v, type KernelRecord } from '../../kernel/records.ts';
import { defaultCapabilities } from '../../kernel/syscalls.ts';
import type { Caller } from '../caller.ts';
import { Refused } from '../errors.ts';
import type { RunService } from '../runs/run-service.ts';
import { rootOf } from '../runs/stored-root.ts';
import type { ServedWorld } from '../served-world.ts';
import type { Reflected } from './experience-schemas.ts';
import { feedbackOf, scopeOf, type ExperienceService } from './experience-service.ts';
import { runRecord } from './run-record.ts';

/** Of a record, characters: some quarter of the window of a model. */
const mostRecorded = 100_000;

export class ReflectionService {
  private readonly world: ServedWorld;
  private readonly runs: RunService;
  private readonly experiences: ExperienceService;

  constructor(world: ServedWorld, runs: RunService, experiences: ExperienceService) {
    this.world = world;
    this.runs = runs;
    this.experiences = experiences;
  }

  /** Resolves when the reflection has ended, and what came of it is durable. Throws Refused: there is no such run, it is running, or has done nothing. */
  async reflect(run: string, caller: Caller): Promise<Reflected> {
    const { world, runs } = this;
    const { uid } = await runs.known.factsFor(run, caller);
    const here = runs.driven.get(run);
    if (here !== undefined)
      throw new Refused(
        409,
        'RUNNING',
        `trace ${JSON.stringify(run)}: it ${here.state === 'stopped' ? 'is stopped, and may go on' : 'is running'}; a reflection is on a trace that has ended`,
      );
    await runs.checkNobodyElse(run);
    const begin = async (): Promise<{ readonly branch: string; readonly end: Promise<ProcessEnd> }> => {
      const stored = await readBranch(world.storage, run);
      const all = await world.storage.processes(run);
      const pid = (Math.max(...all.map((process) => process.pid)) + 1) as Pid;
      const records = this.sideBranch(stored, pid, scopeOf(uid));
      await world.storage.append(records);
      const { branch } = records[0] as { readonly branch: string };
      const { end } = await runs.restored(run, branch, []);
      return { branch, end };
    };
    const { branch, end } = await runs.driven.drive(run, begin, { isSide: true });
    return this.reflected(run, branch, await end);
  }

  /** A branch with one process that does nothing but reflect. `pid`: that of no other process of the run. */
  private sideBranch(stored: StoredBranch, pid: Pid, scope: string): KernelRecord[] {
    const { run, branch: from, branches, steps, started } = stored;
    const root = rootOf(stored);
    const meant = steps.findLast(({ type }) => type !== 'feedback');
    if (meant === undefined)
      throw new Refused(409, 'NOTHING_DONE', `trace ${JSON.stringify(run)}: it has done nothing yet`);
    const { condition, did } = feedbackOf(stored, meant, { kind: 'correction', text: '-' });
    const { task = '', models } = (isRecord(root.arguments) ? root.arguments : {}) as {
      readonly task?: string;
      readonly models?: readonly string[];
    };
    const [model] = models ?? [];
    const args: ReflectionTask = {
      scope,
      record: runRecord(task, steps, mostRecorded),
      about: { condition, did, run, step: meant.sequence },
      ...(model === undefined ? {} : { model }),
    };
    const branch = nameOf(branches.map((one) => one.branch));
    const atUs = this.world.clock.nowUs();
    return [
      {
        v,
        type: 'run.started',
        run,
        branch,
        ...(started.settings === undefined ? {} : { settings: started.settings }),
        origin: { kind: 'fork', branch: from, after: steps.length },
        atUs,
      },
      {
        v,
        type: 'process.started',
        run,
        branch,
        pid,
        parent: 0,
        name: 'reflection',
        program: 'reflection',
        programVersion: 1,
        arguments: args as unknown as Json,
        priority: root.priority,
        budget: root.budget,
        engine: root.engine,
        capabilities: { ...defaultCapabilities, tools: [], spawn: false },
        atUs,
      },
    ];
  }

  private reflected(run: string, branch: string, { outcome, value, code, message }: ProcessEnd): Reflected {
    if (outcome !== 'completed')
      return {
        trace_id: run,
        branch,
        status: 'failed',
        score: null,
        issues: [],
        suggestions: [],
        experience: null,
        error: { code: code === '' ? outcome.toUpperCase() : code, message },
      };
    const { reflection, experience } = value as unknown as ReflectionResult;
    const { score, issues, suggestions } = reflection;
    return {
      trace_id: run,
      branch,
      status: 'completed',
      score,
      issues: [...issues],
      suggestions: [...suggestions],
      experience: this.experiences.view(experience, this.world.clock.nowUs()),
      error: null,
    };
  }
}

function nameOf(taken: readonly string[]): string {
  for (let number = 1; ; number++) if (!taken.includes(`reflect-${number}`)) return `reflect-${number}`;
}
