/**
 * A simulation as plain data: what a recording's header holds and what a scenario file says of its kernel. The same description builds the same
 * kernel, so that inputs can be fed to it again.
 */
import { invalid } from '../kernel/errors.ts';
import type { BudgetNodeSpec } from '../kernel/budget-limits.ts';
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import type { EngineOptions } from '../kernel/engine-options.ts';
import type { Residency, VictimRule } from '../kernel/memory/memory-options.ts';
import type {
  DeadlockRule,
  KernelOptionsInput,
  LockProtocol,
  OversizeRule,
  QueueRule,
} from '../kernel/options.ts';
import { toolSpecOf, type ToolData } from '../kernel/tool-data.ts';
import type { ToolSpec } from '../kernel/tools.ts';
import { stepProgramsOf } from '../agents/programs.ts';
import { builtInTools } from '../agents/tools/built-in.ts';
import { Workflow } from '../agents/workflow.ts';
import {
  eevdfDefaults,
  eevdfWith,
  loadControlPolicy,
  lotteryDefaults,
  lotteryWith,
  pagingPolicy,
  priorityDefaults,
  priorityWith,
  randomDefaults,
  randomWith,
  roundRobinDefaults,
  roundRobinWith,
  schedulingPolicies,
  schedulingPolicy,
  staticPriorityDefaults,
  staticPriorityWith,
  strideDefaults,
  strideWith,
} from '../policies/index.ts';

export interface SimulationSpec {
  readonly seed: number;
  readonly engines: readonly Partial<EngineOptions>[];
  /** Absent: per-engine, false, and where processes may change their engine 1. */
  readonly queues?: QueueRule;
  readonly steal?: boolean;
  readonly affinity?: number;
  /** Names of policies. */
  readonly scheduler: string;
  /** The scheduler is a user's own: its file, absolute, and the hash of its content. */
  readonly schedulerFile?: { readonly path: string; readonly sha256: string };
  readonly paging: string;
  readonly loadControl: string;
  /** Time slice of the policies that have one, µs; absent: the policy's own (60 s). */
  readonly sliceUs?: number;
  readonly residency: Residency;
  /** Absent: `leaf` in prefix residency, `any` in independent. */
  readonly victims?: VictimRule;
  readonly oversize: OversizeRule;
  readonly lockProtocol: LockProtocol;
  readonly deadlocks: DeadlockRule;
  readonly budgets: readonly BudgetNodeSpec[];
  readonly tools: readonly ToolData[];
}

export const simulationDefaults: SimulationSpec = {
  seed: 1,
  engines: [{}],
  scheduler: 'priority',
  paging: 'importance-lru',
  loadControl: 'none',
  residency: 'prefix',
  oversize: 'fail',
  lockProtocol: 'inheritance',
  deadlocks: 'report',
  budgets: [],
  tools: [],
};

/**
 * For one kernel. `own`: the policy of `schedulerFile`, which somebody has imported. Throws KernelError INVALID_ARGUMENT: an unknown policy, a slice out of
 * range, a tool registered twice.
 */
export function kernelOptionsOf(spec: SimulationSpec, own?: CreateSchedulingPolicy): KernelOptionsInput {
  const workflow = new Workflow();
  return {
    seed: spec.seed,
    engines: spec.engines,
    ...(spec.queues === undefined ? {} : { queues: spec.queues }),
    ...(spec.steal === undefined ? {} : { steal: spec.steal }),
    ...(spec.affinity === undefined ? {} : { affinity: spec.affinity }),
    scheduling: schedulerOf(spec.scheduler, spec.sliceUs, own),
    paging: pagingPolicy(spec.paging),
    plan: workflow,
    ...(spec.loadControl === 'none' ? {} : { loadControl: loadControlPolicy(spec.loadControl) }),
    residency: spec.residency,
    ...(spec.victims === undefined ? {} : { victims: spec.victims }),
    oversize: spec.oversize,
    lockProtocol: spec.lockProtocol,
    deadlocks: spec.deadlocks,
    budgets: spec.budgets,
    tools: [...builtInSpecs(spec.tools), ...spec.tools.map(toolSpecOf)],
    programs: stepProgramsOf(workflow),
  };
}

