/** The server as a process: killed, and told to end, with runs under way. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  chunk,
  fragment,
  HostileServer,
  says,
  sends,
  usageChunk,
  type Behaviour,
} from '../support/hostile-server.ts';
import { scratch } from '../support/run-cli.ts';
import { ServerProcess } from '../support/server-process.ts';

const files = scratch();
let model: HostileServer;
let servers: ServerProcess[] = [];
beforeEach(async () => {
  model = await HostileServer.start();
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.end('SIGKILL')));
  servers = [];
  await model.close();
});

async function started(...more: string[]): Promise<ServerProcess> {
  const words = ['--store', 'store', '--model', 'm', '--model-url', model.url, '--retries', '0', ...more];
  const server = await ServerProcess.start(files.path(''), words);
  servers.push(server);
  return server;
}

const calculates: Behaviour = sends(
  chunk(fragment({ index: 0, id: 'c1', name: 'calculator', arguments: '{"expression":"6*7"}' })),
  chunk({}, { finish: 'tool_calls' }),
  usageChunk,
);
const stalls: Behaviour = (exchange) => exchange.stall();
const begun = async (server: ServerProcess, content: string): Promise<string> => {
  const { body } = await server.post<{ trace_id: string }>('/api/traces', {
    messages: [{ role: 'user', content }],
  });
  return body.trace_id;
};
const until = async (server: ServerProcess, id: string, status: string): Promise<void> => {
  await expect
    .poll(async () => (await server.get(`/api/traces/${id}`)).body['status'], { timeout: 8_000 })
    .toBe(status);
};

test('a server that was killed, or told to end, goes on with its runs when it starts again: nothing that was answered is asked again, what was stopped stays so', async () => {
  model.behave(calculates, stalls);
  const killed = await started();
  const id = await begun(killed, 'What is 6*7?');
  await expect.poll(() => model.exchanges.length, { timeout: 8_000 }).toBe(2);
  expect(await killed.end('SIGKILL')).toBe('SIGKILL');
  model.behave(says('It is 42.'));
  const second = await started();
  await until(second, id, 'completed');
  expect((await second.get(`/api/traces/${id}`)).body).toMatchObject({ answer: 'It is 42.', branch: 'main' });
  expect(model.exchanges).toHaveLength(3);
  expect(second.said).toContain(`${id} goes on`);

  model.behave(stalls);
  const parked = await begun(second, 'one');
  const stopped = await begun(second, 'two');
  await expect.poll(() => model.exchanges.length, { timeout: 8_000 }).toBe(5);
  const before = model.aborted;
  await second.post(`/api/traces/${stopped}/stop`);
  expect(await second.end('SIGTERM')).toBe(0);
  expect(model.aborted).toBe(before + 2);
  model.behave(says('Done.'));
  const idle = await started('--no-continue');
  await until(idle, parked, 'stopped');
  expect(await idle.end('SIGTERM')).toBe(0);
  const next = await started();
  await until(next, parked, 'completed');
  await until(next, stopped, 'stopped');
  expect((await next.post(`/api/traces/${stopped}/run`)).status).toBe(200);
  await until(next, stopped, 'completed');
});
