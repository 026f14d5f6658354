/** `ringzero mcp`: the real process, driven by a client of the protocol. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { McpServerLink } from '../../src/adapters/tools/mcp-server-link.ts';
import { AgentService } from '../../src/cli/live/agent-service.ts';
import { openLiveWorld } from '../../src/cli/live/live-world.ts';
import { liveSettings } from '../../src/cli/live/settings.ts';
import type { Json } from '../../src/kernel/ids.ts';
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
  const settings = liveSettings({ config, mcp: [], allowHost: [] }, io);
  const service = new AgentService();
  const world = await openLiveWorld(settings, {
    moreModels: settings.models.configuredNames,
    seed: 1,
    isWatched: false,
    canAsk: false,
    watcher: service,
  });
  const tools = service.serve(world);
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
