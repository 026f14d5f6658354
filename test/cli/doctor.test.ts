/** `ringzero doctor`: each line is ok, warn or fail, with what to do. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  chunk,
  fragment,
  HostileServer,
  refuses,
  says,
  sends,
  type Behaviour,
} from '../support/hostile-server.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';

const files = scratch();
let server: HostileServer;
beforeEach(async () => {
  server = await HostileServer.start();
});
afterEach(() => server.close());

const lists: Behaviour = async (exchange) => {
  exchange.head(200, { 'content-type': 'application/json' });
  await exchange.send(JSON.stringify({ data: [{ id: 'm1' }, { id: 'm2' }] }));
};
const pings = sends(
  chunk(fragment({ index: 0, id: 'c', name: 'ping', arguments: '{}' })),
  chunk({}, { finish: 'tool_calls' }),
);
const doctor = (words: readonly string[] = [], environment: Record<string, string> = {}): Promise<CliRun> =>
  runCli(['doctor', ...words], {
    environment: { RINGZERO_MODEL_URL: server.url, RINGZERO_MODEL: 'm1', ...environment },
  });

test('all is well', async () => {
  server.behave(lists, says('hello'), pings);
  const { status, out } = await doctor();
  expect(out).not.toMatch(/^(warn|fail)/m);
  for (const check of [
    'node',
    'config',
    'folder',
    'tokenizer',
    'endpoint',
    'model',
    'streaming',
    'tool calls',
  ])
    expect(out).toMatch(new RegExp(`^ok    ${check} `, 'm'));
  expect(status).toBe(0);
});

test('without a model it says what to set, and that is no failure', async () => {
  const { status, out } = await runCli(['doctor']);
  expect(status).toBe(0);
  expect(out).toMatch(
    /warn {2}model .*\n +set RINGZERO_MODEL_URL and RINGZERO_MODEL; until then: .*--model scripted/,
  );
});

test('a model that is not listed, counts nothing, answers in one piece and calls no tool is warned of', async () => {
  const plain = sends(chunk({ content: 'hello' }), chunk({}, { finish: 'stop' }));
  server.behave(lists, plain, plain);
  const { status, out } = await doctor(['--model', 'm9']);
  expect(out).toMatch(/warn {2}model +m9 is not among .*\n +there are m1, m2/);
  expect(out).toMatch(/warn {2}usage/);
  expect(out).toMatch(/warn {2}streaming/);
  expect(out).toMatch(/warn {2}tool calls +it called no tool/);
  expect(status).toBe(0);
});

test('a model that fails, a broken config file and a server that does not start fail; --json has the same', async () => {
  server.behave(lists, refuses(500, 'out of memory'));
  const config = files.write('broken.json', '{"modle": 1}');
  const words = ['--mcp', 'no-such-command'];
  const failing = await doctor(words);
  expect(failing.status).toBe(1);
  expect(failing.out).toMatch(/fail {2}model +http.* answered 500: out of memory/);
  expect(failing.out).toMatch(/fail {2}mcp no-such-command/);
  server.behave(lists, refuses(500, 'out of memory'));
  const { status, out } = await doctor([...words, '--config', config, '--json']);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: { check: string; status: string }[] };
  expect({ status, ok }).toEqual({ status: 1, ok: false });
  expect(findings).toContainEqual(expect.objectContaining({ check: 'config', status: 'fail' }));
});

test('an endpoint that does not answer fails within the time given', async () => {
  server.behave((exchange) => exchange.stall());
  const { status, out } = await doctor(['--timeout', '100ms']);
  expect(status).toBe(1);
  expect(out).toMatch(/fail {2}(endpoint|model)/);
});

test('every model of the configuration is looked at, each at its endpoint and with its key; one that fails leaves the others', async () => {
  const other = await HostileServer.start();
  server.behave(lists, refuses(404, 'no such model'));
  other.behave(lists, says('hello'), pings);
  const config = files.write(
    'several.json',
    JSON.stringify({
      model: { name: 'm1' },
      models: {
        near: { url: other.url, name: 'm2', keyVariable: 'NEAR_KEY' },
        far: { url: 'http://127.0.0.1:1/v1' },
      },
      routes: { simple: ['near'] },
    }),
  );
  const { status, out } = await runCli(['doctor', '--config', config], {
    environment: {
      RINGZERO_MODEL_URL: server.url,
      RINGZERO_MODEL_KEY: 'sk-own-own',
      NEAR_KEY: 'sk-near-near',
    },
  });
  await other.close();
  expect(status).toBe(1);
  expect(out).toMatch(/^fail {2}model m1 +http.* answered 404: .*is there a model "m1"/m);
  expect(out).toMatch(/^ok {4}model near +m2 answers/m);
  expect(out).toMatch(/^ok {4}tool calls near +it calls tools/m);
  expect(out).toMatch(
    /^fail {2}endpoint +http:\/\/127\.0\.0\.1:1\/v1 cannot be reached .*\n +is the server up\? is models\.far\.url right/m,
  );
  expect(out).toMatch(/^fail {2}model far/m);
  expect(server.exchanges.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer sk-own-own',
    'Bearer sk-own-own',
  ]);
  expect(new Set(other.exchanges.map(({ headers }) => headers.authorization))).toEqual(
    new Set(['Bearer sk-near-near']),
  );
});

test('a key that is missing is told by the place where it belongs', async () => {
  server.behave(refuses(401, 'who are you?'));
  const config = files.write('keyless.json', JSON.stringify({ models: { near: { url: server.url } } }));
  const { status, out } = await runCli(['doctor', '--config', config]);
  expect(status).toBe(1);
  expect(out).toMatch(/^warn {2}endpoint .*status 401\)\n +set models\.near\.keyVariable/m);
  expect(out).toMatch(/^fail {2}model .*no key is set: models\.near\.keyVariable/m);
});
