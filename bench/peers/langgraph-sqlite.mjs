/**
 * LangGraph.js with its SQLite checkpointer: `node bench/peers/langgraph-sqlite.mjs FILE STEPS BYTES` runs one agent, whose model and tool answer at once with so many bytes of new content
 * a step, and prints one line of JSON: steps a second, bytes of the database in each tenth of the steps. Messages leave its state as they leave our agent's window of 200,000 tokens: at
 * 85 %, down to 50 %.
 */
import { statSync } from 'node:fs';

import { AIMessage, HumanMessage, RemoveMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { z } from 'zod';

import { stepTexts } from '../storage/step-texts.ts';

const [file, ...numbers] = process.argv.slice(2);
const [steps, bytes] = numbers.map(Number);
const text = stepTexts('words', 1);
const answerLength = Math.floor(bytes / 4);
const windowTokens = 200_000;

const write = tool(async () => text(bytes - answerLength), {
  name: 'write',
  description: 'Writes.',
  schema: z.object({ turn: z.number() }),
});

const tokensOf = ({ content }) => Math.ceil(content.length / 4);

/** The oldest, but for the task, an answer always with its result. */
function leaving(messages) {
  let tokens = messages.reduce((sum, message) => sum + tokensOf(message), 0);
  if (tokens <= 0.85 * windowTokens) return [];
  const gone = [];
  for (let at = 1; at < messages.length && tokens > 0.5 * windowTokens; at += 2) {
    for (const message of messages.slice(at, at + 2)) {
      gone.push(new RemoveMessage({ id: message.id }));
      tokens -= tokensOf(message);
    }
  }
  return gone;
}

let turn = 0;
let onTurn = () => {};
function model({ messages }) {
  onTurn(turn);
  const isLast = turn === steps;
  const answer = isLast
    ? new AIMessage('done')
    : new AIMessage({
        content: text(answerLength),
        tool_calls: [{ id: `call-${turn}`, name: 'write', args: { turn }, type: 'tool_call' }],
      });
  turn++;
  return { messages: [...leaving(messages), answer] };
}

const checkpointer = SqliteSaver.fromConnString(file);
const graph = new StateGraph(MessagesAnnotation)
  .addNode('model', model)
  .addNode('tools', new ToolNode([write]))
  .addEdge(START, 'model')
  .addConditionalEdges('model', ({ messages }) => (messages.at(-1).tool_calls?.length > 0 ? 'tools' : END))
  .addEdge('tools', 'model')
  .compile({ checkpointer });

function bytesNow() {
  checkpointer.db.pragma('wal_checkpoint(TRUNCATE)');
  return statSync(file).size;
}

const marks = [];
onTurn = (at) => {
  if (at % Math.floor(steps / 10) === 0) marks.push(bytesNow());
};
const start = performance.now();
await graph.invoke(
  { messages: [new HumanMessage('Write.')] },
  { configurable: { thread_id: '1' }, recursionLimit: 2 * steps + 10, durability: 'sync' },
);
const seconds = (performance.now() - start) / 1_000;
console.log(
  JSON.stringify({
    steps,
    stepsPerSecond: steps / seconds,
    bytesOfTenths: marks.slice(1).map((mark, index) => mark - marks[index]),
    bytes: marks.at(-1),
  }),
);
