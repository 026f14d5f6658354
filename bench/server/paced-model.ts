/**
 * `node paced-model.ts WORDS_PER_SECOND WORDS TURNS`: a model server that streams chat completions at a pace, in a process of its own. Prints its URL and serves until it is killed. All calls together get so many words a second;
 * an answer has so many, each told by itself, and calls the calculator until the conversation has so many answers. It says nothing before it is asked for /go.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [wordsPerSecond = 10_000, words = 60, turns = 5] = process.argv.slice(2).map(Number);
const tickMs = 4;

interface Answering {
  readonly response: ServerResponse;
  readonly id: string;
  readonly isLast: boolean;
  next: number;
}

const answering = new Set<Answering>();
let answers = 0;
let allowed = 0;
let isGoing = false;
let lastMs = performance.now();

const event = (id: string, delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

setInterval(() => {
  const nowMs = performance.now();
  // What nobody asked for is not made up for.
  allowed = Math.min(allowed + ((nowMs - lastMs) / 1_000) * wordsPerSecond, wordsPerSecond / 20);
  lastMs = nowMs;
  if (!isGoing) return;
  while (allowed >= 1 && answering.size > 0)
    for (const one of answering) {
      const count = Math.min(Math.ceil(allowed / answering.size), words - one.next, Math.floor(allowed));
      if (count < 1) break;
      allowed -= count;
      tell(one, count);
    }
}, tickMs);

function tell(one: Answering, count: number): void {
  const { response, id, isLast } = one;
  const parts: string[] = [];
  for (const end = one.next + count; one.next < end; one.next++)
    parts.push(event(id, { content: `word${one.next} ` }));
  if (one.next < words) return void response.write(parts.join(''));
  answering.delete(one);
  const call = {
    index: 0,
    id: `call-${id}`,
    type: 'function',
    function: { name: 'calculator', arguments: '{"expression":"6*7"}' },
  };
  if (!isLast) parts.push(event(id, { tool_calls: [call] }));
  parts.push(event(id, {}, isLast ? 'stop' : 'tool_calls'));
  const usage = { prompt_tokens: 100, completion_tokens: words, total_tokens: 100 + words };
  parts.push(
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'm', choices: [], usage })}\n\n`,
    'data: [DONE]\n\n',
  );
  response.end(parts.join(''));
}

const server = createServer((request, response) => {
  if (request.url === '/go') {
    isGoing = true;
    return void response.end();
  }
  const parts: Uint8Array[] = [];
  request.on('data', (part: Uint8Array) => parts.push(part));
  request.on('end', () => {
    const { messages } = JSON.parse(Buffer.concat(parts).toString()) as {
      readonly messages: readonly { readonly role: string }[];
    };
    const before = messages.filter(({ role }) => role === 'assistant').length;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const one = { response, id: `answer-${++answers}`, isLast: before + 1 >= turns, next: 0 };
    answering.add(one);
    response.on('close', () => answering.delete(one));
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`),
);
