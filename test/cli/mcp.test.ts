/** `ringzero mcp`: the real process, driven by a client of the protocol. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Command as CommanderCommand } from 'commander';

import { McpServerLink } from '../../src/adapters/tools/mcp-server-link.ts';
import { AgentService } from '../../src/cli/live/agent-service.ts';
import { openLiveWorld } from '../../src/cli/live/live-world.ts';
import { addLiveFlags, liveSettings, type LiveFlags } from '../../src/cli/live/settings.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { ToolRegistry } from '../../src/kernel/tools.ts';
import { caller } from '../adapters/tools/tools.ts';
import { HostileServer, says } from '../support/hostile-server.ts';
import { ioOf, runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const root = mkdtempSync(join(tmpdir(), 'ringzero-mcp-'));
let link: McpServerLink;
beforeAll(async () => {
  const args = [join(projectRoot, 'src/cli/main.ts'), 'mcp', '--model', 'scripted', '--root', root];
  link = await McpServerLink.open({ name: 'ringzero', command: process.execPath, args });
});
afterAll(async () => {
  await link.close();
  rmSync(root, { recursive: true });
});

/** A call that must succeed, and its object. */
async function call(tool: string, args: Json = {}): Promise<Record<string, Json>> {
  const { ok, value } = await caller(link.tools)(tool, args);
  expect(ok, JSON.stringify(value)).toBe(true);
  return value as Record<string, Json>;
}

test('its tools are spawn, list, status, stop and ask; those that only look say so', () => {
  expect(link.refused).toEqual([]);
  expect(link.tools.map(({ spec }) => spec.name)).toEqual(['spawn', 'list', 'status', 'stop', 'ask']);
  const reading = link.tools.filter(({ spec }) => spec.writes?.length === 0).map(({ spec }) => spec.name);
  expect(reading).toEqual(['list', 'status']);
});

test('an agent is spawned, works, and its answer is read', async () => {
  const { pid } = await call('spawn', { task: 'What is 6*7?' });
  const status = await call('status', { pid: pid!, waitSeconds: 10 });
  expect(status).toMatchObject({ state: 'ended', outcome: 'completed', reason: 'answered' });
  expect(status['answer']).toContain('calculator: 42');
  expect(status['usage']).toMatchObject({ modelCalls: 2, toolCalls: 1 });
});

test('a question waits until it is answered by its number; the agent is waiting, not completed', async () => {
  const { pid } = await call('spawn', { task: 'write_file {"path":"a.txt","text":"x"}' });
  const waiting = await call('status', { pid: pid!, waitSeconds: 10 });
  expect(waiting).toMatchObject({ state: 'waiting', waitingOn: 'person' });
  const { questions } = (await call('ask')) as { questions: { question: number; tool: string }[] };
  expect(questions).toMatchObject([{ pid, tool: 'write_file', arguments: { path: 'a.txt' } }]);
  const { question } = questions[0]!;
  const tell = caller(link.tools);
  expect(await tell('ask', { question: 999, decision: 'approve' })).toEqual({
    ok: false,
    value: `question: 999 is not allowed; allowed: ${question}`,
  });
  expect(await tell('ask', { question, decision: 'edit', value: { path: 1 } })).toMatchObject({ ok: false });
  await call('ask', { question, decision: 'edit', value: { path: 'b.txt', text: 'y' } });
  expect(await call('status', { pid: pid!, waitSeconds: 10 })).toMatchObject({ outcome: 'completed' });
  expect(['a.txt', 'b.txt'].map((name) => existsSync(join(root, name)))).toEqual([false, true]);
});

test('what the model asks waits for the client, too: an answer is its result, a denial a failed one', async () => {
  const ask = 'ask_person {"question":"Which colour?"}';
  const { pid } = await call('spawn', { task: `${ask} ${ask}` });
  const waiting = await call('status', { pid: pid!, waitSeconds: 10 });
  expect(waiting).toMatchObject({ state: 'waiting', waitingOn: 'person' });
  const questions = waiting['questions'] as { question: number; purpose: string; text: Json }[];
  expect(questions).toMatchObject([
    { purpose: 'answer', text: { question: 'Which colour?' } },
    { purpose: 'answer' },
  ]);
  const [first, second] = questions.map(({ question }) => question);
  expect(await caller(link.tools)('ask', { question: first!, decision: 'approve' })).toMatchObject({
    ok: false,
    value: expect.stringContaining('allowed: answer, deny') as string,
  });
  await call('ask', { question: second!, decision: 'deny', value: 'ask me later' });
  await call('ask', { question: first!, decision: 'answer', value: 'blue' });
  const { answer } = await call('status', { pid: pid!, waitSeconds: 10 });
  expect(answer).toContain('- ask_person: blue\n- ask_person failed: TOOL_DENIED');
  expect(answer).toContain('ask me later');
});

