import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { fetchLimits, fetchTool } from '../../../src/adapters/tools/fetch-tool.ts';
import { pureTool } from '../../../src/adapters/tools/live-tool.ts';
import { shellTool } from '../../../src/adapters/tools/shell-tool.ts';
import { timeTool } from '../../../src/adapters/tools/time-tool.ts';
import { builtInTools } from '../../../src/agents/tools/built-in.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import { caller } from './tools.ts';

const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(request.url!);
  if (request.url === '/away') response.writeHead(302, { location: 'http://example.invalid/' }).end();
  else if (request.url === '/near') response.writeHead(302, { location: '/page' }).end();
  else if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
  else if (request.url === '/missing') response.writeHead(404).end('not here');
  else if (request.url === '/long') response.end('x'.repeat(fetchLimits.bytes + 1_000));
  else if (request.url !== '/never') response.end('a page');
});
let host = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('pages are fetched from hosts on the list, also behind a redirect', async () => {
  const call = caller([fetchTool([host])]);
  expect(await call('fetch', { url: `http://${host}/page` })).toEqual({
    ok: true,
    value: { status: 200, text: 'a page' },
  });
  expect(await call('fetch', { url: `http://${host}/near` })).toMatchObject({ ok: true });
  expect(await call('fetch', { url: `http://${host}/missing` })).toEqual({
    ok: false,
    value: 'status 404: not here',
  });
  const long = await call('fetch', { url: `http://${host}/long` });
  expect(long.value).toMatchObject({ isCut: true });
});

test('no other host is asked, whatever a page says', async () => {
  const call = caller([fetchTool([host, 'example.org', '*.example.com'])]);
  for (const url of [
    'http://example.net/',
    'https://notexample.com/',
    'https://example.org.evil.net/',
    'http://example.org@evil.net/',
    'http://user@example.org/',
    'http://127.0.0.1:1/',
  ])
    expect(await call('fetch', { url })).toMatchObject({
      ok: false,
      value: expect.stringMatching(/^url: host ".*" is not on the list; allowed: /) as string,
    });
  expect(await call('fetch', { url: `http://${host}/away` })).toMatchObject({
    value: expect.stringContaining('host "example.invalid" is not on the list') as string,
  });
  for (const url of ['file:///etc/passwd', 'nonsense', 'data:text/plain,x'])
    expect(await call('fetch', { url })).toMatchObject({
      value: expect.stringContaining('is not one; allowed: http:// or https://') as string,
    });
});

test('redirects end somewhere, and a stop ends the wait', async () => {
  const call = caller([fetchTool([host])]);
  expect(await call('fetch', { url: `http://${host}/round` })).toEqual({
    ok: false,
    value: 'url: more than 5 redirects',
  });
  const stop = new StopSwitch();
  const reply = call('fetch', { url: `http://${host}/never` }, stop);
  stop.stop();
  expect(await reply).toEqual({ ok: false, value: `http://${host}/never: stopped` });
  expect(await call('fetch', { url: 'http://127.0.0.1:9/' })).toMatchObject({ ok: false });
});

test('a host that is no name is refused', () => {
  expect(() => fetchTool(['https://example.org'])).toThrow(
    'allowed hosts: "https://example.org" is not allowed; allowed: a host name',
  );
});

test('a command gives its status and what it printed', async () => {
  const call = caller([shellTool(tmpdir())]);
  expect(await call('shell', { command: 'echo out; echo err >&2; exit 3' })).toEqual({
    ok: true,
    value: { status: 3, stdout: 'out\n', stderr: 'err\n' },
  });
  expect(shellTool('/').spec.approval).toBe(true);
});

test('a stopped command ends with all that it started', async () => {
  const call = caller([shellTool(tmpdir())]);
  const stop = new StopSwitch();
  const reply = call('shell', { command: 'sleep 60 & sleep 60' }, stop);
  setTimeout(() => stop.stop(), 50);
  // The pipe closes when the last of its processes is gone.
  expect(await reply).toEqual({ ok: false, value: 'stopped' });
});

test('a command prints as much as it likes, and the tool keeps a part', async () => {
  const call = caller([shellTool(tmpdir())]);
  const { value } = await call('shell', { command: 'head -c 300000 /dev/zero | tr "\\0" x' });
  const { stdout } = value as { stdout: string };
  expect(stdout).toMatch(/x\n\[100000 bytes more\]$/);
});

test('the time, and tools that need nothing of the world', async () => {
  const call = caller([timeTool(new SystemClock()), ...builtInTools.map(pureTool)]);
  const { value } = await call('time', {});
  expect((value as { utc: string }).utc).toMatch(/^20\d\d-\d\d-\d\dT.*Z$/);
  expect(await call('calculator', { expression: '6*7' })).toEqual({ ok: true, value: 42 });
  expect(await call('calculator', { expression: '6*' })).toMatchObject({ ok: false });
  expect(await call('nonsense', {})).toEqual({
    ok: false,
    value: 'tool nonsense has no implementation here',
  });
});
