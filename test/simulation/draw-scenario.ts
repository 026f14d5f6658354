/** One seed, one scenario: who works, and what goes wrong. */
import { agentDefaults } from '../../src/agents/loop/agent-task.ts';
import { askPersonTool } from '../../src/agents/tools/ask-person.ts';
import { topologies } from '../../src/agents/teams/team-task.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { ToolData } from '../../src/kernel/tool-data.ts';
import { Draw } from '../sim/random-draw.ts';
import {
  flushPhases,
  type AgentPlan,
  type AskedTool,
  type Crash,
  type CrashPoint,
  type FlushFault,
  type PersonPlan,
  type RunPlan,
  type Scenario,
  type Stretch,
  type ToolArguments,
  type Turn,
  type WorkerPlan,
} from './scenario.ts';

export function drawScenario(seed: number): Scenario {
  const draw = new Draw(rngFor(seed, 'simulation'));
  const scenario = drawAny(draw, seed);
  return draw.chance(0.4) ? withoutHaste(scenario) : scenario;
}

/** Nothing in it hangs on when it happens, so that it has to end as the undisturbed one does, whatever crashes. */
function withoutHaste(scenario: Scenario): Scenario {
  const { kernel, runs } = scenario;
  return {
    ...scenario,
    kernel: { ...kernel, engines: kernel.engines.map((engine) => ({ ...engine, preemption: 'none' })) },
    budgets: [{ name: 'all' }],
    storms: [],
    runs: runs.map((run) => ({
      ...run,
      agents: run.agents.filter(({ program }) => program !== 'diary'),
      workers: run.workers.map((worker) => ({ ...worker, jumps: [], pauses: [] })),
      signals: [],
      messages: [],
    })),
  };
}

function drawAny(draw: Draw, seed: number): Scenario {
  const tools = drawTools(draw);
  const names = tools.map(({ name }) => name);
  return {
    seed,
    kernel: {
      engines: Array.from({ length: draw.of([1, 1, 1, 2]) }, (_, index) => ({
        name: `engine-${index + 1}`,
        cores: draw.between(1, 3),
        memoryTokens: draw.of([2_000, 20_000, 100_000]),
        preemption: draw.of(['none', 'none', 'continue'] as const),
      })),
      scheduling: draw.of(['priority', 'round-robin', 'fifo'] as const),
      sliceUs: draw.of([500_000, 60_000_000]),
      paging: draw.of(['importance-lru', 'lru', 'sieve', 'clock']),
      residency: draw.of(['independent', 'prefix'] as const),
      oversize: draw.of(['fail', 'bypass', 'estimate'] as const),
      deadlocks: draw.of(['report', 'resolve'] as const),
      mailboxLimit: draw.chance(0.9) ? 1_000 : 1,
    },
    budgets: drawBudgets(draw),
    tools,
    storms: draw.chance(0.15) ? [drawStretch(draw)] : [],
    runs: Array.from({ length: draw.of([1, 1, 1, 2]) }, (_, index) =>
      drawRun(draw, `run-${index + 1}`, names),
    ),
  };
}

function drawStretch(draw: Draw): Stretch {
  const fromUs = draw.between(0, 10_000_000);
  return { fromUs, untilUs: fromUs + draw.between(1_000, 30_000_000) };
}

function drawBudgets(draw: Draw): Scenario['budgets'] {
  const part = { name: 'part', parent: 'all' };
  if (draw.chance(0.5)) return [{ name: 'all' }, part];
  const window = draw.of([
    { kind: 'total' },
    { kind: 'fixed', lengthUs: 60_000_000 },
    { kind: 'sliding', lengthUs: 30_000_000 },
  ] as const);
  const resource = draw.of(['tokens', 'calls', 'microDollars'] as const);
  const amount = { tokens: 6_000, calls: 12, microDollars: 60_000 }[resource];
  const limit = { resource, amount: draw.between(Math.ceil(amount / 3), amount), window };
  return [
    { name: 'all', limits: [limit], whenExhausted: draw.of(['wait', 'wait', 'stop', 'suspend'] as const) },
    part,
  ];
}

