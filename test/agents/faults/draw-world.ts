/** Worlds of agents drawn at random: who works on what, on which machine, with how much money, and what is to go wrong. */
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import { responseCache, responseCacheName } from '../../../src/agents/loop/response-cache.ts';
import type { AgentStep } from '../../../src/agents/steps.ts';
import { topologies, type Member, type TeamTask } from '../../../src/agents/teams/team-task.ts';
import { askPersonTool } from '../../../src/agents/tools/ask-person.ts';
import type { ToolImplementation } from '../../../src/agents/tools/tool-implementation.ts';
import { rngFor } from '../../../src/base/rng.ts';
import { engineDefaults, type EngineOptions } from '../../../src/kernel/engine-options.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import type { SpawnInput } from '../../../src/kernel/inputs.ts';
import type { KernelOptionsInput } from '../../../src/kernel/options.ts';
import type { Capabilities } from '../../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../../src/kernel/tools.ts';
import type { ModelFaults } from '../../../src/sim/devices/models/faulty-model.ts';
import type { FaultRates } from '../../../src/sim/faults.ts';
import { kernelPagingPolicies } from '../../support/kernel-paging.ts';
import { Draw } from '../../sim/random-draw.ts';
import { drawBudgets, drawLoadControl, drawScheduling, victimsIn } from '../../sim/random-kernel.ts';

/** A stretch of time in which the model's server refuses everybody. */
interface Storm {
  readonly fromUs: number;
  readonly untilUs: number;
}

interface Root extends Omit<SpawnInput, 'type'> {
  readonly atUs: number;
}

export interface FaultWorld {
  readonly kernel: Omit<KernelOptionsInput, 'programs' | 'ledger'>;
  readonly tools: readonly ToolImplementation[];
  readonly roots: readonly Root[];
  readonly faults: Partial<FaultRates>;
  readonly modelFaults: Partial<ModelFaults>;
  readonly storms: readonly Storm[];
  /** Shares of the calls: tools asked for, of these cut off, and unknown. */
  readonly model: { readonly toolCalls: number; readonly malformed: number; readonly unknownTool: number };
  /** Shares of the questions that are answered so; the rest are approved. */
  readonly people: { readonly deny: number; readonly edit: number };
  readonly flushUs: number;
  /** Share of the steps behind which something is told to a process from outside. */
  readonly disturbed: number;
  /** Inputs that each life of the kernel takes before it crashes; the one behind them comes to its end. */
  readonly lives: readonly number[];
}

export function drawFaultWorld(seed: number): FaultWorld {
  const draw = new Draw(rngFor(seed, 'faults/world'));
  const hasFaults = draw.chance(0.75);
  const engines = Array.from({ length: draw.of([1, 1, 2, 3]) }, (_, index) =>
    drawEngine(draw, `engine-${index}`),
  );
  const budgets = drawBudgets(draw, engines);
  const residency = draw.of(['independent', 'prefix'] as const);
  const isGuarded = draw.chance(0.5);
  const tools = drawTools(draw, isGuarded);
  return {
    kernel: {
      seed,
      engines,
      scheduling: drawScheduling(draw, draw.of([100_000, 2_000_000, 60_000_000])),
      paging: draw.of(Object.values(kernelPagingPolicies)),
      loadControl: draw.chance(0.7) ? undefined : drawLoadControl(draw),
      residency,
      victims: victimsIn(residency, draw.of(['any', 'leaf'] as const)),
      oversize: draw.of(['fail', 'bypass'] as const),
      budgets,
      tools: tools.map(({ spec }) => spec),
      mailboxLimit: draw.chance(0.8) ? 1_000 : draw.between(1, 2),
      deadlocks: draw.of(['report', 'resolve'] as const),
    },
    tools,
    roots: Array.from({ length: draw.magnitude(1, 8) }, (_, index) =>
      drawRoot(draw, index, { engines, budgets: budgets.map(({ name }) => name) }),
    ),
    faults: hasFaults ? drawFaults(draw) : {},
    modelFaults: hasFaults ? drawModelFaults(draw) : {},
    storms: draw.chance(0.3) ? drawStorms(draw) : [],
    model: {
      toolCalls: draw.of([0.5, 0.8, 0.95]),
      malformed: draw.of([0, 0.1]),
      unknownTool: draw.of([0, 0.1]),
    },
    people: { deny: draw.of([0, 0.3, 1]), edit: draw.of([0, 0.3]) },
    flushUs: draw.chance(0.5) ? 0 : draw.between(1, 50_000),
    disturbed: draw.of([0, 0, 0.02, 0.06]),
    lives: draw.chance(0.4)
      ? Array.from({ length: draw.between(1, 3) }, () =>
          draw.chance(0.2) ? draw.between(1, 5) : draw.between(5, 150),
        )
      : [],
  };
}