test('a stopped agent is cancelled, and its question is withdrawn', async () => {
  const { pid } = await call('spawn', { task: 'write_file {"path":"c.txt","text":"x"}' });
  await call('status', { pid: pid!, waitSeconds: 10 });
  expect(await call('stop', { pid: pid! })).toMatchObject({ stopped: true });
  expect(await call('status', { pid: pid!, waitSeconds: 10 })).toMatchObject({ outcome: 'cancelled' });
  expect(await call('stop', { pid: pid! })).toMatchObject({ stopped: false, outcome: 'cancelled' });
  expect(await call('ask')).toEqual({ questions: [] });
  const { agents } = (await call('list')) as { agents: { pid: number }[] };
  expect(agents.map((agent) => agent.pid)).toContain(pid);
});

test('what is asked for wrongly is a result that says what is allowed', async () => {
  const tell = caller(link.tools);
  expect(await tell('spawn', {})).toMatchObject({
    ok: false,
    value: expect.stringContaining('task') as string,
  });
  expect(await tell('spawn', { task: 'x', tools: ['magic'] })).toMatchObject({ ok: false });
  expect(await tell('status', { pid: 99 })).toMatchObject({
    ok: false,
    value: expect.stringContaining('pid: 99 is not allowed; allowed: 1') as string,
  });
});

test('several questions are open at once; each is answered by its number, in any order, and a reason reaches the model', async () => {
  const pids: Json[] = [];
  for (const name of ['one', 'two'])
    pids.push((await call('spawn', { task: `write_file {"path":"${name}.txt","text":"x"}` }))['pid']!);
  for (const pid of pids) await call('status', { pid, waitSeconds: 10 });
  const { questions } = (await call('ask')) as unknown as { questions: { question: number; pid: number }[] };
  expect(questions.map(({ pid }) => pid)).toEqual(pids);
  const [first, second] = questions.map(({ question }) => question);
  await call('ask', { question: second!, decision: 'approve' });
  expect(await call('status', { pid: pids[1]!, waitSeconds: 10 })).toMatchObject({ outcome: 'completed' });
  expect(await call('status', { pid: pids[0]! })).toMatchObject({ state: 'waiting', waitingOn: 'person' });
  await call('ask', { question: first!, decision: 'deny', value: 'not today' });
  const { answer } = await call('status', { pid: pids[0]!, waitSeconds: 10 });
  expect(answer).toContain('TOOL_DENIED: a person denied write_file: not today');
  expect(['one', 'two'].map((name) => existsSync(join(root, `${name}.txt`)))).toEqual([false, true]);
});

test.each([
  ['spawn', { task: '' }, 'task'],
  ['spawn', { task: 'x', priority: 101 }, 'priority'],
  ['spawn', { task: 'x', iterations: 0 }, 'iterations'],
  ['spawn', { task: 'x', budget: 5 }, 'budget'],
  ['status', { pid: 'one' }, 'pid'],
  ['status', { pid: 1, waitSeconds: 61 }, 'waitSeconds'],
  ['stop', {}, 'pid'],
  ['stop', { pid: 12345 }, 'pid: 12345'],
  ['ask', { question: 1, decision: 'maybe' }, 'decision'],
  ['ask', { decision: 'approve', question: 77 }, 'question: 77'],
])('%s %j is refused in one line', async (tool, args, field) => {
  const { ok, value } = await caller(link.tools)(tool, args);
  expect({ ok, value }).toEqual({ ok: false, value: expect.stringContaining(field) as string });
  expect(value).not.toContain('\n');
});

/** The tools of a server of ours, without a process around them. */
async function served(...words: string[]) {
  const command = new CommanderCommand();
  addLiveFlags(command);
  command.parse([...words, '--model', 'scripted', '--root', root], { from: 'user' });
  const settings = liveSettings(command.opts<LiveFlags>(), ioOf({}));
  const service = new AgentService();
  const world = await openLiveWorld(settings, {
    seed: 1,
    isWatched: false,
    storage: new MemoryStorage(),
    asksPerson: false,
    watcher: service,
  });
  const tools = service.serve(world, settings.approve);
  const tell = async (name: string, args: Json): Promise<Record<string, Json>> =>
    (await tools.find(({ spec }) => spec.name === name)!.call(args)).value as Record<string, Json>;
  return { world, tools, tell };
}

test('an agent with no tools at all; what nobody may decide on is denied, not kept open', async () => {
  for (const [words, answer] of [
    [['--tools', 'none'], 'I have called no tool.'],
    [['--approve', 'never'], 'TOOL_DENIED: a person denied write_file: nobody is asked'],
  ] as const) {
    const { world, tools, tell } = await served(...words);
    expect(() => new ToolRegistry(tools.map(({ spec }) => spec))).not.toThrow();
    const { pid } = await tell('spawn', { task: 'write_file {"path":"never.txt","text":"x"}' });
    expect((await tell('status', { pid: pid!, waitSeconds: 10 }))['answer']).toContain(answer);
    await world.close();
  }
  expect(existsSync(join(root, 'never.txt'))).toBe(false);
});

