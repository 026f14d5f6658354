/** MCP servers that are not as they should be: over standard streams (test/support/hostile-mcp-server.ts), and over HTTP. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { resultLength } from '../../../src/adapters/tools/mcp-results.ts';
import { McpServerLink, type McpLinkOptions } from '../../../src/adapters/tools/mcp-server-link.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import { scratch } from '../../support/run-cli.ts';
import { projectRoot } from '../../support/source.ts';
import { caller } from './tools.ts';

const files = scratch();
let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

/** The machine may be busy. */
const patient = { timeout: 10_000 };

let count = 0;
async function opened(mode: string, options: McpLinkOptions = {}) {
  const log = files.path(`log-${++count}`);
  const notices: string[] = [];
  const args = [join(projectRoot, 'test/support/hostile-mcp-server.ts'), mode, log];
  const server = { name: 'hostile', command: process.execPath, args };
  const opening = McpServerLink.open(server, { onNotice: (line) => notices.push(line), ...options });
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  const pid = (): number => Number(/^start (\d+)$/.exec(lines()[0]!)![1]);
  ends.push(() => opening.then((link) => link.close({ isHurried: true })).catch(() => {}));
  return { opening, lines, notices, pid };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a tool whose schema is none is left out, and said why; the others of all pages are offered, under names that are allowed', async () => {
  const link = await (await opened('noisy')).opening;
  expect(link.tools.map(({ spec }) => spec.name)).toEqual(
    'env huge contents fails slow die change odd_name__'.split(' '),
  );
  expect(link.refused).toEqual([
    expect.stringContaining('hostile: tool nonsense: parameters.type: "strin" is not allowed') as string,
    expect.stringContaining('hostile: tool no_schema: parameters: 5 is not allowed') as string,
  ]);
  expect(await caller(link.tools)('odd_name__', {})).toEqual({ ok: true, value: 'called odd name/ü' });
});

test('results that are large, no text, or failures; the server gets no secret', async () => {
  vi.stubEnv('RINGZERO_MODEL_KEY', 'sk-secret-secret');
  ends.push(() => vi.unstubAllEnvs());
  const { opening, notices } = await opened('noisy');
  const call = caller((await opening).tools);
  const huge = (await call('huge', {})).value as string;
  expect(huge.slice(resultLength)).toBe('\n[2000000 characters more]');
  expect(await call('contents', {})).toEqual({
    ok: true,
    value: 'see\n[image image/png]\nin a\n[resource file:///b.bin]\n[resource file:///c.txt]',
  });
  expect(await call('fails', {})).toEqual({ ok: false, value: 'it did not work' });
  expect(JSON.stringify(await call('env', {}))).not.toContain('sk-secret');
  await call('change', {});
  expect(notices).toEqual([
    'MCP server hostile has other tools now; those that it had at first stay on offer',
  ]);
});

test('a stopped call is cancelled at the server', async () => {
  const { opening, lines } = await opened('');
  const stop = new StopSwitch();
  const reply = caller((await opening).tools)('slow', {}, stop);
  await expect.poll(lines, patient).toHaveLength(2);
  const id = lines()[1]!.replace('slow ', '');
  stop.stop();
  expect(await reply).toEqual({ ok: false, value: 'stopped' });
  await expect.poll(lines, patient).toContain(`cancelled ${id}`);
});

test('a server that ends again and again is not started for ever; a call asks for it once more', async () => {
  const restarts = { waitsUs: [10_000, 20_000], stableUs: 60_000_000 };
  const { opening, lines, notices } = await opened('brief', { restarts });
  const link = await opening;
  await expect.poll(() => notices.at(-1), patient).toContain('as before');
  expect(lines()).toHaveLength(3);
  expect(notices).toEqual([
    'MCP server hostile ended (it said: I cannot go on); it is started again',
    'MCP server hostile is there again',
    'MCP server hostile ended (it said: I cannot go on); it is started again',
    'MCP server hostile is there again',
    'MCP server hostile ended (it said: I cannot go on), as before; it is started again when a call asks for it',
  ]);
  // It answers, or is gone again.
  expect(await caller(link.tools)('fails', {})).toMatchObject({ ok: false });
  expect(lines()).toHaveLength(4);
});

test('a call that waits for a server that is away ends when it is stopped, and closing waits for no restart', async () => {
  const restarts = { waitsUs: [600_000_000], stableUs: 0 };
  const { opening, notices } = await opened('brief', { restarts });
  const link = await opening;
  await expect.poll(() => notices, patient).toHaveLength(1);
  const stop = new StopSwitch();
  const reply = caller(link.tools)('fails', {}, stop);
  stop.stop();
  expect(await reply).toEqual({ ok: false, value: 'stopped' });
  await link.close();
});

test('a server that never answers is given up, and does not live on', async () => {
  const { opening, lines, pid } = await opened('silent', { connectUs: 500_000 });
  await expect(opening).rejects.toThrow(/could not be reached \(Request timed out\)/);
  // A slow machine may not even have begun with it.
  await expect.poll(() => lines().length > 0 && isAlive(pid()), patient).toBe(false);
});

test('one that does not go when it is asked is made to', async () => {
  const { opening, pid } = await opened('deaf');
  const link = await opening;
  await link.close({ isHurried: true });
  await expect.poll(() => isAlive(pid()), patient).toBe(false);
});

/** A server over HTTP that knows one session at a time. `behave` answers calls of tools. */
async function httpServer(behave: (response: ServerResponse, id: number) => void) {
  let session = 's1';
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { id, method } = (text === '' ? {} : JSON.parse(text)) as { id?: number; method?: string };
      const answer = (result: object): void => {
        response.setHeader('content-type', 'application/json');
        response.setHeader('mcp-session-id', session);
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
      };
      if (method === undefined) return response.writeHead(405).end();
      if (method === 'initialize')
        return answer({
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'far', version: '1' },
        });
      if (request.headers['mcp-session-id'] !== session) return response.writeHead(404).end('no session');
      if (id === undefined) return response.writeHead(202).end();
      if (method === 'tools/list')
        return answer({ tools: [{ name: 'act', inputSchema: { type: 'object' } }] });
      behave(response, id);
    });
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  ends.push(close);
  const link = await McpServerLink.open({ name: 'far', url: `http://127.0.0.1:${port}/mcp` });
  ends.unshift(() => link.close());
  return {
    call: caller(link.tools),
    close,
    /** Everything that it knew is gone. */
    begin: async (name: string): Promise<void> => {
      session = name;
      if (!server.listening) await listen(port);
    },
  };
}

const acted = (response: ServerResponse, id: number): void => {
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'acted' }] } }),
  );
};

test('a server over HTTP that has begun anew is greeted again', async () => {
  const { call, begin, close } = await httpServer(acted);
  expect(await call('act', {})).toEqual({ ok: true, value: 'acted' });
  await begin('s2');
  expect(await call('act', {})).toEqual({ ok: true, value: 'acted' });
  await close();
  expect(await call('act', {})).toMatchObject({ ok: false });
  await begin('s3');
  expect(await call('act', {})).toEqual({ ok: true, value: 'acted' });
});

test('a call whose stream ends without an answer fails, and the next one is made', async () => {
  let calls = 0;
  const { call } = await httpServer((response, id) => {
    if (++calls > 1) return acted(response, id);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(': nothing\n\n');
  });
  expect(await call('act', {})).toEqual({
    ok: false,
    value: 'MCP server far: the connection ended before the answer',
  });
  expect(await call('act', {})).toEqual({ ok: true, value: 'acted' });
});