function drawEngine(draw: Draw, name: string): EngineOptions {
  return {
    ...engineDefaults,
    name,
    cores: draw.between(1, 4),
    memoryTokens: draw.of([1_500, 4_000, 20_000, 100_000]),
    windowTokens: draw.chance(0.8) ? Infinity : draw.between(600, 3_000),
    prefillTokensPerSecond: draw.of([500, 8_000]),
    decodeTokensPerSecond: draw.of([10, 60]),
    throughput: draw.of([[1], [1, 0.9, 0.7]]),
    preemption: draw.of(['none', 'none', 'continue', 'resume'] as const),
    prices: draw.of([
      { input: 3_000_000, cachedInput: 300_000, output: 15_000_000 },
      { input: 150_000, cachedInput: 75_000, output: 600_000 },
    ]),
  };
}

// ---- Tools -------------------------------------------------------------------------------------------------------------

const parameters = {
  type: 'object',
  properties: {
    path: { enum: ['a', 'b', 'c'] },
    text: { type: 'string', maxLength: 60 },
    size: { type: 'integer', minimum: 0, maximum: 6_000 },
  },
  required: ['path'],
};

interface PathArguments {
  readonly path: string;
  readonly size?: number;
}
const writes = (args: Json) => ({ reads: [], writes: [(args as unknown as PathArguments).path] });
const reads = (args: Json) => ({ reads: [(args as unknown as PathArguments).path], writes: [] });

/** Some of these: every rule that a tool may have, what it touches, how long and how often it may run, and who must approve it. */
function drawTools(draw: Draw, isGuarded: boolean): ToolImplementation[] {
  const timeoutUs = () => draw.of([500_000, 2_000_000, 15_000_000]);
  const specs: readonly (Partial<ToolSpec> & Pick<ToolSpec, 'name'>)[] = [
    { name: 'read', effects: reads, timeoutUs: timeoutUs() },
    { name: 'write', effects: writes, timeoutUs: timeoutUs() },
    { name: 'steady', effects: writes, retries: draw.between(1, 3), retryWaitUs: draw.of([0, 1_000_000]) },
    { name: 'again', effects: reads, retries: 2, timeoutUs: timeoutUs() },
    { name: 'remote', server: 'server', timeoutUs: timeoutUs() },
    { name: 'narrow', effects: () => ({ reads: [], writes: [] }), concurrency: draw.between(1, 2) },
    { name: 'guarded', effects: writes, approval: isGuarded },
    {
      name: 'judged',
      server: 'server',
      approval: (args: Json) => isGuarded && (args as unknown as PathArguments).path !== 'a',
    },
  ];
  return [
    ...specs
      .filter(() => draw.chance(0.6))
      .map((spec) => ({ spec: { description: 'of a test', parameters, ...spec }, run })),
    ...(draw.chance(0.4) ? [{ spec: askPersonTool, run }] : []),
    responseCache(),
  ];
}
const toolNames = [
  'read',
  'write',
  'steady',
  'again',
  'remote',
  'narrow',
  'guarded',
  'judged',
  askPersonTool.name,
];

function run(args: Json): ReturnType<ToolImplementation['run']> {
  const { path, size = 0 } = args as unknown as PathArguments;
  if (size % 10 === 9) return { ok: false, message: `${path} is broken` };
  return { ok: true, value: { path, text: 'z'.repeat(size) } };
}

// ---- Who works on what -------------------------------------------------------------------------------------------------