// ---- Tools -------------------------------------------------------------------------------------------------------------

const parameters: Json = { type: 'object', required: ['path'] };

function drawTools(draw: Draw): readonly ToolData[] {
  const timeoutUs = draw.of([300_000, 2_000_000, 15_000_000]);
  const tools: readonly ToolData[] = [
    { name: 'read', reads: ['{path}'], writes: [] },
    { name: 'write', reads: [], writes: ['{path}'], timeoutUs },
    { name: 'put', reads: [], writes: ['{path}'], idempotent: true, timeoutUs },
    { name: 'steady', reads: [], writes: ['{path}'], retries: draw.between(1, 2), retryWaitUs: 200_000 },
    { name: 'look', reads: ['{path}'], writes: [], retries: 2, retryWaitUs: 0, timeoutUs },
    { name: 'remote', server: 'server', timeoutUs },
    // One whose schema does not ask for the path.
    { name: 'narrow', reads: [], writes: [], concurrency: 1, parameters: { type: 'object' } },
    { name: 'guarded', reads: [], writes: ['{path}'], approval: true },
    { name: 'judged', reads: [], writes: ['{path}'], approval: 'writes', idempotent: true },
    { name: 'ask', asksPerson: true },
  ];
  const drawn = tools.filter(() => draw.chance(0.6));
  return (drawn.length === 0 ? tools.slice(0, 2) : drawn).map((tool) => ({ parameters, ...tool }));
}

function drawCall(draw: Draw, tools: readonly string[]): AskedTool {
  const tool = draw.chance(0.03) ? 'nothing' : draw.of(tools);
  const does = draw.weighted({ ok: 20, fails: 2, throws: 1, late: 1, lost: 1, twice: 1 });
  const args: ToolArguments = {
    path: draw.of(['a', 'b', 'c']),
    us: draw.magnitude(0, 1_000_000),
    ...(does === 'ok' ? {} : { does }),
    ...(draw.chance(0.3) ? { acts: 'begin' } : {}),
    ...(['guarded', 'judged', 'ask', askPersonTool.name].includes(tool)
      ? { person: drawPerson(draw, tool) }
      : {}),
  };
  return { tool, arguments: args };
}

function drawPerson(draw: Draw, tool: string): PersonPlan {
  return {
    us: draw.magnitude(0, 60_000_000),
    says: draw.weighted({
      approve: tool === 'ask' ? 0 : 6,
      edit: tool === 'ask' ? 0 : 2,
      answer: 2,
      deny: 2,
      absent: 1,
    }),
    ...(draw.chance(0.2) ? { times: 2 } : {}),
  };
}

// ---- Who works ---------------------------------------------------------------------------------------------------------

function drawRun(draw: Draw, name: string, tools: readonly string[]): RunPlan {
  const scripts: Record<string, readonly Turn[]> = {};
  const agents = Array.from({ length: draw.of([1, 1, 2, 3]) }, (_, index) =>
    drawAgent(draw, `agent-${index + 1}`, tools, scripts),
  );
  const isRaced = draw.chance(0.25);
  return {
    name,
    agents,
    scripts,
    workers: Array.from({ length: isRaced ? draw.between(2, 3) : 1 }, () => drawWorker(draw, isRaced)),
    signals: draw.chance(0.2)
      ? [
          {
            atUs: drawTime(draw),
            to: draw.chance(0.3) ? 'root' : draw.of(agents).name,
            signal: draw.of(['stop', 'terminate', 'kill', 'continue'] as const),
          },
        ]
      : [],
    messages: draw.chance(0.2)
      ? Array.from({ length: draw.between(1, 3) }, (_, index) => ({
          atUs: drawTime(draw),
          to: draw.of(agents).name,
          text: `and that, too (${index + 1})`,
        }))
      : [],
  };
}

const drawTime = (draw: Draw): number => draw.magnitude(0, 20_000_000);