test('an agent whose kernel cannot go on has failed, and whoever waits for it is told', async () => {
  const { world, tell } = await served('--approve', 'ask');
  const { pid } = await tell('spawn', { task: 'write_file {"path":"never.txt","text":"x"}' });
  await tell('status', { pid: pid!, waitSeconds: 10 });
  await world.close();
  expect(await tell('status', { pid: pid! })).toMatchObject({ state: 'ended', outcome: 'failed' });
});

test.concurrent.for(['SIGINT', 'SIGHUP'] as const)(
  'at %s it ends with all that it started: agents, commands, servers of its own',
  // Side by side each has its own.
  async (how, { expect }) => {
    const log = join(root, `log-${how}`);
    const mcp = `"${process.execPath}" "${join(projectRoot, 'test/support/hostile-mcp-server.ts')}" plain "${log}"`;
    const main = join(projectRoot, 'src/cli/main.ts');
    const words = [
      main,
      'mcp',
      '--model',
      'scripted',
      '--mcp',
      mcp,
      '--root',
      root,
      '--shell',
      '--approve',
      'always',
    ];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const say = (id: number, method: string, params: object): unknown =>
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    say(1, 'initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
    await expect.poll(() => said, { timeout: 60_000 }).toContain('"id":1');
    say(2, 'tools/call', {
      name: 'spawn',
      arguments: { task: `shell {"command":"echo $$ > 'pid-${how}'; sleep 60"}` },
    });
    const pidFile = join(root, `pid-${how}`);
    await expect
      .poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', { timeout: 60_000 })
      .toBe(true);
    const ended = new Promise((resolve) => {
      child.on('close', resolve);
    });
    child.kill(how);
    expect(await ended).toBe(0);
    const server = /start (\d+)/.exec(readFileSync(log, 'utf8'))![1]!;
    for (const pid of [server, readFileSync(pidFile, 'utf8')])
      expect(() => process.kill(Number(pid), 0), `process ${pid} lives on`).toThrow('ESRCH');
  },
);

test('agents ask the models that they are given, at their prices and out of one budget; a repeated prompt comes from the cache', async () => {
  const server = await HostileServer.start();
  server.behave(says('Done.'));
  const config = join(root, 'several.json');
  writeFileSync(
    config,
    JSON.stringify({
      model: { url: server.url, name: 'gpt-4.1-mini' },
      models: {
        large: { name: 'gpt-4.1' },
        unpriced: { prices: { input: 1e6, cachedInput: 1e6, output: 1e6 } },
      },
      agent: { cache: true },
      budget: { usd: 1 },
    }),
  );
  const io = ioOf({ environment: {} });
  const settings = liveSettings({ config, mcp: [], allowHost: [], redact: [] }, io);
  const service = new AgentService();
  const world = await openLiveWorld(settings, {
    moreModels: settings.furtherModels,
    seed: 1,
    isWatched: false,
    storage: new MemoryStorage(),
    asksPerson: false,
    watcher: service,
  });
  const tools = service.serve(world, 'never');
  const tell = async (name: string, args: Json): Promise<Record<string, Json>> => {
    const { value } = await tools.find(({ spec }) => spec.name === name)!.call(args);
    return value as Record<string, Json>;
  };
  const used: Json[] = [];
  for (const more of [{}, { models: ['large'] }, { models: ['unpriced', 'large'] }, {}]) {
    const { pid } = await tell('spawn', { task: 'Work.', ...more });
    const { usage, answer } = await tell('status', { pid: pid!, waitSeconds: 10 });
    expect(answer).toBe('Done.');
    used.push((usage as Record<string, Json>)['microDollars']!);
  }
  await world.close();
  await server.close();
  expect(server.exchanges.map(({ body }) => body['model'])).toEqual(['gpt-4.1-mini', 'gpt-4.1', 'unpriced']);
  // 20 tokens in, 16 of them cached, and 7 out.
  expect(used).toEqual([15, 72, 27, 0]);
  const models = (tools[0]!.spec.parameters as { properties: { models: { items: { enum: string[] } } } })
    .properties;
  expect(models.models.items.enum).toEqual(['gpt-4.1-mini', 'large', 'unpriced']);
});

test('bad input is told before it serves', async () => {
  expect(await runCli(['mcp'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('model: no endpoint') as string,
  });
  expect(await runCli(['mcp', '--json', '--model', 'scripted'])).toMatchObject({ status: 2 });
});