interface Machine {
  readonly engines: readonly { readonly name: string }[];
  readonly budgets: readonly string[];
}

function drawRoot(draw: Draw, index: number, { engines, budgets }: Machine): Root {
  const program = draw.weighted({ agent: 6, team: 3, 'single-call': 1, scripted: 2 });
  const args: Json = argumentsOf(program, draw, budgets);
  return {
    atUs: draw.chance(0.5) ? 0 : draw.between(0, 60_000_000),
    program,
    arguments: args,
    name: `root-${index + 1}`,
    run: `run-${index + 1}`,
    ...(draw.chance(0.3) ? { priority: draw.between(0, 100) } : {}),
    ...(draw.chance(0.4) ? { budget: draw.of(budgets) } : {}),
    ...(draw.chance(0.3) ? { engine: draw.of(engines).name } : {}),
    ...(draw.chance(0.08) ? { capabilities: drawCapabilities(draw) } : {}),
  };
}

function argumentsOf(program: string, draw: Draw, budgets: readonly string[]): Json {
  switch (program) {
    case 'agent':
      return drawTask(draw) as unknown as Json;
    case 'team':
      return drawTeam(draw, budgets, 0) as unknown as Json;
    case 'single-call':
      return { task: 'Do this and that.', maxOutput: 100, ...(draw.chance(0.7) ? memories : {}) };
    default:
      return { steps: drawSteps(draw) } as unknown as Json;
  }
}

/** Of what is remembered there, see `remembered`. */
const memories = { memories: { scopes: ['all', 'nobody'], tokens: 200 } };

function drawCapabilities(draw: Draw): Partial<Capabilities> {
  return { tools: draw.of(['all', ['read', 'write', responseCacheName]]), spawn: draw.chance(0.7) };
}

/** What earlier work has left in the scope `all`. */
export const remembered = ['Do this before that.', 'That is done by this.', 'Nobody does that.'];

function drawTask(draw: Draw): AgentTask {
  const { task, ...settings } = {
    task: `Do ${'this and that '.repeat(draw.magnitude(1, 60))}?`,
    ...drawSettings(draw),
  };
  return { task, ...settings };
}

/** Some of them out of range now and then: such an agent fails, and nobody else. */
function drawSettings(draw: Draw): Omit<AgentTask, 'task'> {
  const windowTokens = draw.chance(0.4) ? draw.between(700, 1_500) : draw.between(2_000, 5_000);
  return {
    ...(draw.chance(0.7) ? { system: 'You are an agent of a test.' } : {}),
    tools: toolNames.filter(() => draw.chance(0.7)),
    // Some are engines, which only they are asked on.
    models: draw.of([
      [],
      ['first'],
      ['first', 'second'],
      ['engine-1', 'engine-0'],
      ['first', 'engine-1', 'third'],
    ]),
    ...(draw.chance(0.3) ? { routes: { simple: ['small'], complex: ['large', 'first'] } } : {}),
    iterations: draw.chance(0.25) ? draw.between(1, 4) : draw.between(5, 30),
    toolCalls: draw.of([draw.between(0, 5), draw.between(5, 30)]),
    windowTokens,
    maxOutput: draw.chance(0.01) ? windowTokens : draw.between(50, 300),
    retries: draw.of([0, 1, 2, 2]),
    stepTimeoutUs: draw.of([3_000_000, 30_000_000, 120_000_000]),
    checkpointEvery: draw.between(1, 6),
    reflectEvery: draw.between(0, 3),
    reflections: draw.between(0, 4),
    critique: draw.chance(0.4),
    summarise: draw.chance(0.4),
    ...(draw.chance(0.2) ? { summaryModels: ['small', 'engine-0'] } : {}),
    ...(draw.chance(0.2) ? memories : {}),
    ...(draw.chance(0.3) ? { dropAt: 0.5, dropTo: 0.3 } : {}),
    cache: draw.chance(0.2),
    followUpUs: draw.chance(0.2) ? draw.between(1, 90_000_000) : 0,
  };
}