function drawAgent(
  draw: Draw,
  name: string,
  tools: readonly string[],
  scripts: Record<string, readonly Turn[]>,
): AgentPlan {
  const program = draw.weighted({ agent: 7, 'single-call': 1, team: 1, scripted: 1, diary: 2 });
  const more = {
    ...(draw.chance(0.3) ? { priority: draw.between(0, 100) } : {}),
    ...(draw.chance(0.4) ? { budget: 'part' } : {}),
  };
  switch (program) {
    case 'agent':
      scripts[name] = drawTurns(draw, tools);
      return { name, program, arguments: drawTask(draw, tools), ...more };
    case 'single-call':
      scripts[name] = drawTurns(draw, []).slice(0, 1);
      return { name, program, arguments: { task: 'Say something.', maxOutput: 300 }, ...more };
    case 'team': {
      const members = Array.from({ length: draw.between(2, 3) }, (_, index) => {
        const { task: _task, ...settings } = drawTask(draw, tools) as { readonly [field: string]: Json };
        const member = `${name}-member-${index + 1}`;
        scripts[member] = drawTurns(draw, tools).slice(0, 2);
        return { name: member, arguments: settings };
      });
      const topology = draw.of(topologies.filter((one) => one !== 'hierarchical'));
      return { name, program, arguments: { topology, task: 'Work together.', members }, ...more };
    }
    case 'scripted':
      return { name, program, arguments: { steps: drawSteps(draw, tools) }, ...more };
    case 'diary':
      return { name, program, arguments: { syscalls: drawSyscalls(draw, name, tools) }, ...more };
  }
}

function drawTask(draw: Draw, tools: readonly string[]): Json {
  return {
    task: 'Do this and that.',
    ...(draw.chance(0.5) ? { system: 'You are an agent of a test.' } : {}),
    tools: [...tools],
    toolCalls: draw.of([2, 10, 20]),
    iterations: draw.of([3, 10, 20]),
    maxOutput: 300,
    windowTokens: draw.of([1_500, 20_000]),
    retries: draw.of([0, 1, 2]),
    stepTimeoutUs: draw.of([5_000_000, agentDefaults.stepTimeoutUs]),
    checkpointEvery: draw.between(1, 3),
    reflectEvery: draw.of([0, 0, 2]),
    critique: draw.chance(0.2),
  };
}

function drawTurns(draw: Draw, tools: readonly string[]): readonly Turn[] {
  return Array.from({ length: draw.magnitude(0, 6) }, (): Turn => {
    const fault = draw.chance(0.15)
      ? draw.of([
          'refused',
          'refused',
          'rejected',
          'stalled',
          'empty',
          'broken-off',
          'cut-off',
          'cut-off',
          'silent',
          'thrown',
        ] as const)
      : undefined;
    return {
      ...(draw.chance(0.03) ? { text: '' } : {}),
      us: draw.magnitude(0, 4_000_000),
      tokens: draw.between(1, 200),
      pieces: draw.between(0, 3),
      calls:
        tools.length === 0 || draw.chance(0.25)
          ? []
          : Array.from({ length: draw.of([1, 1, 2, 3]) }, () => drawCall(draw, tools)),
      ...(fault === undefined ? {} : { fault }),
    };
  });
}

function drawSteps(draw: Draw, tools: readonly string[]): Json {
  return Array.from({ length: draw.between(1, 6) }, (): Json =>
    draw.of<() => Json>([
      () => ({ op: 'page', kind: 'user', text: 'a page' }),
      () => ({ op: 'think', tokensOut: draw.between(1, 100) }),
      () => ({ op: 'tools', calls: [{ ...drawCall(draw, tools) }] }),
      () => ({ op: 'sleep', us: draw.magnitude(0, 5_000_000) }),
      () => ({ op: 'checkpoint' }),
      () => ({ op: 'ask', question: 'is it so?' }),
    ])(),
  );
}

