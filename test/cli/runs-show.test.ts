/** `ringzero runs` and `ringzero show`: what a store has, and what a run did. */
import { mkdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { StoredProcess } from '../../src/kernel/storage.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
mkdirSync(files.path('here'));
const at = { folder: files.path('here'), environment: { RINGZERO_STORE: undefined } };
const cli = (...words: string[]): Promise<CliRun> => runCli(words, at);
const documentOf = async (...words: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await cli(...words, '--json')).out) as Record<string, unknown>;

test('a store lists its runs, each with how it stands', async () => {
  expect(await cli('runs')).toMatchObject({ status: 2, err: 'error: no runs here: .ringzero has no store' });
  const { run: first } = await documentOf('run', 'What is 6*7?', '--model', 'scripted');
  const { run: second } = await documentOf('run', 'Say\nhello.', '--model', 'scripted', '--tools', 'none');
  const io = new TerminalPerson([/\? 1 /, 'Ctrl-C']).io();
  await runCli(['run', 'write_file {"path":"x","text":"y"}', '--model', 'scripted', '--root', '.'], {
    ...at,
    ...io,
  });
  const { runs, count } = await documentOf('runs');
  const [, , third] = runs as { run: string }[];
  expect(count).toBe(3);
  expect(runs).toMatchObject([
    { run: first, state: 'completed', task: 'What is 6*7?', steps: 4, modelCalls: 2, microDollars: 0 },
    { run: second, state: 'completed', task: 'Say\nhello.', steps: 2, modelCalls: 1 },
    { state: 'parked', steps: 1 },
  ]);
  expect((await cli('runs')).out.split('\n')).toEqual([
    expect.stringMatching(/^run +started +state +steps +tokens +cost +task$/),
    expect.stringMatching(/^─/),
    expect.stringMatching(
      /^run-\w+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +completed +4 +\d+ +\$0\.0000 +What is 6\*7\?$/,
    ),
    expect.stringContaining('Say hello.'),
    expect.stringContaining('parked'),
  ]);
  expect(await cli('runs', '--last', '1')).toMatchObject({
    out: expect.not.stringContaining(first as string),
    err: '2 earlier ones: --last 0 lists all',
  });

  // Who drives it, and what became of a program that died with it.
  const storage = await openSqliteStorage(`${at.folder}/.ringzero/runs.db`);
  const atUs = Date.now() * 1_000;
  const { run } = third!;
  await storage.lease({ run, holder: 'far/1/77/5/abc', atUs, untilUs: atUs + 60_000_000 });
  expect((await cli('runs')).out).toContain('running (process 77 on far)');
  await storage.release({ run, holder: 'far/1/77/5/abc' });
  const [main] = await storage.branches(run);
  const [{ end: _, ...process }] = (await storage.processes(run)) as [StoredProcess];
  await storage.append([
    { ...main!, run: 'died' },
    { ...process, run: 'died' },
  ]);
  await storage.close();
  expect((await cli('runs')).out).toMatch(/^died .* interrupted /m);
});

test('a run shows its processes, their steps, and all of one step', async () => {
  const { run } = await documentOf('run', 'What is 6*7?', '--model', 'scripted', '--system', 'Be brief.');
  const { out } = await cli('show', run as string);
  expect(out.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^${String(run)}  completed  \\d{4}-.*  scripted$`)),
    'task: What is 6*7?',
    '',
    expect.stringMatching(/^agent \(process 1\) completed in /),
    expect.stringMatching(
      /^ {2}1 {2}llm_call .* in \(0 cached\), \d+ out {2}\$0\.0000 {2}I call calculator\. \[calculator\]$/,
    ),
    expect.stringMatching(/^ {2}2 {2}tool_call .*calculator \{"expression":"6\*7"\} → 42$/),
    expect.stringMatching(/^ {2}3 {2}llm_call .*The tools gave: - calculator: 42/),
    expect.stringMatching(/^ {2}4 {2}conclusion .*The tools gave/),
    '',
    expect.stringMatching(/^4 steps: 2 model calls, 1 tool call; \d+ in \(\d+ cached\), \d+ out; \$0\.0000$/),
  ]);
  const third = (await cli('show', run as string, '--step', '3')).out;
  expect(third).toContain('── asked: system\nBe brief.\n');
  expect(third).toContain('── asked: user\nWhat is 6*7?\n');
  expect(third).toContain('"tool": "calculator"');
  expect(third).toContain('── tools on offer\ncalculator, time\n');
  expect(third).toContain('── text\nThe tools gave:\n- calculator: 42\n');
  expect(await documentOf('show', run as string, '--step', '1')).toMatchObject({
    step: { sequence: 1, type: 'llm_call', data: { toolCalls: [{ tool: 'calculator' }] } },
    input: { messages: [{ role: 'system' }, { role: 'user', text: 'What is 6*7?' }] },
  });
  expect((await documentOf('show', run as string, '--step', '2'))['input']).toBeUndefined();
  expect((await cli('show', run as string, '--step', '5')).err).toBe(
    'error: --step: 5 is not allowed; allowed: 1 to 4',
  );
  expect(await documentOf('show', run as string)).toMatchObject({
    command: 'show',
    branch: 'main',
    state: 'completed',
    processes: [{ pid: 1, outcome: 'completed', steps: [{ sequence: 1 }, {}, {}, {}], children: [] }],
    totals: { steps: 4, modelCalls: 2, toolCalls: 1 },
  });
});

test('a team is a tree', async () => {
  const team = files.write(
    'here/team.json',
    JSON.stringify({ topology: 'pipeline', members: [{ name: 'writer' }, { name: 'reader' }] }),
  );
  const { run } = await documentOf('run', 'Talk.', '--model', 'scripted', '--tools', 'none', '--team', team);
  const { out } = await cli('show', run as string);
  expect(out).toMatch(/^team \(process 1\)/m);
  expect(out).toMatch(/^ {2}writer \(process 2\) completed/m);
  expect(out).toMatch(/^ {2}reader \(process 3\) completed/m);
});
