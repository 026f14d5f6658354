/** Kept runs that go back, go on another way, and are compared: `ringzero rewind`, `fork` and `diff`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { afterEach, expect, test } from 'vitest';

import { HostileServer, says } from '../support/hostile-server.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
let folders = 0;

interface Place {
  readonly folder: string;
  readonly cli: (...words: string[]) => Promise<CliRun>;
  /** Its document. */
  readonly json: (...words: string[]) => Promise<{ readonly run: string; readonly [field: string]: unknown }>;
}

function place(environment: Readonly<Record<string, string>> = {}): Place {
  const folder = files.path(`place ${folders++}`);
  mkdirSync(folder);
  const cli = (...words: string[]): Promise<CliRun> =>
    runCli(words, { folder, environment: { RINGZERO_STORE: undefined, ...environment } });
  return {
    folder,
    cli,
    async json(...words) {
      const { status, out, err } = await cli(...words, '--json');
      expect(status, err).toBeLessThan(2);
      return JSON.parse(out) as { run: string };
    },
  };
}

const write = 'write_file {"path":"a.txt","text":"one"} calculator {"expression":"6*7"}';
const words = [
  'run',
  write,
  '--model',
  'scripted',
  '--root',
  '.',
  '--approve',
  'always',
  '--reflect-every',
  '0',
];

test('a run goes back behind a step, with what it did to the world told, and goes on', async () => {
  const { folder, cli, json } = place();
  const { run } = await json(...words);
  const dry = await cli('rewind', run, '--after', '1', '--dry-run');
  expect(dry).toMatchObject({ status: 0, err: '' });
  expect(dry.out).toBe(
    `${run}@rewind-1 would go on from behind step 1 (model) of main
  4 steps of it are left behind
  What has acted on the world stays as it is:
    step 2  write_file {"path":"a.txt","text":"one"} → {"written":3}
  main can still be read: ${run}@main
`.trimEnd(),
  );
  expect((await cli('resume', run)).err).toContain('is over (completed)');
  expect((await cli('rewind', run, '--after', '1')).out).toMatch(
    /^run-\w+@rewind-1 goes on from behind step 1/,
  );
  writeFileSync(`${folder}/a.txt`, 'changed');
  expect(await json('resume', run)).toMatchObject({ outcome: 'completed', modelCalls: 1, toolCalls: 2 });
  expect(readFileSync(`${folder}/a.txt`, 'utf8')).toBe('one');
  expect(await cli('diff', `${run}@main`, run)).toMatchObject({
    status: 0,
    out: `- ${run}@main\n+ ${run}@rewind-1\nthe same: 5 steps`,
  });
  expect(await json('diff', run)).toMatchObject({ same: true, common: 5, first: null });
});

test('a fork with another result goes on beside the run, and the two are compared', async () => {
  const { cli, json } = place();
  const { run } = await json(...words);
  expect(await json('fork', run, '--after', '2', '--edit', 'the disk is full')).toMatchObject({
    command: 'fork',
    branch: 'fork-1',
    from: 'main',
    // A cut inside a batch moves behind its last result.
    after: 3,
    edited: 2,
    model: 'scripted',
    behind: 2,
    effects: [],
    resume: `ringzero resume ${run}@fork-1`,
  });
  expect((await cli('resume', run)).err).toBe(
    `error: run ${run}: is over (completed); its branch fork-1 is not: ringzero resume ${run}@fork-1`,
  );
  const { answer } = await json('resume', `${run}@fork-1`);
  expect(answer).toContain('- write_file: the disk is full\n- calculator: 42');
  const { status, out } = await cli('diff', `${run}@fork-1`);
  expect(status).toBe(1);
  expect(out.split('\n').slice(0, 10)).toEqual([
    `- ${run}@main`,
    `+ ${run}@fork-1`,
    '1 step in common; the first that differ:',
    '  step 2: write_file {"path":"a.txt","text":"one"}',
    '  value:',
    '  - {"written":3}',
    '  + the disk is full',
    'behind that:',
    '- 4 steps: 1 model call, 2 tool calls; 112 tokens in, 37 out; $0.0000',
    '+ 4 steps: 1 model call, 2 tool calls; 113 tokens in, 38 out; $0.0000',
  ]);
  // Without a name it is the latest that is not over, a branch too.
  expect(await json('fork', run, '--after', '3')).toMatchObject({ branch: 'fork-2' });
  expect(await json('resume')).toMatchObject({ run, outcome: 'completed' });
  expect((await cli('fork', run, '--after', '3')).status).toBe(0);
  expect((await cli('cancel', `${run}@fork-3`)).out).toBe(`${run}@fork-3 is cancelled`);
  expect((await cli('cancel', run)).err).toBe(`error: run ${run}: is over already`);
  // A run that is over goes on behind its last answer.
  const more = ['--message', 'calculator {"expression":"1+1"}', '--branch', 'more'];
  expect(await json('fork', run, '--after', '4', ...more)).toMatchObject({ branch: 'more' });
  expect((await json('resume', `${run}@more`))['answer']).toContain('- calculator: 2');
});

test('a parked run can be cut too: what had begun is told, and its branch is asked again', async () => {
  const { folder, cli } = place();
  const io = new TerminalPerson([/\? 1 /, 'Ctrl-C']).io();
  const parts = words.filter((word) => word !== '--approve' && word !== 'always');
  await runCli(parts, { folder, environment: { RINGZERO_STORE: undefined }, ...io });
  const [, run] = /ringzero resume (run-\w+)/.exec(io.screen())!;
  expect((await cli('rewind', run!, '--after', '0')).out).toBe(
    `${run}@rewind-1 goes on from the start of main
  1 step of it is left behind
  main is over, and can still be read: ${run}@main
go on with: ringzero resume ${run}`,
  );
  expect(await cli('resume', run!, '--approve', 'always')).toMatchObject({ status: 0 });
  expect((await cli('diff', run!)).out).toContain('1 step in common');
  expect(readFileSync(`${folder}/a.txt`, 'utf8')).toBe('one');
});

