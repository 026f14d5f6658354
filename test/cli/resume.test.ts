/** A run that is parked, or whose program died, goes on from the store; what cannot go on is refused in one line. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { RunSettings } from '../../src/cli/store/run-settings.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { StoredProcess } from '../../src/kernel/storage.ts';
import { ioOf, runCli, scratch, type CliRun } from '../support/run-cli.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
let folders = 0;
/** An empty folder, with a store in it as soon as something runs. */
function place(): { readonly folder: string; readonly cli: (...words: string[]) => Promise<CliRun> } {
  const folder = files.path(`place ${folders++}`);
  mkdirSync(folder);
  return { folder, cli: (...words) => runCli(words, { folder, environment: { RINGZERO_STORE: undefined } }) };
}
const at = (folder: string) => ({ folder, environment: { RINGZERO_STORE: undefined } });

const write = 'write_file {"path":"note.txt","text":"hello"}';
const words = ['run', write, '--model', 'scripted', '--root', '.'];

/** A run that somebody has parked while it asked for a yes. */
async function parked(folder: string, ...more: string[]): Promise<string> {
  const io = new TerminalPerson([/\? 1 /, 'Ctrl-C']).io();
  expect((await runCli([...words, ...more], { ...at(folder), ...io })).status).toBe(130);
  const [, run] = /to go on: ringzero resume (run-\w+); to end it for good: ringzero cancel/.exec(
    io.screen(),
  )!;
  return run!;
}

test('Ctrl-C while it asks parks the run; it asks again when it goes on, and acts once', async () => {
  const { folder, cli } = place();
  const run = await parked(folder);
  expect(existsSync(`${folder}/note.txt`)).toBe(false);
  const io = new TerminalPerson([/\? 1 +write_file/, 'y']).io();
  const { status } = await runCli(['resume'], { ...at(folder), ...io });
  expect(io.screen()).toContain('write_file: {"written":5}');
  expect(io.screen()).toMatch(/completed in .*: 1 model call, 1 tool call/);
  expect(io.screen()).toContain(`kept: ringzero show ${run}`);
  expect(status).toBe(0);
  expect(readFileSync(`${folder}/note.txt`, 'utf8')).toBe('hello');
  expect((await cli('resume', run)).err).toBe(
    `error: run ${run}: is over (completed); ringzero show ${run} shows it`,
  );
  expect((await cli('resume')).err).toBe(
    'error: no run of .ringzero is left to go on with; ringzero runs lists them',
  );
});

test('another approval than that of its start lets it go on where nobody is there', async () => {
  const { folder, cli } = place();
  const run = await parked(folder);
  const { status, out } = await cli('resume', run.slice(0, 8), '--approve', 'always', '--json');
  expect([status, JSON.parse(out)]).toMatchObject([
    0,
    { command: 'resume', run, task: write, outcome: 'completed', model: 'scripted', toolCalls: 1 },
  ]);
  expect(readFileSync(`${folder}/note.txt`, 'utf8')).toBe('hello');
});

test('what is said anew holds until it is parked again, and who goes on is told to say it once more', async () => {
  const { folder } = place();
  const run = await parked(folder);
  const io = new TerminalPerson([/\? 1 /, 'Ctrl-C']).io();
  const anew = ['--approve', 'ask', '--budget-tokens', '9000', '--budget-usd', '2'];
  await runCli(['resume', run, ...anew], { ...at(folder), ...io });
  expect(io.screen()).toContain(`to go on: ringzero resume ${run} ${anew.join(' ')}; to end it for good`);
});

