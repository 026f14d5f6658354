/** The model asks the person: several questions at once, live and simulated, beside calls that go on; the run is waiting meanwhile. */
import { expect, test } from 'vitest';

import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { AgentResult } from '../../src/agents/loop/agent-run.ts';
import { singleCall } from '../../src/agents/single-call.ts';
import { askPersonTool } from '../../src/agents/tools/ask-person.ts';
import { builtInTools } from '../../src/agents/tools/built-in.ts';
import type { TraceEvent } from '../../src/agents/traces/trace.ts';
import { Traces } from '../../src/agents/traces/traces.ts';
import { OpenQuestions } from '../../src/host/open-questions.ts';
import { simulatedPort } from '../../src/host/simulated-port.ts';
import { watchTraces } from '../../src/host/watch-traces.ts';
import type { SpawnInput } from '../../src/kernel/inputs.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';
import { saying, scriptedModel } from '../../src/sim/devices/models/scripted-model.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { live } from '../support/live.ts';

const tools = [...builtInTools.map(({ spec }) => spec), askPersonTool];
const model = () =>
  scriptedModel([
    saying(
      'I ask.',
      { id: 'c1', tool: 'ask_person', arguments: { question: 'Which colour?' } },
      { id: 'c2', tool: 'calculator', arguments: { expression: '6*7' } },
      { id: 'c3', tool: 'ask_person', arguments: { question: 'Which size?' } },
      { id: 'c4', tool: 'ask_person', arguments: { question: 'Why?' } },
    ),
    saying('Thank you.'),
  ]);
const spawn: Omit<SpawnInput, 'type'> = {
  program: 'agent',
  name: 'asker',
  run: 'r1',
  arguments: { task: 'Ask.', tools: ['ask_person', 'calculator'] },
};
const answers: Readonly<Record<string, string>> = {
  'Which colour?': 'blue',
  'Which size?': 'large',
};

/** What became of the calls, in their order. */
const resultsIn = (traces: Traces): unknown[] =>
  traces
    .trace('r1')!
    .steps.filter(({ type }) => type === 'tool_call')
    .map(({ data, status }) => [status, data['value'] ?? data['message']]);
const results = [
  ['done', 'blue'],
  ['done', 42],
  ['done', 'large'],
  ['failed', 'a person did not answer ask_person: none of your business'],
];

test('live: each question is answered by its request, in any order, and the run waits until then', async () => {
  const clock = new SystemClock();
  const questions = new OpenQuestions();
  const { live: kernel } = live({
    program: agentProgram,
    kernel: { tools },
    people: questions,
    model: simulatedPort({ model: model(), clock, wordUs: 0 }),
    tools: { call: () => Promise.resolve({ ok: true, value: 42 }) },
    options: { clock },
  });
  const traces = watchTraces(kernel);
  const { end } = kernel.spawn(spawn);
  const told: TraceEvent[] = [];
  const statuses: string[] = [];
  for await (const event of traces.watch('r1')) {
    told.push(event);
    // When the tool has its result nothing but people keeps the run.
    if (event.type !== 'tool_result') continue;
    statuses.push(traces.trace('r1')!.status);
    const last = questions.open().at(-1);
    if (last === undefined) continue;
    const { question } = last.question as { readonly question: string };
    questions.close(last.request);
    const answer = answers[question];
    kernel.answer(last.request, answer === undefined ? 'deny' : 'answer', answer ?? 'none of your business');
  }
  expect((await end).value).toMatchObject({
    reason: 'answered',
    toolCalls: 4,
  } satisfies Partial<AgentResult>);
  expect(resultsIn(traces)).toEqual(results);
  expect(statuses).toEqual(['waiting', 'waiting', 'waiting', 'running']);
  const asked = told.flatMap((event) => (event.type === 'awaiting_user_action' ? [event] : []));
  expect(asked).toMatchObject([
    { step: 2, purpose: 'answer', tool: 'ask_person', question: { question: 'Which colour?' } },
    { step: 4, question: { question: 'Which size?' } },
    { step: 5, question: { question: 'Why?' } },
  ]);
  expect(told.at(-1)?.type).toBe('trace_completed');
});

test('simulated: the person of the simulation answers, each question in its time', () => {
  const traces = new Traces();
  const simulation = new Simulation({
    kernel: { scheduling: priority, paging: importanceLru, programs: [agentProgram], tools },
    tools: builtInTools,
    model: model(),
    replay: {
      person: ({ question }) => {
        const answer = answers[(question as { readonly question: string }).question];
        return {
          decision: answer === undefined ? 'deny' : 'answer',
          value: answer ?? 'none of your business',
          durationUs: 60_000_000,
        };
      },
    },
    onOutput: (output, input) => traces.take(output, input),
  });
  simulation.spawn(0, spawn);
  simulation.run(30_000_000);
  expect(traces.trace('r1')?.status).toBe('waiting');
  simulation.run();
  expect(traces.trace('r1')).toMatchObject({ status: 'completed', value: { answer: 'Thank you.' } });
  expect(resultsIn(traces)).toEqual(results);
});

test('a single call is a trace, too: its text as it comes, and its end; who leaves in between holds up nobody', async () => {
  const clock = new SystemClock();
  const { live: kernel } = live({
    program: singleCall,
    model: simulatedPort({ model: scriptedModel([saying('One two three.')]), clock, wordUs: 0 }),
    options: { clock },
  });
  const traces = watchTraces(kernel);
  const events = traces.watch('r1');
  const early = traces.watch('r1');
  const { end } = kernel.spawn({
    program: 'single-call',
    name: 'one',
    run: 'r1',
    arguments: { task: 'Count.' },
  });
  for await (const { type } of early) if (type === 'text_delta') break;
  expect(await early.next()).toEqual({ done: true, value: undefined });
  expect((await end).value).toBe('One two three.');
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  expect(types).toEqual([
    'trace_started',
    'step_started',
    'text_delta',
    'llm_call_completed',
    'step_started',
    'conclusion',
    'trace_completed',
  ]);
});