let servers: HostileServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

test('each branch has its time accounted for by itself', async () => {
  const { cli, json } = place();
  const { run } = await json(...words);
  expect((await cli('fork', run, '--after', '1')).status).toBe(0);
  expect((await cli('why', `${run}@fork-1`, '1')).err).toContain('nobody has gone on with it yet');
  expect((await cli('resume', `${run}@fork-1`, '--approve', 'always')).status).toBe(0);
  for (const branch of [run, `${run}@fork-1`])
    expect(await cli('why', branch, '1')).toMatchObject({ status: 0, err: '' });
});

test('a fork keeps tools and limits, and asks another model with a larger budget', async () => {
  const [first, second] = [await HostileServer.start(), await HostileServer.start()];
  servers = [first, second];
  const { cli, json } = place({ RINGZERO_MODEL_URL: first.url, RINGZERO_MODEL_KEY: 'sk-1' });
  first.behave(says('It is 41.'));
  const { run } = await json('run', 'What is 6*7?', '--model', 'gpt-4.1-mini', '--budget-tokens', '9000');
  const place1 = ['fork', run, '--after', '0'];
  expect((await cli(...place1, '--model-url', second.url)).err).toBe(
    'error: --model-url: means nothing without --model here',
  );
  expect(
    await json(...place1, '--model', 'gpt-4.1', '--model-url', second.url, '--budget-tokens', '20000'),
  ).toMatchObject({ model: 'gpt-4.1' });
  second.behave(says('It is 42.'));
  // A key goes to the endpoint that it was given for, and to no other.
  expect((await cli('resume', `${run}@fork-1`)).err).toContain('--model-url with the one that is meant');
  const resumed = await cli('resume', `${run}@fork-1`, '--model-url', second.url);
  expect(resumed).toMatchObject({ status: 0, out: 'It is 42.' });
  expect(second.exchanges[0]!.body).toMatchObject({ model: 'gpt-4.1' });
  expect(first.exchanges).toHaveLength(1);
  const { out } = await cli('diff', `${run}@fork-1`);
  expect(out).toContain('  - model gpt-4.1-mini\n  + model gpt-4.1\n');
  expect(out).toContain('- It is 41.\n  + It is 42.'.replace('- ', '  - '));
});

test('a model whose price nobody knows is not one that costs nothing when its run goes on', async () => {
  servers = [await HostileServer.start()];
  const [server] = servers;
  const { json, cli } = place({ RINGZERO_MODEL_URL: server!.url, RINGZERO_MODEL_KEY: 'sk-1' });
  server!.behave(says('It is 41.'));
  const started = await json('run', 'What is 6*7?', '--model', 'mystery');
  expect(started['microDollars']).toBeNull();
  const { run } = started;
  await json('rewind', run, '--after', '0');
  expect((await cli('resume', run, '--budget-usd', '1')).err).toContain('none is known of model "mystery"');
  expect((await json('resume', run))['microDollars']).toBeNull();
  await json('fork', run, '--after', '0', '--model', 'riddle');
  expect((await json('resume', `${run}@fork-1`))['microDollars']).toBeNull();
});

test('of many effects the first are shown, and how many more there are', async () => {
  const { cli, json } = place();
  const many = Array.from({ length: 23 }, (_, n) => `write_file {"path":"${n}.txt","text":"x"}`).join(' ');
  const more = ['--root', '.', '--approve', 'always', '--tool-calls', '30'];
  const { run } = await json('run', many, '--model', 'scripted', ...more);
  const { out } = await cli('rewind', run, '--after', '0', '--dry-run');
  const effects = out.split('\n').filter((line) => line.startsWith('    '));
  expect(effects).toHaveLength(21);
  expect(effects.at(-1)).toBe('    and 3 more; --json lists all');
  const { effects: all } = await json('rewind', run, '--after', '0', '--dry-run');
  expect(all).toHaveLength(23);
});

test('what cannot be is refused in one line, and nothing has changed', async () => {
  const { cli, json } = place();
  const { run } = await json(...words);
  for (const [command, message] of [
    [['rewind', run, '--after', '9'], '--after: 9 is not allowed; allowed: a step of the run, 0 to 5'],
    [['rewind', run, '--after', '5'], '--after: 5 is not allowed; allowed: 0 to 4, a step before its end'],
    [['rewind', `${run}@x`, '--after', '1'], `run ${run}: branch: "x" is not allowed; allowed: main`],
    [
      ['fork', run, '--after', '1', '--branch', 'main'],
      '--branch: "main" is not allowed; allowed: a name that no branch of the run has',
    ],
    [['fork', run, '--after', '0', '--edit', 'x'], '--edit: 0 is not allowed; allowed: a step from 1 on'],
    [
      ['diff', run],
      `run ${run}@main: was made from no other branch; allowed: a second run to compare it with`,
    ],
    [['diff', 'nobody', run], 'run "nobody": there is no such run; ringzero runs lists them'],
  ] as const)
    expect(await cli(...command)).toMatchObject({ status: 2, out: '', err: `error: ${message}` });
  expect((await cli('fork', run, '--after', '1', '--edit', '@nowhere.txt')).status).toBe(2);
  expect((await cli('resume', run)).err).toContain('is over (completed)');
});
