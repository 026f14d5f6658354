/**
 * The work of a recording under other settings: simulated as it was recorded, and as it would have been. Models, tools and people answer as they did, and take as long; what a model
 * would have said to a prompt that it was never asked is not known, so that this predicts time and cost, not the quality of answers.
 */
import { hourUs, type BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { KernelOptionsInput } from '../../kernel/options.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { builtInTools } from '../../agents/tools/built-in.ts';
import type { SimulatedModel } from '../../agents/model/model-call.ts';
import type { RecordedAnswer } from '../devices/models/recorded-answers.ts';
import { ReplayedModel, type ReplayCounts } from '../devices/models/replayed-model.ts';
import { isLiveSpec, liveKernelOptions, type LiveParts, type LiveSpec } from '../live-spec.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { EngineFacts, RunMetrics } from '../metrics/run-metrics.ts';
import { Simulation } from '../simulation.ts';
import { kernelOptionsOf, type SimulationSpec } from '../spec.ts';
import { FamilyPlaces } from './family-places.ts';
import { fitRates, timeOf, type FittedRates } from './fit-rates.ts';
import type { RecordedSpawn, RecordedWork, WorldInput } from './recorded-work.ts';

/** What is to be otherwise; what is absent stays as recorded. */
export interface OtherSettings {
  readonly scheduler?: string;
  readonly schedulerFile?: SimulationSpec['schedulerFile'];
  readonly sliceUs?: number;
  readonly paging?: string;
  readonly loadControl?: string;
  /** Of each engine. */
  readonly memoryTokens?: number;
  readonly cores?: number;
  /** Of each root process, in fixed hours, below the budget that it had. */
  readonly tokensPerHour?: number;
}

export interface Simulated {
  readonly metrics: RunMetrics;
  /** How its model calls relate to those of the recording; calls whose answers its programs bring themselves are not among them. */
  readonly answers: ReplayCounts;
  /** Messages and signals from outside whose processes never came to be. */
  readonly untold: number;
}

export type Spec = SimulationSpec | LiveSpec;

export interface RecordedRates {
  /** Of all calls together. */
  readonly all: FittedRates;
  /** By the place of the engine, of those that had calls. */
  readonly ofEngines: ReadonlyMap<number, FittedRates>;
}

/** What is to be simulated: a description, its parts, and the work. */
export interface WhatIf {
  readonly spec: Spec;
  readonly parts: LiveParts;
  readonly work: RecordedWork;
  readonly rates: RecordedRates;
  /** What `spec` has otherwise than the recording; absent: nothing. */
  readonly settings?: OtherSettings;
}

/** `spec` with other settings. */
export function specWith(spec: Spec, settings: OtherSettings, spawns: readonly RecordedSpawn[]): Spec {
  const { scheduler, schedulerFile, sliceUs, paging, loadControl, memoryTokens, cores, tokensPerHour } =
    settings;
  const engine = {
    ...(memoryTokens === undefined ? {} : { memoryTokens }),
    ...(cores === undefined ? {} : { cores }),
  };
  // A slice, or a file, belongs to the scheduler that it was recorded with.
  const { sliceUs: recordedSlice, schedulerFile: recordedFile, ...rest } = spec;
  const own = scheduler === undefined ? recordedFile : schedulerFile;
  const slice = sliceUs ?? (scheduler === undefined ? recordedSlice : undefined);
  const other = {
    ...rest,
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(own === undefined ? {} : { schedulerFile: own }),
    ...(slice === undefined ? {} : { sliceUs: slice }),
    ...(paging === undefined ? {} : { paging }),
    ...(loadControl === undefined ? {} : { loadControl }),
    engines: spec.engines.map((one) => ({ ...one, ...engine })),
    ...(tokensPerHour === undefined ? {} : { budgets: withOwnBudgets(spec.budgets, spawns, tokensPerHour) }),
  };
  // What was simulated has no engine of live ones.
  return other as Spec;
}

/** A node for each root process, below the one that it had. */
function withOwnBudgets(
  budgets: readonly BudgetNodeSpec[],
  spawns: readonly RecordedSpawn[],
  amount: number,
): BudgetNodeSpec[] {
  const all = budgets.length === 0 ? [{ name: 'root' }] : budgets;
  return [
    ...all,
    ...spawns.map(({ spawn }, index): BudgetNodeSpec => ({
      name: ownBudget(index),
      parent: spawn.budget ?? all[0]!.name,
      limits: [{ resource: 'tokens', amount, window: { kind: 'fixed', lengthUs: hourUs } }],
    })),
  ];
}
const ownBudget = (index: number): string => `what-if-${index + 1}`;

/** The speed of the recorded model, where its engines don't have it: of a live run only its recording knows. */
export function ratesOf({ callTimes }: RecordedWork): RecordedRates {
  const engines = new Set(callTimes.map(({ engine }) => engine));
  const fitted = [...engines].map((own): [number, FittedRates] => [
    own,
    fitRates(callTimes.filter(({ engine }) => engine === own)),
  ]);
  return { all: fitRates(callTimes), ofEngines: new Map(fitted) };
}

/** Throws KernelError as the kernel does. */
export function simulateWork({ spec, parts, work, rates, settings = {} }: WhatIf): Simulated {
  const model = new ReplayedModel(answersFor(settings, work), unrecorded(work, rates.all));
  const kernel = simulatedKernel(spec, parts, rates);
  const places = new FamilyPlaces();
  /** For processes that are still to come. */
  const early = new Map<string, WorldInput[]>();
  let metrics: Metrics | undefined;
  const simulation = new Simulation({
    kernel,
    tools: builtInTools,
    model,
    replay: work.replay(),
    flushUs: median(work.flushUs),
    onEvent: (event) => {
      metrics!.onEvent(event);
      if (event.type !== 'process.spawned') return;
      const place = places.add(event);
      for (const input of early.get(place) ?? []) tell(simulation, input, event.pid, event.atUs);
      early.delete(place);
    },
  });
  metrics = new Metrics({
    engines: engineFacts(simulation.kernel),
    budgets: simulation.kernel.options.budgets,
  });
  const own = new Set(spec.budgets.map(({ name }) => name));
  for (const [index, { atUs, spawn }] of work.spawns.entries()) {
    const { type: _, ...rest } = spawn;
    simulation.spawn(atUs, own.has(ownBudget(index)) ? { ...rest, budget: ownBudget(index) } : rest);
  }
  for (const { input, to } of work.world) {
    simulation.run(input.atUs - 1);
    const pid = places.pidOf(to);
    if (pid === undefined) early.set(to, [...(early.get(to) ?? []), input]);
    else tell(simulation, input, pid, input.atUs);
  }
  simulation.run();
  const untold = [...early.values()].reduce((sum, inputs) => sum + inputs.length, 0);
  return { metrics: metrics.result(simulation.nowUs), answers: model.counts, untold };
}

/** What a server said of its cache holds as long as nothing is asked about memory; else the simulation says itself what is found in it. */
function answersFor(
  { memoryTokens, paging }: OtherSettings,
  { answers }: RecordedWork,
): readonly RecordedAnswer[] {
  if (memoryTokens === undefined && paging === undefined) return answers.answers;
  return answers.answers.map((recorded) => {
    const { tokensCached: _, ...answer } = recorded.answer;
    return { ...recorded, answer };
  });
}

/** Messages and signals from outside come when they came, to the process in the same place of its family. */
function tell(simulation: Simulation, input: WorldInput, pid: Pid, atUs: number): void {
  if (input.type === 'signal.sent') simulation.signal(atUs, pid, input.signal);
  else simulation.message(atUs, pid, input.message);
}

function simulatedKernel(spec: Spec, parts: LiveParts, rates: RecordedRates): KernelOptionsInput {
  if (!isLiveSpec(spec)) return { ...kernelOptionsOf(spec, parts.own), records: true };
  const engines = spec.engines.map((engine, index) => ({
    ...engine,
    ...speedOf(rates.ofEngines.get(index) ?? rates.all),
  }));
  return { ...liveKernelOptions({ ...spec, engines }, parts), records: true };
}

function speedOf({ prefillUs, decodeUs }: FittedRates): Partial<EngineOptions> {
  return {
    ...(prefillUs > 0 ? { prefillTokensPerSecond: 1_000_000 / prefillUs } : {}),
    ...(decodeUs > 0 ? { decodeTokensPerSecond: 1_000_000 / decodeUs } : {}),
  };
}

function engineFacts({ options }: Kernel): readonly EngineFacts[] {
  return options.engines.map(({ name, cores, memoryTokens }) => ({ name, cores, memoryTokens }));
}

/** A call that was never made is answered with as many tokens as half the recorded answers had at most, in the time that these would take; it asks for no tool, so that agents end. */
function unrecorded({ callTimes }: RecordedWork, rates: FittedRates): SimulatedModel {
  const typical = {
    newTokens: median(callTimes.map(({ newTokens }) => newTokens)),
    repeatedTokens: 0,
    tokensOut: Math.max(1, median(callTimes.map(({ tokensOut }) => tokensOut))),
  };
  return {
    answer: ({ maxOutput }) => ({
      text: '',
      tokensOut: Math.min(maxOutput, typical.tokensOut),
      finish: 'stop',
      durationUs: timeOf(rates, typical),
    }),
  };
}

/** The lower one of two in the middle; 0 of none. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
