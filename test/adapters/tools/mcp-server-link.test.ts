import { mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { McpServerLink } from '../../../src/adapters/tools/mcp-server-link.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import { toolSpecOf } from '../../../src/kernel/tool-data.ts';
import { caller } from './tools.ts';

const require = createRequire(import.meta.url);
const everything = {
  name: 'everything',
  command: process.execPath,
  args: [require.resolve('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
};

test('the tools of a published server appear with their schemas, and are called', async () => {
  const link = await McpServerLink.open(everything);
  try {
    expect(link.refused).toEqual([]);
    const sum = link.tools.find(({ spec }) => spec.name === 'get-sum')!;
    expect(sum.spec).toMatchObject({
      server: 'mcp:everything',
      parameters: { type: 'object', required: ['a', 'b'] },
    });
    const call = caller(link.tools);
    expect(await call('get-sum', { a: 2, b: 3 })).toEqual({ ok: true, value: 'The sum of 2 and 3 is 5.' });
    expect(await call('echo', { message: 'hello' })).toEqual({ ok: true, value: 'Echo: hello' });
    // What the kernel's schema lets pass and the server does not.
    expect(await call('get-sum', { a: 'x', b: 3 })).toMatchObject({ ok: false });
    const stop = new StopSwitch();
    const long = call('trigger-long-running-operation', { duration: 30, steps: 3 }, stop);
    setTimeout(() => stop.stop(), 50);
    expect(await long).toEqual({ ok: false, value: 'stopped' });
  } finally {
    // It takes its time when it is asked.
    await link.close({ isHurried: true });
  }
});

test('files of the published file server stay inside its root', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-mcp-'));
  writeFileSync(join(folder, 'note.txt'), 'a note');
  const link = await McpServerLink.open({
    name: 'files',
    command: process.execPath,
    args: [require.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'), folder],
  });
  try {
    const call = caller(link.tools);
    const read = await call('read_text_file', { path: join(folder, 'note.txt') });
    expect(JSON.stringify(read.value)).toContain('a note');
    expect(await call('read_text_file', { path: '/etc/passwd' })).toMatchObject({ ok: false });
    // Reading is told as reading: two calls of it may run side by side.
    const specOf = (name: string) => toolSpecOf(link.tools.find(({ spec }) => spec.name === name)!.spec);
    const { effects } = specOf('read_text_file');
    expect(effects?.({}, { pid: 1 as never, name: '', run: '' })).toEqual({
      reads: ['mcp:files'],
      writes: [],
    });
    expect(specOf('write_file').effects).toBeUndefined();
    // A write that a crash cut off may be made again where the server says that this changes nothing more.
    expect(specOf('write_file').idempotent).toBe(true);
    expect(specOf('edit_file').idempotent).toBe(false);
  } finally {
    await link.close();
  }
});

test('a server that dies is started again: what ran fails, what comes then is answered', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-mcp-'));
  const file = join(folder, 'server.mjs');
  const sdk = require.resolve('@modelcontextprotocol/server');
  const library = join(sdk, '..', 'index.mjs');
  const stdio = join(sdk, '..', 'stdio.mjs');
  const zod = require.resolve('zod');
  writeFileSync(
    file,
    `import { McpServer } from ${JSON.stringify(library)};
import { StdioServerTransport } from ${JSON.stringify(stdio)};
import { z } from ${JSON.stringify(zod)};
const server = new McpServer({ name: 'mortal', version: '1' });
server.registerTool('die', { inputSchema: z.object({}) }, () => process.exit(1));
server.registerTool('pid', { inputSchema: z.object({}) }, () => ({ content: [{ type: 'text', text: String(process.pid) }] }));
server.registerTool('meta', { inputSchema: z.object({}) }, (_args, context) => ({ content: [{ type: 'text', text: JSON.stringify(context.mcpReq._meta) }] }));
await server.connect(new StdioServerTransport());
`,
  );
  const notices: string[] = [];
  const link = await McpServerLink.open(
    { name: 'mortal', command: process.execPath, args: [file] },
    { onNotice: (line) => notices.push(line) },
  );
  try {
    const call = caller(link.tools);
    const meta = await call('meta', {});
    expect(JSON.parse(meta.value as string)).toMatchObject({ 'ringzero/idempotency-key': 'key of the call' });
    const first = await call('pid', {});
    expect(await call('die', {})).toEqual({
      ok: false,
      value: 'MCP server mortal ended during the call: whether it acted is not known',
    });
    const second = await call('pid', {});
    expect(second.ok).toBe(true);
    expect(second.value).not.toEqual(first.value);
    expect(notices).toEqual([
      'MCP server mortal ended; it is started again',
      'MCP server mortal is there again',
    ]);
  } finally {
    await link.close();
  }
});

test.each([
  [
    { name: 'x', command: 'no-such-command' },
    'mcp: "no-such-command" could not be reached (there is no such command)',
  ],
  [
    { name: 'x', command: process.execPath, args: ['-e', 'process.exit(1)'] },
    'process.exit(1)" could not be reached',
  ],
  [{ name: 'x', url: 'nonsense' }, 'mcp: "nonsense" is not allowed; allowed: a command, or a URL'],
  [{ name: 'x', url: 'http://127.0.0.1:9/mcp' }, 'mcp: "http://127.0.0.1:9/mcp" could not be reached'],
])('%o is told in one line', async (server, message) => {
  const error: Error = await McpServerLink.open(server).then(
    () => new Error('it was reached'),
    (problem: Error) => problem,
  );
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('\n');
});
