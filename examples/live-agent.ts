/**
 * An agent in real time: it uses a tool, asks the person, and answers; what happens is told as it happens. The model is a scripted one, so that this needs no key: with
 * `openAiCompatible({ url, key, model })` of `ringzero/adapters` in its place a real one answers. In a program of your own the two imports are `ringzero` and `ringzero/adapters`.
 */
import {
  agentProgram,
  askPersonTool,
  builtInTools,
  estimateTokens,
  importanceLru,
  LiveKernel,
  MemoryStorage,
  OpenQuestions,
  priority,
  saying,
  scriptedModel,
  simulatedPort,
  watchTraces,
  type AgentTask,
} from '../src/index.ts';
import { LiveTools, pureTool, SystemClock } from '../src/adapters/index.ts';

const model = scriptedModel([
  saying(
    'I calculate, and ask meanwhile.',
    { id: 'c1', tool: 'calculator', arguments: { expression: '6*7' } },
    { id: 'c2', tool: 'ask_person', arguments: { question: 'In which colour?', options: ['red', 'blue'] } },
  ),
  saying('It is 42, in blue.'),
]);

const clock = new SystemClock();
const questions = new OpenQuestions();
const tools = new LiveTools([...builtInTools.map(pureTool), { spec: askPersonTool }]);
const live = new LiveKernel({
  kernel: {
    scheduling: priority,
    paging: importanceLru,
    engines: [{ name: 'model', cores: 8, preemption: 'none' }],
    programs: [agentProgram],
    tools: tools.specs,
  },
  clock,
  models: { model: simulatedPort({ model, clock, wordUs: 0 }) },
  tools,
  people: questions,
  storage: new MemoryStorage(),
  countTokens: estimateTokens,
});

// Somebody who answers whatever is asked. A terminal or a page would show `questions.open()`, and answer each by its request.
questions.watch((news) => {
  if (news.type !== 'asked') return;
  const { request } = news.ask;
  setTimeout(() => {
    questions.close(request);
    live.answer(request, 'answer', 'blue');
  });
});

const traces = watchTraces(live);
const task = {
  task: 'How much is it, and in which colour?',
  tools: ['calculator', 'ask_person'],
} satisfies AgentTask;
const { end } = live.spawn({ program: 'agent', arguments: task, name: 'clerk', run: 'first' });

let text = '';
for await (const event of traces.watch('first')) {
  switch (event.type) {
    case 'text_delta':
      text += event.text;
      break;
    case 'llm_call_completed':
      console.log(`${event.type}: ${text}`);
      text = '';
      break;
    case 'step_started':
      console.log(
        `${event.type}: ${event.step} ${event.stepType}, behind ${event.parents.join(', ') || 'nothing'}`,
      );
      break;
    case 'awaiting_user_action':
      console.log(`${event.type}: ${JSON.stringify(event.question)}`);
      break;
    case 'tool_result':
      console.log(`${event.type}: ${event.tool} gave ${JSON.stringify(event.value)}`);
      break;
    default:
      console.log(event.type);
  }
}
const { outcome, value } = await end;
console.log(outcome, value);
live.close();
