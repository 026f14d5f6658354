/** `ringzero run` with an endpoint that speaks chat completions over real HTTP, and with one that isn't there. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Io } from '../../src/cli/command.ts';
import {
  chunk,
  fragment,
  HostileServer,
  refuses,
  says,
  sends,
  usageChunk,
  type Behaviour,
} from '../support/hostile-server.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
let server: HostileServer;
beforeEach(async () => {
  server = await HostileServer.start();
});
afterEach(() => server.close());

const environment = (): Record<string, string> => ({
  RINGZERO_MODEL_URL: server.url,
  RINGZERO_MODEL: 'gpt-4.1-mini',
  RINGZERO_MODEL_KEY: 'sk-secret-secret',
});
const run = (
  words: readonly string[],
  { environment: variables = environment(), ...io }: Partial<Io> = {},
): Promise<CliRun> => runCli(['run', ...words, '--retries', '0'], { environment: variables, ...io });

const calls = (tool: string, args: string): Behaviour =>
  sends(
    chunk(fragment({ index: 0, id: 'c1', name: tool, arguments: args })),
    chunk({}, { finish: 'tool_calls' }),
    usageChunk,
  );

test('an agent asks the model, calls its tool, and answers; tokens and cost are the server’s', async () => {
  server.behave(calls('calculator', '{"expression":"6*7"}'), says('It is 42.'));
  const { status, out, err } = await run(['What is 6*7?', '--system', 'Be brief.']);
  expect({ status, out: out.trim() }).toEqual({ status: 0, out: 'It is 42.' });
  // Twice 20 in (16 cached) and 7 out at 0.4, 0.1 and 1.6 dollars a million.
  expect(err).toMatch(/40 tokens in \(32 cached\), 14 out; \$0\.000030$/);
  const [first, second] = server.exchanges;
  expect(first!.headers.authorization).toBe('Bearer sk-secret-secret');
  expect(first!.body).toMatchObject({
    model: 'gpt-4.1-mini',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is 6*7?' },
    ],
  });
  expect(second!.body['messages']).toHaveLength(4);
});

test('what the model thinks is dimmed on a terminal, and no part of the answer elsewhere', async () => {
  const thinking = sends(
    chunk({ role: 'assistant', reasoning_content: 'Hm, easy.' }),
    chunk({ content: 'Yes.' }),
    chunk({}, { finish: 'stop' }),
  );
  server.behave(thinking);
  expect((await run(['Is it?'])).out.trim()).toBe('Yes.');
  const terminal = await run(['Is it?'], { isTerminal: true, colours: true });
  expect(terminal.out.trim()).toBe('\u001b[2mHm, easy.\u001b[22m\nYes.');
});

test('what a model or a server says plays no tricks with the terminal; elsewhere it stays as it is', async () => {
  const hostile = 'Hi\u001b[2J\r\nyou';
  server.behave(says(hostile));
  expect((await run(['Greet'])).out.trim()).toBe(hostile);
  expect((await run(['Greet'], { isTerminal: true })).out.trim()).toBe('Hi\\u001b[2J\nyou');
  server.behave(refuses(400, 'no\u001b[2Jpe'));
  const { err } = await run(['Greet'], { isTerminal: true });
  expect(err).not.toContain('\u001b[2J');
});

test('a reflection is no part of what the model says to the person', async () => {
  const turn = calls('time', '{}');
  const judged = says('{"score":0.9,"issues":[],"suggestions":[],"goOn":true,"plan":""}');
  server.behave(turn, turn, turn, judged, says('Late.'));
  const { status, out } = await run(['How late is it?']);
  expect({ status, out: out.trim() }).toEqual({ status: 0, out: 'Late.' });
  expect(server.exchanges).toHaveLength(5);
});

test('a model that the endpoint does not have is told with what to look at; nothing tells the key', async () => {
  server.behave(refuses(404, 'no model gpt-4.1-mini for sk-secret-secret'));
  const { status, out, err } = await run(['Hello']);
  expect({ status, out }).toEqual({ status: 1, out: '' });
  expect(err).toMatch(/! http.* answered 404: .*is there a model "gpt-4\.1-mini"\?/);
  expect(err).toContain('failed: MODEL_FAILED\n  ringzero doctor looks at the endpoint');
  expect(err).not.toContain('sk-secret');
});

test('a missing key is told by its variable', async () => {
  server.behave(refuses(401, 'who are you?'));
  const { status, err } = await run(['Hello'], {
    environment: { RINGZERO_MODEL_URL: server.url, RINGZERO_MODEL: 'm' },
  });
  expect(status).toBe(1);
  expect(err).toContain('no key is set: RINGZERO_MODEL_KEY');
  expect(err).toContain('cost unknown: no price of the model (--prices)');
});

test('an endpoint that is not there fails the run with its address', async () => {
  const { url } = server;
  await server.close();
  const { status, err } = await run(['Hello'], {
    environment: { RINGZERO_MODEL_URL: url, RINGZERO_MODEL: 'm' },
  });
  server = await HostileServer.start();
  expect(status).toBe(1);
  expect(err).toContain(`! ${url} cannot be reached (connect ECONNREFUSED`);
});

test('a price file and a money budget go together; flags stand over variables, variables over the file', async () => {
  server.behave(says('Hello.'));
  files.write('prices.json', JSON.stringify({ mine: { input: 1e6, cachedInput: 1e6, output: 1e6 } }));
  const config = files.write(
    'ringzero.json',
    JSON.stringify({
      model: { url: 'http://127.0.0.1:1/v1', name: 'file' },
      prices: 'prices.json',
      budget: { usd: 0.01 },
      tools: ['time'],
    }),
  );
  const { status, out } = await run(['Hello', '--config', config, '--model', 'mine', '--json']);
  expect(status).toBe(0);
  // 27 tokens at a dollar a million.
  expect(JSON.parse(out)).toMatchObject({ model: 'mine', microDollars: 27 });
  const { body } = server.exchanges[0]!;
  expect(body).toMatchObject({ model: 'mine', max_tokens: 2_500 });
  expect(body['tools']).toHaveLength(1);
});

test('Ctrl-C ends the call at the server', async () => {
  server.behave(async (exchange) => {
    await exchange.send(`data: ${chunk({ role: 'assistant', content: 'Well, ' })}\n\n`);
    await exchange.stall();
  });
  const io = new TerminalPerson([/Well, /, 'Ctrl-C']).io();
  const { status } = await run(['Talk'], io);
  expect(status).toBe(130);
  expect(io.screen()).toMatch(
    /^Well, \nstopping: .*\ncancelled in .*: 1 model call \(1 failed\), 0 tool calls; [1-9]\d* tokens in \(0 cached\), [1-9]/,
  );
  await expect.poll(() => server.aborted).toBe(1);
});

test('a second Ctrl-C does not wait for what still runs', async () => {
  server.behave(async (exchange) => {
    await exchange.send(`data: ${chunk({ role: 'assistant', content: 'Well, ' })}\n\n`);
    await exchange.stall();
  });
  const io = new TerminalPerson([/Well, /, 'Ctrl-C Ctrl-C']).io();
  const { status } = await run(['Talk'], io);
  expect(status).toBe(130);
  expect(io.screen()).toContain('\nkilled in ');
  await expect.poll(() => server.aborted).toBe(1);
});

// Of two signals at once the second may be lost, or find the program at its end.
const told = {
  memory: /^stopping: .*\n(cancelled|killed) in .*\nnothing of it is kept; to do it again: ringzero run Talk/,
  kept: /^parking: .*\nparked in .*\n(what was under way .*\n)?to go on: ringzero resume run-\w+ --store \S+; to end it for good: ringzero cancel run-\w+ --store \S+\n$/,
};
test.each([
  [1, 'memory'],
  [2, 'memory'],
  [1, 'kept'],
  [2, 'kept'],
] as const)(
  'a real process ends with status 130 after %i interrupts with store %s, and leaves nothing behind',
  async (count, store) => {
    server.behave((exchange) => exchange.stall());
    const place = store === 'memory' ? store : files.path(store);
    const words = [join(projectRoot, 'src/cli/main.ts'), 'run', 'Talk', '--store', place];
    const child = spawn(process.execPath, words, {
      env: { ...process.env, ...environment() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    await expect.poll(() => server.exchanges.length, { timeout: 20_000 }).toBe(1);
    for (let sent = 0; sent < count; sent++) child.kill('SIGINT');
    const status = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect(status).toBe(130);
    expect(err).toMatch(told[store]);
    await expect.poll(() => server.aborted).toBe(1);
  },
);