test('a run that is cancelled is over for good', async () => {
  const { folder, cli } = place();
  const run = await parked(folder);
  const ada = { ...ioOf({}).person, name: 'ada' };
  const by = await runCli(['cancel', run], { ...at(folder), person: ada });
  expect(by).toMatchObject({ status: 0, out: `${run} is cancelled` });
  const { entries } = JSON.parse((await cli('audit', run, '--json')).out) as {
    readonly entries: readonly { readonly action: string }[];
  };
  expect(entries.at(-1)).toMatchObject({ pid: 1, action: 'person/cancel', person: 'ada' });
  expect((await cli('audit', run)).out).toMatch(/ ada +person\/cancel/);
  expect(await cli('audit', run, '--verify')).toMatchObject({ status: 0 });
  expect((await cli('cancel', run)).err).toBe(`error: run ${run}: is over already`);
  expect((await cli('resume', run)).err).toContain('is over (cancelled)');
});

test('a run that another worker drives is left alone', async () => {
  const { folder, cli } = place();
  const run = await parked(folder);
  const storage = await openSqliteStorage(`${folder}/.ringzero/runs.db`);
  const atUs = Date.now() * 1_000;
  await storage.lease({ run, holder: 'far/1/77/5/abc', atUs, untilUs: atUs + 20_000_000 });
  for (const command of ['resume', 'cancel'])
    expect((await cli(command, run)).err).toMatch(
      new RegExp(
        `^error: run ${run}: process 77 on far drives it; if that is gone, the run is free in \\d+ s$`,
      ),
    );
  expect((await cli('resume', '--all')).err).toContain('process 77 on far drives it');
  await storage.release({ run, holder: 'far/1/77/5/abc' });
  await storage.close();
  expect((await cli('resume', '--all', '--approve', 'never')).err).toContain('completed in');
  expect((await cli('resume', '--all')).err).toBe('no run of .ringzero is left to go on with');
});

test('an unknown run is refused with what is near it', async () => {
  const { folder, cli } = place();
  expect((await cli('resume', 'run-x')).err).toBe('error: no runs here: .ringzero has no store');
  const run = await parked(folder);
  const mistyped = `${run.slice(0, -1)}#`;
  expect((await cli('resume', mistyped)).err).toBe(
    `error: run "${mistyped}": there is no such run; near it: ${run}; ringzero runs lists them`,
  );
  expect((await cli('resume', 'zzz')).err).toBe(
    'error: run "zzz": there is no such run; ringzero runs lists them',
  );
});

test('a tool that is not there any more, and a program of another version, are told in one line', async () => {
  const { folder, cli } = place();
  await parked(folder);
  const storage = await openSqliteStorage(`${folder}/.ringzero/runs.db`);
  const { run } = (await storage.runs())[0]!;
  const [branch] = await storage.branches(run);
  const [{ end: _, ...process }] = (await storage.processes(run)) as [StoredProcess];
  const kept = branch!.settings as unknown as RunSettings;
  const again = async (name: string, settings: unknown, program = process): Promise<void> => {
    await storage.append([
      { ...branch!, run: name, settings: settings as Json },
      { ...program, run: name },
    ]);
  };
  await again('gone', { ...kept, tools: [...kept.tools, 'gone'] });
  await again('newer', { ...kept, v: 99 });
  await again('bare', undefined);
  const programs = kept.spec.programs.map((one) => ({ ...one, version: one.version + 7 }));
  await again('other', { ...kept, spec: { ...kept.spec, programs } });
  await again('elsewhere', { ...kept, root: `${folder}/nowhere` });
  await storage.close();
  const refusals = {
    gone: /^error: run gone: its tool "gone" is not there any more; there are calculator, /,
    newer: /^error: run newer: its settings are of version 99; allowed: 1, /,
    bare: /^error: run bare: nobody has kept how it was started/,
    other: /^error: program: "agent version \d+" is not allowed; allowed: agent version /,
    elsewhere: /^error: .*nowhere/,
  };
  for (const [name, told] of Object.entries(refusals)) {
    const { status, err } = await cli('resume', name);
    expect([name, status, err.split('\n')]).toEqual([name, 2, [expect.stringMatching(told)]]);
  }
});