function drawTeam(draw: Draw, budgets: readonly string[], level: number): TeamTask {
  const topology = draw.of(topologies);
  const member = (name: string): Member => drawMember(draw, name, budgets, level);
  const members = Array.from({ length: draw.between(2, 4) }, (_, index) => member(`member-${index + 1}`));
  const canCombine = topology !== 'pipeline' && topology !== 'hierarchical';
  return {
    topology,
    task: 'Work together.',
    members,
    ...(topology === 'hierarchical' ? { leader: leader(member('leader')) } : {}),
    ...(canCombine && draw.chance(0.5) ? { combiner: member('combiner') } : {}),
    ...(draw.chance(0.5) ? { parallel: draw.between(1, 3) } : {}),
    ...(topology === 'debate' ? { rounds: draw.between(1, 2) } : {}),
    depth: draw.between(1, 3),
  };
}

/** Whoever divides the work has no tools, so that it says something in time. */
function leader(member: Member): Member {
  const { name, arguments: args } = member;
  return member.program === undefined ? { name, arguments: { ...args, tools: [] } } : { name };
}

function drawMember(draw: Draw, name: string, budgets: readonly string[], level: number): Member {
  const budget = draw.chance(0.2) ? { budget: draw.of([...budgets, 'nobody']) } : {};
  if (level < 2 && draw.chance(0.1)) {
    const { task: _, ...args } = drawTeam(draw, budgets, level + 1);
    return { name, program: 'team', arguments: args as unknown as { [field: string]: Json }, ...budget };
  }
  if (draw.chance(0.03)) return { name, program: 'nobody' };
  const settings = drawSettings(draw) as unknown as { [field: string]: Json };
  return {
    name,
    ...(draw.chance(0.5) ? { role: 'somebody who looks closely' } : {}),
    arguments: settings,
    ...budget,
    ...(draw.chance(0.2) ? { priority: draw.between(0, 100) } : {}),
  };
}

/** One that asks people, and remembers nothing. */
function drawSteps(draw: Draw): AgentStep[] {
  const steps: AgentStep[] = [{ op: 'page', kind: 'user', text: 'begin' }];
  for (let left = draw.between(2, 6); left > 0; left--)
    steps.push(
      draw.of<AgentStep>([
        { op: 'ask', question: 'and now?', answer: 'go on' },
        { op: 'ask', question: 'is it so?', answer: 'it is' },
        { op: 'think', tokensOut: draw.between(1, 200), text: 'so be it' },
        { op: 'sleep', us: draw.between(1, 20_000_000) },
        { op: 'checkpoint' },
        { op: 'tools', calls: [{ tool: draw.of(toolNames), arguments: { path: 'a' } }] },
      ]),
    );
  return steps;
}

// ---- What goes wrong ---------------------------------------------------------------------------------------------------

/** Mostly nothing or a little; now and then always. */
const rate = (draw: Draw): number => draw.of([0, 0, 0.05, 0.05, 0.3, draw.chance(0.2) ? 1 : 0.3]);

function drawFaults(draw: Draw): Partial<FaultRates> {
  return {
    modelFailure: draw.chance(0.2) ? rate(draw) : 0,
    toolFailure: rate(draw),
    toolRepeat: rate(draw),
    toolLate: rate(draw),
    personAbsent: rate(draw),
    personLate: rate(draw),
    personRepeat: rate(draw),
    storageFailure: draw.chance(0.2) ? rate(draw) : 0,
  };
}

function drawModelFaults(draw: Draw): Partial<ModelFaults> {
  const kinds = ['refused', 'rejected', 'stalled', 'empty', 'brokenOff', 'cutOff', 'repeated'] as const;
  if (draw.chance(0.06)) return { [draw.of(kinds)]: 1 };
  return Object.fromEntries(kinds.map((kind) => [kind, draw.of([0, 0, 0.03, 0.1])]));
}

function drawStorms(draw: Draw): Storm[] {
  let atUs = 0;
  return Array.from({ length: draw.between(1, 3) }, () => {
    const fromUs = atUs + draw.magnitude(0, 120_000_000);
    atUs = fromUs + draw.between(1_000_000, 60_000_000);
    return { fromUs, untilUs: atUs };
  });
}
