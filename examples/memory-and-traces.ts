/**
 * An agent is told what it did wrong, and knows it the next time: a run as a trace, feedback on one of its steps, and the experience in the prompt of the next run. The model is a simulated one;
 * with LiveKernel and watchTraces the same happens live.
 */
import { feedbackProgram, importanceLru, priority, Simulation, singleCall, Traces } from '../src/index.ts';

const traces = new Traces();
const simulation = new Simulation({
  kernel: { scheduling: priority, paging: importanceLru, programs: [singleCall, feedbackProgram] },
  model: {
    answer({ messages }) {
      const isTold = messages.some((message) => 'text' in message && message.text.includes('metric units'));
      return { tokensOut: 8, text: isTold ? 'It is 100 km away.' : 'It is 62 miles away.' };
    },
  },
  onOutput: (output, input) => traces.take(output, input),
});

const work = { task: 'How far is it to the coast?', memories: { scopes: ['team'], tokens: 200 } };
const spawn = (run: string): void =>
  simulation.spawn(simulation.nowUs, { program: 'single-call', name: 'guide', run, arguments: work });

spawn('monday');
simulation.run();
// Step 2 is the model call; the person says what would have been better.
const feedback = {
  run: 'monday',
  step: 2,
  scope: 'team',
  kind: 'correction',
  text: 'Use metric units.',
} as const;
simulation.spawn(simulation.nowUs, traces.feedback(feedback));
simulation.run();

const tuesday = traces.watch('tuesday');
spawn('tuesday');
simulation.run();
for await (const event of tuesday) console.log('step' in event ? `${event.type} ${event.step}` : event.type);

for (const run of traces.runs()) {
  const { status, value, steps, usage } = traces.trace(run)!;
  console.log(`\n${run}: ${status}, ${JSON.stringify(value)}, ${usage.tokensIn} + ${usage.tokensOut} tokens`);
  for (const { sequence, type, parents, pid } of steps)
    console.log(`  ${sequence} ${type} of process ${pid}, behind ${parents.join(', ') || 'nothing'}`);
}
