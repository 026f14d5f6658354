/** A busy scenario whose event log two engines of JavaScript must agree on: every drawn time, every policy, every kind of event. */
import type { AgentStep } from '../../src/agents/steps.ts';
import { stepProgramsOf } from '../../src/agents/programs.ts';
import { builtInTools } from '../../src/agents/tools/built-in.ts';
import { Workflow } from '../../src/agents/workflow.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import {
  cfsWith,
  eevdfDefaults,
  eevdfWith,
  kernelPagingNames,
  loadControlPolicies,
  loadControlPolicy,
  lotteryDefaults,
  lotteryWith,
  mlfqDefaults,
  mlfqWith,
  pagingPolicy,
  priorityDefaults,
  priorityWith,
  roundRobinWith,
  schedulingPolicies,
  staticPriorityDefaults,
  staticPriorityWith,
  strideWith,
} from '../../src/policies/index.ts';
import { eventLine } from '../../src/sim/event-hash.ts';
import { Simulation } from '../../src/sim/simulation.ts';

const SECOND = 1_000_000;

/** Short slices, so that calls are preempted. */
const schedulers = {
  ...schedulingPolicies,
  priority: priorityWith({ ...priorityDefaults, sliceUs: SECOND }),
  'round-robin': roundRobinWith({ sliceUs: SECOND / 2 }),
  'priority-preemptive': staticPriorityWith({ ...staticPriorityDefaults, sliceUs: SECOND }),
  mlfq: mlfqWith({
    ...mlfqDefaults,
    slicesUs: [SECOND / 4, SECOND / 2, SECOND],
    allotmentsUs: [SECOND / 2, SECOND, 2 * SECOND],
    boostUs: 20 * SECOND,
  }),
  lottery: lotteryWith({ ...lotteryDefaults, sliceUs: SECOND / 2 }),
  stride: strideWith({ sliceUs: SECOND / 2 }),
  cfs: cfsWith({ latencyUs: 2 * SECOND, minGranularityUs: SECOND / 4, wakeupGranularityUs: SECOND / 4 }),
  eevdf: eevdfWith({ ...eevdfDefaults, sliceUs: SECOND / 2 }),
};

/**
 * By the names of its policies, the event log of each run, a line an event: every scheduler, the oldest three with every load control, under the default
 * pager, and every pager under the default scheduler.
 */
export function eventLogs(): Record<string, string> {
  const logs: Record<string, string> = {};
  for (const residency of ['independent', 'prefix'] as const) {
    const log = (scheduler: keyof typeof schedulers, pager: string, control: string): void => {
      logs[`${scheduler} ${pager} ${control} ${residency}`] ??= eventLog({
        scheduling: schedulers[scheduler],
        paging: pagingPolicy(pager),
        loadControl: loadControlPolicy(control),
        residency,
      });
    };
    for (const scheduler of ['fifo', 'round-robin', 'priority'] as const)
      for (const control of Object.keys(loadControlPolicies)) log(scheduler, 'importance-lru', control);
    for (const pager of kernelPagingNames) log('priority', pager, 'none');
    if (residency === 'independent') continue;
    for (const scheduler of Object.keys(schedulers) as (keyof typeof schedulers)[])
      log(scheduler, 'importance-lru', 'none');
  }
  return logs;
}

function eventLog(policies: KernelOptionsInput): string {
  const lines: string[] = [];
  const workflow = new Workflow();
  const simulation = new Simulation({
    kernel: {
      ...policies,
      seed: 7,
      engines: [
        { name: 'large', cores: 2, memoryTokens: 3_000, throughput: [1, 0.7], preemption: 'continue' },
        { name: 'small', cores: 1, memoryTokens: 1_500, loadTokensPerSecond: 33_333, loadLatencyUs: 1_000 },
      ],
      budgets: [
        {
          name: 'team',
          limits: [{ resource: 'tokens', amount: 9_000, window: { kind: 'sliding', lengthUs: 60 * SECOND } }],
        },
        {
          name: 'agent',
          parent: 'team',
          limits: [
            { resource: 'microDollars', amount: 60_000, window: { kind: 'fixed', lengthUs: 30 * SECOND } },
          ],
        },
      ],
      tools: [
        ...builtInTools.map(({ spec }) => spec),
        {
          name: 'ask-first',
          description: '',
          parameters: { type: 'object' },
          approval: true,
          concurrency: 1,
          retries: 1,
        },
      ],
      plan: workflow,
      programs: stepProgramsOf(workflow),
    },
    tools: builtInTools,
    flushUs: 1_234,
    faults: { toolFailure: 0.2, modelFailure: 0.05 },
    onEvent: (event) => void lines.push(eventLine(event)),
  });
  for (let agent = 1; agent <= 6; agent++)
    simulation.spawn(agent * 777_777, {
      program: 'replayed',
      name: `agent-${agent}`,
      run: `run-${agent}`,
      priority: 20 + 10 * agent,
      budget: agent % 2 === 0 ? 'agent' : 'team',
      scheduling: { tickets: 7 * agent, weight: agent / 3, deadlineUs: (40 - 5 * agent) * SECOND },
      arguments: { name: `agent-${agent}`, steps: stepsOf(agent) } as unknown as Json,
    });
  simulation.signal(20 * SECOND, 2 as Pid, 'stop');
  simulation.signal(40 * SECOND, 2 as Pid, 'continue');
  simulation.signal(50 * SECOND, 5 as Pid, 'kill');
  simulation.run();
  return lines.join('');
}

function stepsOf(agent: number): AgentStep[] {
  const think = (tokensOut: number, text: string): AgentStep => ({
    op: 'think',
    tokensOut,
    maxOutput: tokensOut + 50,
    text,
  });
  return [
    { op: 'page', kind: 'system', text: 'You are a careful agent. Ünïcödé: ☃.', tokens: 200 },
    { op: 'context', space: 'shared', blockTokens: 64, keep: 1, runs: [[0, 5 + agent]] },
    think(120, 'first answer'),
    {
      op: 'tools',
      calls: [
        { tool: 'calculator', arguments: { expression: `${agent} / 3` } },
        { tool: 'search', arguments: { query: 'memory' } },
        { tool: 'ask-first', arguments: {}, result: 'done' },
      ],
    },
    think(90 + agent, 'second answer'),
    { op: 'checkpoint' },
    {
      op: 'spawn',
      key: 'child',
      agent: {
        name: 'child',
        steps: [
          { op: 'page', kind: 'user', tokens: 700 },
          think(60, 'child'),
          { op: 'send', to: 'parent', text: 'hello' },
        ],
      },
    },
    { op: 'receive' },
    { op: 'wait', key: 'child' },
    { op: 'ask', question: 'go on?', answer: 'yes' },
    { op: 'context', space: 'shared', blockTokens: 64, keep: 4, runs: [[20 * agent, 12]] },
    think(150, 'last answer'),
  ];
}
