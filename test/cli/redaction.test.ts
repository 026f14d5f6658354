/** What must not be stored is nowhere afterwards: not in the store, the recording, the trace, or what was printed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { runCli, scratch } from '../support/run-cli.ts';

const folders = scratch();
const path = (name: string): string => folders.path(name);
const key = 'sk-live-"quoted"-0123456789';

async function run(name: string, words: readonly string[], environment: Record<string, string> = {}) {
  const folder = path(name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'keys.txt'), `the key is ${key} and the card is 4111111111111111\n`);
  const done = await runCli(['run', ...words, '--model', 'scripted', '--record', join(folder, 'all.jsonl')], {
    folder,
    environment: { RINGZERO_STORE: 'kept', ...environment },
  });
  const storage = await openSqliteStorage(join(folder, 'kept', 'runs.db'));
  const stored: unknown[] = [];
  for (const { run: one } of await storage.runs()) stored.push(await storage.whole(one));
  await storage.close();
  const recorded = readFileSync(join(folder, 'all.jsonl'), 'utf8');
  return { ...done, everything: `${done.out}${done.err}${JSON.stringify(stored)}${recorded}` };
}

test('a key of the environment that a tool prints is redacted everywhere', async () => {
  const words = ['read shell {"command": "cat keys.txt"}', '--shell', '--approve', 'always', '--ndjson'];
  const { status, everything } = await run('key', words, { RINGZERO_MODEL_KEY: key });
  expect(status).toBe(0);
  expect(everything).toContain('the key is [redacted:RINGZERO_MODEL_KEY] and the card is 4111111111111111');
  expect(everything).not.toContain('0123456789');
});

test('what a rule of the file or a flag names is redacted everywhere, also in the task, and fields by their names', async () => {
  const folder = path('rules.json');
  writeFileSync(
    folder,
    JSON.stringify({
      redact: [
        { name: 'key', pattern: 'sk-live-\\S+' },
        { name: 'line', field: 'stdout' },
      ],
    }),
  );
  const words = [
    'read 4111111111111111, shell {"command": "cat keys.txt"}',
    '--shell',
    '--approve',
    'always',
  ];
  const { status, everything, out } = await run('rules', [
    ...words,
    '--config',
    folder,
    '--redact',
    'card=\\b\\d{16}\\b',
  ]);
  expect(status).toBe(0);
  expect(everything).toContain('[redacted:line]');
  expect(out).not.toContain('4111111111111111');
  expect(everything.replaceAll('--redact', '')).not.toMatch(/0123456789/);
});

test.each([
  [['--redact', 'x'], /--redact: "x" is not allowed; allowed: NAME=PATTERN/],
  [['--redact', 'x=('], /--redact\[0\]\.pattern: "\(" is not allowed.*not closed/],
  [['--redact', 'x=a*'], /matches where nothing stands/],
  [['--redact', 'a b=c'], /--redact\[0\]\.name: "a b" is not allowed/],
])('%j is refused in one line', async (words, why) => {
  const { status, err } = await runCli(['run', 'x', '--model', 'scripted', ...words]);
  expect(status).toBe(2);
  expect(err).toMatch(why);
  expect(err).not.toContain('\n');
});

test('a pattern that would freeze other programs does not', async () => {
  const { status } = await run('evil', [`${'a'.repeat(5_000)}! time {}`, '--redact', 'evil=(a+)+$']);
  expect(status).toBe(0);
});

test('a run that goes on, or another way, is redacted by the rules that it was started with, or not at all', async () => {
  const folder = path('goes on');
  mkdirSync(folder);
  const cli = (...words: string[]) => runCli(words, { folder, environment: { RINGZERO_STORE: 'kept' } });
  const pin = ['--redact', 'pin=PIN-\\d+'];
  const first = await cli('run', 'calculator {"expression":"1+1"}', '--model', 'scripted', '--json', ...pin);
  const { run } = JSON.parse(first.out) as { run: string };
  const refused = `run ${run}: what its rule of redaction "pin" matches is not kept: it may be a secret; allowed: the rule as --redact pin=PATTERN, or in ringzero.json`;
  const fork = ['fork', run, '--after', '2', '--branch', 'told', '--message', 'the pin is PIN-9911'];
  expect(await cli(...fork)).toMatchObject({ status: 2, err: `error: ${refused}` });
  expect((await cli(...fork, ...pin)).status).toBe(0);
  expect(
    (await cli('fork', run, '--after', '2', '--branch', 'result', '--edit', 'PIN-9922', ...pin)).status,
  ).toBe(0);
  const edit =
    '{"text":"PIN-9933","toolCalls":[{"tool":"calculator","arguments":{"expression":"PIN-9944"}}]}';
  expect((await cli('rewind', run, '--after', '1', '--edit', edit, ...pin)).status).toBe(2);
  expect((await cli('fork', run, '--after', '1', '--branch', 'answer', '--edit', edit, ...pin)).status).toBe(
    0,
  );
  expect((await cli('rewind', run, '--after', '2', '--message', 'now PIN-9955', ...pin)).status).toBe(0);
  expect((await cli('resume', run)).err).toContain('rule of redaction "pin"');
  expect((await cli('resume', run, ...pin)).status).toBe(0);
  expect((await cli('export', run, 'run.jsonl')).status).toBe(0);
  const everything = readFileSync(join(folder, 'run.jsonl'), 'utf8');
  for (const word of ['the pin is', 'now', '"'])
    expect(everything).toContain(`${word}${word === '"' ? '' : ' '}[redacted:pin]`);
  expect(everything).not.toMatch(/PIN-\d/);
});