/** Engines without a name are told apart by their place. */
export function namedEngines(engines: readonly Partial<EngineOptions>[]): readonly Partial<EngineOptions>[] {
  return engines.length === 1
    ? engines
    : engines.map((one, index) => ({ name: `engine-${index + 1}`, ...one }));
}

/** The policies that give every process the same slice: their own, µs, and how they are made with another. */
const sliced: Readonly<
  Record<string, { readonly ownUs: number; readonly withSlice: (sliceUs: number) => CreateSchedulingPolicy }>
> = {
  'round-robin': {
    ownUs: roundRobinDefaults.sliceUs,
    withSlice: (sliceUs) => roundRobinWith({ sliceUs }),
  },
  'priority-preemptive': {
    ownUs: staticPriorityDefaults.sliceUs,
    withSlice: (sliceUs) => staticPriorityWith({ ...staticPriorityDefaults, sliceUs }),
  },
  'priority-nonpreemptive': {
    ownUs: staticPriorityDefaults.sliceUs,
    withSlice: (sliceUs) => staticPriorityWith({ ...staticPriorityDefaults, isPreemptive: false, sliceUs }),
  },
  priority: {
    ownUs: priorityDefaults.sliceUs,
    withSlice: (sliceUs) => priorityWith({ ...priorityDefaults, sliceUs }),
  },
  lottery: {
    ownUs: lotteryDefaults.sliceUs,
    withSlice: (sliceUs) => lotteryWith({ ...lotteryDefaults, sliceUs }),
  },
  stride: { ownUs: strideDefaults.sliceUs, withSlice: (sliceUs) => strideWith({ sliceUs }) },
  eevdf: {
    ownUs: eevdfDefaults.sliceUs,
    withSlice: (sliceUs) => eevdfWith({ ...eevdfDefaults, sliceUs }),
  },
  random: { ownUs: randomDefaults.sliceUs, withSlice: (sliceUs) => randomWith({ sliceUs }) },
};

const slicesOf = (scheduler: string) => (Object.hasOwn(sliced, scheduler) ? sliced[scheduler] : undefined);

/** A scheduling policy by name, or the user's own, with slices of this length where it has slices. Throws KernelError INVALID_ARGUMENT. */
export function schedulerOf(
  name: string,
  sliceUs: number | undefined,
  own?: CreateSchedulingPolicy,
): CreateSchedulingPolicy {
  const create = own ?? schedulingPolicy(name);
  if (sliceUs === undefined) return create;
  if (!Number.isSafeInteger(sliceUs) || sliceUs < 1)
    throw invalid('slice', sliceUs, 'an integer above 0 (µs)');
  const slices = slicesOf(name);
  if (slices === undefined) throw invalid('slice', sliceUs, noSlice(name)!);
  return slices.withSlice(sliceUs);
}

/** Longest run of a call before another that is ready gets the core, µs; Infinity: its scheduler has no slices, or none that are alike. */
export function sliceUsOf({ scheduler, sliceUs }: SimulationSpec): number {
  const slices = slicesOf(scheduler);
  return slices === undefined ? Infinity : (sliceUs ?? slices.ownUs);
}

/** Whether the slices of a scheduler can be set, are its own (a user's policy says so itself), or are none: each call runs until it waits. */
export function sliceRule(scheduler: string): 'settable' | 'own' | 'none' {
  if (slicesOf(scheduler) !== undefined) return 'settable';
  const hasItsOwn =
    ['mlfq', 'cfs', 'plas', 'atlas'].includes(scheduler) || !Object.hasOwn(schedulingPolicies, scheduler);
  return hasItsOwn ? 'own' : 'none';
}

/** What is allowed instead of a slice; undefined: this scheduler has slices. */
export function noSlice(scheduler: string): string | undefined {
  const rule = sliceRule(scheduler);
  if (rule === 'settable') return undefined;
  return rule === 'own'
    ? `no slice: scheduler ${scheduler} has slices of its own`
    : `no slice: scheduler ${scheduler} runs each call until it waits`;
}

/** A recording may have tools of its own with these names, and other arguments. */
function builtInSpecs(tools: readonly ToolData[]): readonly ToolSpec[] {
  const names = new Set(tools.map(({ name }) => name));
  return builtInTools.map(({ spec }) => spec).filter(({ name }) => !names.has(name));
}
