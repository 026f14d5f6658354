/** `ps`, `kill` and `top` of a server that listens. */
import { expect, test } from 'vitest';

import { listen } from '../../src/server/listen.ts';
import { entryOf, Tokens } from '../../src/server/auth/tokens.ts';
import { openServer } from '../support/open-server.ts';
import { runCli } from '../support/run-cli.ts';

const secret = 'the-token-of-the-commands';
const asking = { messages: [{ role: 'user', content: 'ask_person {"question":"How many?"}' }] };

test('processes are listed, told to end, and looked at; what the server refuses is one line', async () => {
  const tokens = new Tokens([entryOf(secret, { name: 'admin', scope: 'admin' })]);
  await using server = await openServer({
    words: ['--model', 'scripted', '--approve', 'ask'],
    guards: { tokens },
  });
  const listening = await listen(server.app, { host: '127.0.0.1', port: 0 });
  const environment = { RINGZERO_URL: listening.url, RINGZERO_TOKEN: secret };
  const cli = (...words: string[]) => runCli(words, { environment });
  expect((await cli('ps')).out).toBe('no process here');
  const bearer = { Authorization: `Bearer ${secret}` };
  for (let count = 0; count < 2; count++) await server.post('/api/traces', asking, bearer);
  await expect.poll(async () => (await cli('ps')).out.match(/waiting: person/g)?.length).toBe(2);
  expect(await cli('kill', '1', '77')).toEqual({
    status: 1,
    out: 'process 1: terminate',
    err: `error: ${listening.url}: process 77: there is none`,
  });
  expect(JSON.parse((await cli('ps', '--json')).out)).toMatchObject({ processes: [{ pid: 2 }] });
  expect(JSON.parse((await cli('top', '--json')).out)).toMatchObject({
    engines: [{ scheduler: 'priority' }],
  });
  for (const words of [
    ['kill', '0'],
    ['kill', 'x'],
    ['ps', '--server', 'ftp://x'],
    ['top', '--at', '3s'],
    ['top', 'x.json', '--server', 'http://x'],
  ])
    expect(await cli(...words)).toMatchObject({ status: 2, out: '' });
  const nobody = await runCli(['ps'], { environment: { RINGZERO_URL: listening.url } });
  expect(nobody).toMatchObject({ status: 2, err: expect.stringContaining('RINGZERO_TOKEN') as string });
  await listening.close(0);
  expect(await cli('ps')).toMatchObject({
    status: 2,
    err: expect.stringContaining('cannot be reached (') as string,
  });
});

test('the log of a run is listed, and followed to its end; that of the kernel until somebody leaves', async () => {
  await using server = await openServer();
  const listening = await listen(server.app, { host: '127.0.0.1', port: 0 });
  const environment = { RINGZERO_URL: listening.url };
  let interrupt: () => void = () => {};
  const lines: string[] = [];
  const kernel = runCli(['logs', '-f'], {
    environment,
    out: (line) => void lines.push(line),
    person: {
      isThere: false,
      onLine: () => () => {},
      onInterrupt: (leave) => ((interrupt = leave), () => {}),
    },
  });
  const made = await server.post('/api/traces', {
    messages: [{ role: 'user', content: 'What is 6*7?' }],
    name: 'sums',
  });
  const { trace_id: run } = (await made.json()) as { trace_id: string };
  const followed = await runCli(['logs', run, '--follow'], { environment });
  expect(followed).toMatchObject({ status: 0, err: '' });
  expect(followed.out).toMatch(/agent \(1\) {2}calculator \{"expression":"6\*7"\} → 42\n/);
  expect(followed.out).toMatch(/the run has completed$/);
  const listed = await runCli(['logs', run], { environment });
  expect(listed.out.split('\n').map((line) => line.slice(14))).toEqual(
    followed.out
      .split('\n')
      .map((line) => line.slice(14))
      .filter((line) => line.startsWith('agent (1)  ')),
  );
  const { steps } = JSON.parse((await runCli(['logs', run, '--json'], { environment })).out) as {
    steps: unknown[];
  };
  expect(steps).toHaveLength(listed.out.split('\n').length);
  expect(await runCli(['logs', 'run-none', '-f'], { environment })).toMatchObject({
    status: 2,
    err: expect.stringContaining('run-none') as string,
  });
  expect(await runCli(['logs'], { environment })).toMatchObject({ status: 2 });
  // What happened before it looked is not told.
  await expect
    .poll(async () => {
      await server.post('/api/traces', { messages: [{ role: 'user', content: 'What is 6*7?' }] });
      return lines.join('\n');
    })
    .toMatch(/agent \(\d+\) arrives: priority 50/);
  interrupt();
  expect((await kernel).status).toBe(0);
  await listening.close(0);
});
