import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';
import { AllowedHosts } from '../../../src/adapters/tools/allowed-hosts.ts';
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
  else if (request.url === '/latin')
    response
      .writeHead(200, { 'content-type': 'text/plain; charset=ISO-8859-1' })
      .end(Buffer.from([0x66, 0xfc, 0x72]));
  else if (request.url === '/picture')
    response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([1, 2, 3]));
  else if (request.url === '/packed')
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
  else if (request.url === '/half') {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setImmediate(() => response.destroy());
  } else if (request.url === '/nonsense') response.writeHead(302, { location: 'http://[' }).end();
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

test('pages in other encodings are read, what is no text is said to be none, and half a page is no page', async () => {
  const call = caller([fetchTool([host])]);
  const get = (path: string) => call('fetch', { url: `http://${host}${path}` });
  expect((await get('/latin')).value).toEqual({ status: 200, text: 'für' });
  expect((await get('/packed')).value).toEqual({ status: 200, text: 'unpacked' });
  expect(await get('/picture')).toEqual({
    ok: false,
    value: 'status 200: image/png is no text; allowed: text, JSON, XML',
  });
  expect(await get('/half')).toMatchObject({
    ok: false,
    value: expect.stringContaining('ECONNRESET') as string,
  });
  expect(await get('/nonsense')).toMatchObject({
    ok: false,
    value: expect.stringContaining('no URL') as string,
  });
});

test.each([
  ['example.org', 'https://example.org/', true],
  ['example.org', 'http://example.org:80/', true],
  ['example.org', 'http://example.org:6379/', false],
  ['example.org:6379', 'http://example.org:6379/', true],
  ['example.org:6379', 'http://example.org/', false],
  ['*.example.org', 'http://a.b.example.org/', true],
  ['*.example.org', 'http://example.org/', true],
  ['*.example.org', 'http://badexample.org/', false],
  ['*.example.org', 'http://a.example.org:8080/', false],
  ['*.example.org:8080', 'http://a.example.org:8080/', true],
  ['example.org', 'http://:word@example.org/', false],
  ['example.org', 'http://EXAMPLE.org/', true],
  ['127.0.0.1', 'http://2130706433/', true],
  ['[::1]:80', 'http://[::1]:81/', false],
])('%s allows %s: %s', (entry, url, isAllowed) => {
  expect(new AllowedHosts([entry]).allow(new URL(url))).toBe(isAllowed);
});

test('a name that leads to this machine, or to a private network, is no way around the list', async () => {
  const found = (entries: readonly string[], address: string, options = {}) =>
    new Promise((resolve) => {
      const family = address.includes(':') ? 6 : 4;
      const hosts = new AllowedHosts(entries, (_name, _options, then) => then(null, [{ address, family }]));
      hosts.lookup('x.example.org', options, (error, told) => resolve(error?.message ?? told));
    });
  for (const address of '127.0.0.1 10.1.2.3 169.254.169.254 192.168.0.1 0.0.0.0 ::1 fe80::1 fd00::1 ::ffff:127.0.0.1'.split(
    ' ',
  ))
    expect(await found(['*.example.org'], address)).toContain(`leads to ${address}, which is not public`);
  expect(await found(['*.example.org'], '93.184.215.14')).toBe('93.184.215.14');
  expect(await found(['*.example.org'], '2606:2800::1', { all: true })).toMatchObject([{ family: 6 }]);
  expect(await found(['x.example.org', '10.1.2.3'], '10.1.2.3')).toBe('10.1.2.3');
  // The real thing: this name is on the list, and its address need not be.
  const port = host.split(':')[1]!;
  const call = caller([fetchTool([`localhost:${port}`])]);
  expect(await call('fetch', { url: `http://localhost:${port}/page` })).toMatchObject({ ok: true });
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

test('a command gets no secret, and what it leaves behind is not waited for', async () => {
  vi.stubEnv('RINGZERO_MODEL_KEY', 'sk-secret-secret');
  const call = caller([shellTool(tmpdir())]);
  const { value } = await call('shell', { command: 'env' });
  vi.unstubAllEnvs();
  expect((value as { stdout: string }).stdout).toContain('PATH=');
  expect((value as { stdout: string }).stdout).not.toContain('sk-secret');
  const marker = `60.${process.pid}`;
  const left = await call('shell', { command: `sleep ${marker} & (setsid sleep 2 &) ; echo done` });
  expect(left).toEqual({ ok: true, value: { status: 0, stdout: 'done\n', stderr: '' } });
  const { stdout } = (await call('shell', { command: `pgrep -f 'sleep ${marker}$' || true` })).value as {
    stdout: string;
  };
  expect(stdout).toBe('');
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
