/**
 * `node model-server.mjs`: a model server that streams chat completions, as small as it can be, in a process of its own. Prints its URL and serves until it is killed.
 * An answer is a few words and a call of the tool `count`, or where no tool is offered the words alone. The model `instant` sends it at once; the model `typing` takes a second for it, a word at a
 * time.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const words = ['One ', 'word ', 'after ', 'the ', 'other ', 'comes ', 'from ', 'the ', 'model ', 'server.'];
const typingMs = 100;

let turn = 0;

/** The events of one answer. */
function answer(hasTools: boolean): string[] {
  const id = `answer-${++turn}`;
  const event = (delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const call = {
    index: 0,
    id: `call-${turn}`,
    type: 'function',
    function: { name: 'count', arguments: `{"turn":${turn}}` },
  };
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  return [
    ...words.map((content, index) => event(index === 0 ? { role: 'assistant', content } : { content })),
    ...(hasTools ? [event({ tool_calls: [call] })] : []),
    event({}, hasTools ? 'tool_calls' : 'stop'),
    `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', model: 'm', choices: [], usage })}\n\n`,
    'data: [DONE]\n\n',
  ];
}

/** A word at a time, and the rest with the last. */
function type(response: ServerResponse, events: readonly string[]): void {
  let next = 0;
  const timer = setInterval(() => {
    if (next < words.length) return void response.write(events[next++]);
    clearInterval(timer);
    response.end(events.slice(next).join(''));
  }, typingMs);
}

const server = createServer((request, response) => {
  const parts: Uint8Array[] = [];
  request.on('data', (part: Uint8Array) => parts.push(part));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(parts).toString()) as {
      readonly model: string;
      readonly tools?: unknown;
    };
    const events = answer(body.tools !== undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (body.model === 'typing') type(response, events);
    else response.end(events.join(''));
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`),
);