function drawSyscalls(draw: Draw, name: string, tools: readonly string[]): Json {
  let texts = 0;
  return Array.from({ length: draw.between(1, 8) }, (): Json | readonly Json[] =>
    draw.of<() => Json | readonly Json[]>([
      () => ({
        kind: 'remember',
        scope: 'all',
        text: `${name} has seen ${++texts}`,
        ...(draw.chance(0.5) ? { key: 'k' } : {}),
      }),
      () => ({ kind: 'recall', scope: 'all', query: 'seen' }),
      () => ({ kind: 'checkpoint' }),
      () => ({ kind: 'sleep', us: draw.magnitude(0, 5_000_000) }),
      () => ({ kind: 'acquire', lock: draw.of(['x', 'y']), timeoutUs: 2_000_000 }),
      () => ({ kind: 'release', lock: draw.of(['x', 'y']) }),
      () => ({ kind: 'receive', timeoutUs: draw.magnitude(0, 5_000_000) }),
      () => ({ kind: 'callTools', calls: [{ ...drawCall(draw, tools) }] }),
      () => ({ kind: 'spawn', program: 'diary', arguments: { syscalls: [{ kind: 'sleep', us: 1_000 }] } }),
      // A child that ends while nobody waits for it.
      () => [
        { kind: 'spawn', program: 'diary', arguments: { syscalls: [{ kind: 'sleep', us: 1_000 }] } },
        { kind: 'sleep', us: draw.magnitude(1_000, 5_000_000) },
        { kind: 'wait', pid: 0, timeoutUs: 1_000_000 },
      ],
      () => ({ kind: 'wait', pid: 0, timeoutUs: 1_000_000 }),
    ])(),
  ).flat();
}

// ---- What goes wrong ---------------------------------------------------------------------------------------------------

function drawWorker(draw: Draw, isRaced: boolean): WorkerPlan {
  return {
    startUs: draw.chance(0.6) ? 0 : draw.between(0, 3_000_000),
    leaseUs: isRaced ? draw.between(200_000, 20_000_000) : 0,
    flushUs: draw.magnitude(0, 50_000),
    crashes: Array.from({ length: draw.of([0, 1, 1, 2, 3, 5]) }, () => drawCrash(draw)),
    flushes: draw.chance(0.2) ? Array.from({ length: draw.between(1, 2) }, () => drawFlush(draw)) : [],
    outages: draw.chance(0.15) ? [drawStretch(draw)] : [],
    jumps: draw.chance(0.15) ? [{ atUs: drawTime(draw), byUs: draw.magnitude(1, 3_600_000_000) }] : [],
    pauses: draw.chance(isRaced ? 0.4 : 0.1)
      ? [{ atUs: drawTime(draw), byUs: draw.magnitude(1, 60_000_000) }]
      : [],
  };
}

function drawCrash(draw: Draw): Crash {
  return {
    at: drawPoint(draw),
    downUs: draw.of([0, 1, 1_000_000, 60_000_000]),
    clockUs: draw.chance(0.8) ? 0 : draw.between(-3_600_000_000, 3_600_000_000),
  };
}

function drawPoint(draw: Draw): CrashPoint {
  switch (draw.weighted({ flush: 6, act: 3, time: 2, park: 1 })) {
    case 'park':
      return { kind: 'park', us: drawTime(draw) };
    case 'time':
      return { kind: 'time', us: drawTime(draw) };
    case 'act':
      return { kind: 'act', nth: draw.magnitude(1, 20), phase: draw.of(['before', 'after'] as const) };
    case 'flush': {
      const phase = draw.of(flushPhases);
      return {
        kind: 'flush',
        nth: draw.magnitude(1, 30),
        phase,
        ...(phase === 'torn' ? { keep: draw.between(0, 2) } : {}),
      };
    }
  }
}

function drawFlush(draw: Draw): FlushFault {
  return {
    nth: draw.magnitude(1, 30),
    count: draw.magnitude(1, 6),
    kind: draw.of(['full', 'lost', 'unknown', 'unknown', 'refused', 'slow'] as const),
    us: draw.magnitude(1, 5_000_000),
  };
}
