/**
 * LangGraph.js' prebuilt agent with its in-memory checkpointer: `node bench/peers/langgraph.mjs STEPS` runs so many model turns with one tool call each, every
 * one by a model that answers at once, and prints one line of JSON: seconds, steps a second, megabytes.
 */
import { AIMessage } from '@langchain/core/messages';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { tool } from '@langchain/core/tools';
import { MemorySaver } from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { z } from 'zod';

const steps = Number(process.argv[2]);

class InstantModel extends BaseChatModel {
  turns = 0;
  constructor(limit) {
    super({});
    this.limit = limit;
  }
  _llmType() {
    return 'instant';
  }
  bindTools() {
    return this;
  }
  async _generate() {
    const turn = this.turns++;
    const message =
      turn === this.limit
        ? new AIMessage('done')
        : new AIMessage({
            content: 'next',
            tool_calls: [{ id: `call-${turn}`, name: 'count', args: { turn }, type: 'tool_call' }],
          });
    return { generations: [{ text: '', message }] };
  }
}

const count = tool(async ({ turn }) => `counted ${turn}`, {
  name: 'count',
  description: 'Counts.',
  schema: z.object({ turn: z.number() }),
});

/** One agent that takes so many steps; returns seconds. */
async function run(limit) {
  const agent = createReactAgent({
    llm: new InstantModel(limit),
    tools: [count],
    checkpointer: new MemorySaver(),
  });
  const start = performance.now();
  const { messages } = await agent.invoke(
    { messages: [{ role: 'user', content: 'Count.' }] },
    { configurable: { thread_id: '1' }, recursionLimit: 2 * limit + 10 },
  );
  const seconds = (performance.now() - start) / 1_000;
  if (messages.length !== 2 * limit + 2) throw new Error(`${messages.length} messages`);
  return seconds;
}

// So that its code is compiled, as on our side.
for (let round = 0; round < 10; round++) await run(100);
const seconds = await run(steps);
console.log(
  JSON.stringify({
    steps,
    seconds,
    stepsPerSecond: steps / seconds,
    megabytes: process.memoryUsage().rss / 1_048_576,
  }),
);
