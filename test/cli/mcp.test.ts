/** `ringzero mcp`: the real process, driven by a client of the protocol. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { McpServerLink } from '../../src/adapters/tools/mcp-server-link.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { caller } from '../adapters/tools/tools.ts';
import { runCli } from '../support/run-cli.ts';
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

test('bad input is told before it serves', async () => {
  expect(await runCli(['mcp'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('model: no endpoint') as string,
  });
  expect(await runCli(['mcp', '--json', '--model', 'scripted'])).toMatchObject({ status: 2 });
});
