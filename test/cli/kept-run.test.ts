/** What is kept beside the steps of a run: its recording, its lease, and what agents remember. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { Person } from '../../src/cli/command.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
let folders = 0;
function place(): { readonly folder: string; readonly cli: (...words: string[]) => Promise<CliRun> } {
  const folder = files.path(`place ${folders++}`);
  mkdirSync(folder);
  return { folder, cli: (...words) => runCli(words, { folder, environment: { RINGZERO_STORE: undefined } }) };
}
const scripted = ['--model', 'scripted'];
const write = ['run', 'write_file {"path":"x","text":"y"}', ...scripted, '--root', '.'];

test('a run is repeated, walked through and accounted for from its store, each program of it by itself', async () => {
  const { folder, cli } = place();
  const io = new TerminalPerson([/\? 1 /, 'Ctrl-C']).io();
  await runCli(write, { folder, environment: { RINGZERO_STORE: undefined }, ...io });
  expect((await cli('resume', '--approve', 'always')).status).toBe(0);
  const again = await cli('rerun', 'run');
  expect(again.out.match(/^run-\w+ part [12] of 2: /gm)).toHaveLength(2);
  expect(again.out.match(/^the same, to the byte$/gm)).toHaveLength(2);
  expect(JSON.parse((await cli('rerun', 'run', '--json')).out)).toMatchObject({
    same: true,
    recordings: [{ same: true }, { same: true }],
  });
  expect((await cli('why', 'run', '1')).out).toContain('agent (1)');
  expect((await cli('step', 'run', '--at', '3')).out).toContain('event 3 of ');
  expect((await cli('rerun', 'nothing')).err).toContain('run "nothing": there is no such run');

  // A program that died has told no end.
  const storage = await openSqliteStorage(`${folder}/.ringzero/runs.db`);
  const [{ run }, parts] = [
    (await storage.runs())[0]!,
    await storage.recordings((await storage.runs())[0]!.run),
  ];
  const { lines, ...part } = parts[0]!;
  await storage.append([{ ...part, session: 'died', lines: lines.slice(0, -1) }]);
  await storage.close();
  const cut = await cli('rerun', run);
  expect(cut.status).toBe(0);
  expect(cut.out).toMatch(/\nits program died: there is no end of it to compare with$/);
});

test('--no-recording keeps the steps alone', async () => {
  const { cli } = place();
  expect((await cli('run', 'What is 6*7?', ...scripted, '--no-recording')).status).toBe(0);
  expect((await cli('rerun', 'run')).err).toMatch(/^error: run run-\w+: no recording of it is kept/);
  expect((await cli('show', 'run')).out).toContain('4 steps');
});

test('a worker whose lease another has taken does nothing more', async () => {
  const { folder, cli } = place();
  let type: (line: string | undefined) => void = () => {};
  let screen = '';
  const person: Person = {
    isThere: true,
    onLine: (listener) => {
      type = listener;
      return () => {};
    },
    onInterrupt: () => () => {},
  };
  const show = (text: string): void => void (screen += `${text}\n`);
  const io = { folder, environment: { RINGZERO_STORE: undefined }, person, out: show, err: show };
  const first = runCli(write, io);
  await expect.poll(() => screen, { timeout: 20_000 }).toContain('? 1 ');
  const storage = await openSqliteStorage(`${folder}/.ringzero/runs.db`);
  const { run, lease } = (await storage.runs())[0]!;
  const atUs = lease!.untilUs + 1;
  expect(await storage.lease({ run, holder: 'thief', atUs, untilUs: atUs + 9 })).toMatchObject({ ok: true });
  type('y');
  expect((await first).status).toBe(1);
  expect(screen).toContain(`failed: LEASE_LOST: run "${run}": another worker has taken it over`);
  expect(screen).toContain(`to go on: ringzero resume ${run}`);
  expect(existsSync(`${folder}/x`)).toBe(false);
  await storage.release({ run, holder: 'thief' });
  await storage.close();
  expect((await cli('resume', '--approve', 'always')).status).toBe(0);
  expect(existsSync(`${folder}/x`)).toBe(true);
});

test('memories of a file are stored once; a changed file is another one', async () => {
  const { folder, cli } = place();
  const known = files.write(
    `${folder.split('/').at(-1)!}/known.json`,
    JSON.stringify([{ kind: 'note', text: 'Six is VI.' }]),
  );
  const told = async (): Promise<string> =>
    (await cli('run', 'What is six? calculator {"expression":"6"}', ...scripted, '--memories', known)).err;
  expect(await told()).toContain('· 1 memory is about it');
  expect(await told()).toContain('· 1 memory is about it');
  files.write(
    `${folder.split('/').at(-1)!}/known.json`,
    JSON.stringify([{ kind: 'note', text: 'Otters sleep.' }]),
  );
  expect(await told()).not.toContain('about it');
});

test('what is told to be typed next finds the run, where a file of settings says where it is kept', async () => {
  const folder = files.path('told');
  mkdirSync(folder);
  const settings = { store: 'elsewhere', redact: [{ name: 'pin', pattern: 'PIN-\\d+' }] };
  writeFileSync(join(folder, 'own.json'), JSON.stringify(settings));
  const cli = (...words: string[]) =>
    runCli(words, { folder, environment: { RINGZERO_STORE: undefined, RINGZERO_MODEL: undefined } });
  const redact = ['--redact', 'key=KEY-\\d+'];
  const { err } = await cli(
    'run',
    'time {}',
    '--model',
    'scripted',
    '--config',
    'own.json',
    '--iterations',
    '1',
    ...redact,
  );
  const [, show = ''] = /^kept as run-\w+: ringzero (show [^;]*);/m.exec(err) ?? [];
  expect((await cli(...show.split(' '))).status).toBe(0);
  const run = show.split(' ')[1]!;
  const forked = await cli('fork', run, '--after', '1', '--config', 'own.json', ...redact);
  const [, resume = ''] = /^go on with: ringzero (.*)$/m.exec(forked.out) ?? [];
  expect(resume).toBe(`resume ${run}@fork-1 --config own.json --redact 'key=KEY-\\d+'`);
  expect((await cli(...resume.replaceAll("'", '').split(' '))).err).not.toContain('error:');
});
