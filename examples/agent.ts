/**
 * One agent in virtual time: its model asks for the calculator, fails once, and answers. The same program runs live, with a real model and real tools behind the driver; what this prints is the
 * same every time and stands in agent.txt beside this file.
 */
import {
  agentProgram,
  builtInTools,
  importanceLru,
  priority,
  Simulation,
  type AgentTask,
  type ThinkScript,
} from '../src/index.ts';

const task = {
  task: 'How many seconds has a week?',
  system: 'Use the calculator for every figure.',
  tools: ['calculator'],
} satisfies AgentTask;

const answers: readonly ThinkScript[] = [
  {
    tokensOut: 20,
    finish: 'tool-calls',
    toolCalls: [{ id: 'call-1', tool: 'calculator', arguments: { expression: '7 * 24 * 60 * 60' } }],
  },
  {
    tokensOut: 0,
    failure: { code: 'MODEL_FAILED', message: 'too many requests', retryable: true, retryAfterUs: 5_000_000 },
  },
  { tokensOut: 12, finish: 'stop', text: 'A week has 604,800 seconds.' },
];

let calls = 0;
const simulation = new Simulation({
  kernel: {
    scheduling: priority,
    paging: importanceLru,
    programs: [agentProgram],
    tools: builtInTools.map(({ spec }) => spec),
  },
  tools: builtInTools,
  model: {
    answer({ messages }) {
      console.log(`call ${calls + 1}: ${messages.map(({ role }) => role).join(', ')}`);
      return answers[calls++]!;
    },
  },
});
simulation.spawn(0, { program: 'agent', arguments: task, name: 'clerk', run: 'week' });
simulation.run();
const [clerk] = simulation.store.processes('week');
console.log(JSON.stringify(clerk?.end?.value, null, 2));
