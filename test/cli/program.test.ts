import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { assert } from '../../src/base/assert.ts';
import type { CommandTable } from '../../src/cli/command-table.ts';
import { commandTable } from '../../src/cli/command-table.ts';
import type { Call, Command, CommonOptions } from '../../src/cli/command.ts';
import { parseInteger } from '../../src/cli/options.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fixtures, ioOf, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const files = scratch();

interface RunOptions extends CommonOptions {
  readonly cores: number;
}

/** A command whose operand says how it ends. */
function endingCommand(seen: Call<RunOptions>[]): Command<RunOptions> {
  return {
    name: 'run',
    summary: 'Run something.',
    register(command) {
      command
        .argument('<how>', 'how to end')
        .option(
          '--cores <n>',
          'LLM cores',
          (text: string) => parseInteger('--cores', text, { min: 1, max: 8 }),
          2,
        );
    },
    run(call, io) {
      seen.push(call);
      const [how = ''] = call.operands;
      assert(how !== 'assertion', 'page 7 is resident twice');
      if (how === 'mistake') throw new TypeError('x is not a function');
      if (how === 'file') readFileSync('/no/such/file');
      io.progress('half done');
      io.out(`seed=${call.options.seed}`);
      return how === 'failed' ? 1 : 0;
    },
  };
}

async function run(...words: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const seen: Call<RunOptions>[] = [];
  const io = ioOf({ out: (text) => void out.push(text), err: (text) => void err.push(text) });
  const table: CommandTable = {
    run: () => Promise.resolve(endingCommand(seen)),
    other: () => Promise.resolve({ ...endingCommand(seen), name: 'other' }),
  };
  const status = await runProgram(words, table, io);
  return { status, out: out.join('\n'), err: err.join('\n'), seen };
}

test('a command gets its operands, its options and the common ones', async () => {
  const { status, out, err, seen } = await run('run', 'well', '--cores', '4', '--json', '--seed', '42');
  expect({ status, out, err }).toEqual({ status: 0, out: 'seed=42', err: '' });
  expect(seen).toEqual([{ operands: ['well'], options: { cores: 4, json: true, seed: 42 } }]);
});

test('without options the defaults hold', async () => {
  const { seen } = await run('run', 'well');
  expect(seen[0]?.options).toEqual({ cores: 2, json: false, seed: 1 });
});

test('a failed run has status 1 and no error line of ours', async () => {
  expect(await run('run', 'failed')).toMatchObject({ status: 1, out: 'seed=1', err: '' });
});

/** Bad words → the one line on standard error, status 2. */
const badInputs: readonly [words: string[], line: string][] = [
  [['run', 'well', '--cores', '9'], 'error: --cores: "9" is not allowed; allowed: an integer from 1 to 8'],
  [['run', 'well', '--seed', '-1'], 'error: --seed: "-1" is not allowed; allowed: an integer from 0 up'],
  [['run', 'well', '--core', '9'], "error: unknown option '--core' (Did you mean --cores?)"],
  [['run', 'well', '--cores'], 'error: --cores <n>: missing; allowed: LLM cores'],
  [['run'], 'error: how: missing; allowed: how to end'],
  [['run', 'a', 'b'], "error: too many arguments for 'run'. Expected 1 argument but got 2: a, b."],
  [['rum'], 'error: command: "rum" is not allowed; allowed: run, other'],
  [['run', 'well', '--nope'], "error: unknown option '--nope'; allowed: --cores, --json, --seed"],
  [
    ['run', 'well', '--seed', '99999999999999999999'],
    'error: --seed: "99999999999999999999" is not allowed; allowed: an integer from 0 to 9007199254740991',
  ],
  [['--nope'], "error: unknown option '--nope'"],
  [['help', 'nope'], 'error: help: "nope" is not allowed; allowed: run, other'],
  [['run', 'file'], 'error: /no/such/file: no such file'],
];

for (const [words, line] of badInputs) {
  test(`ringzero ${words.join(' ')}: one line, status 2`, async () => {
    const { status, out, err } = await run(...words);
    expect({ status, out, err }).toEqual({ status: 2, out: '', err: line });
  });
}

test('a broken assertion ends with status 1 and prints the seed that repeats it', async () => {
  const { status, err } = await run('run', 'assertion', '--seed', '77');
  expect(status).toBe(1);
  expect(err).toMatch(
    /^error: broken assertion: page 7 is resident twice \(version \d+\.\d+\.\d+, seed 77\)$/,
  );
});

test('a mistake of ours ends with status 1 and says where', async () => {
  const { status, err } = await run('run', 'mistake');
  expect(status).toBe(1);
  expect(err).toMatch(/^error: TypeError: x is not a function\nat /);
});

test('help lists every command, on standard output, with status 0', async () => {
  for (const words of [[], ['--help'], ['help']]) {
    const { status, out, err } = await run(...words);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/run \[options\] <how> +Run something\./);
  }
  const { out } = await run('help', 'run');
  expect(out).toContain('--seed <n>');
  expect(out).toBe((await run('run', '--help')).out);
});

test('every row of the real table loads a command of its name', async () => {
  for (const [name, load] of Object.entries(commandTable)) {
    expect(await load()).toMatchObject({ name, summary: expect.stringMatching(/^[A-Z].*\.$/) });
  }
});

/** The process itself: what only main.ts does. */
function spawnMain(command: string) {
  const main = join(projectRoot, 'src/cli/main.ts');
  const line = command.replaceAll('ringzero ', `"${process.execPath}" "${main}" `);
  return spawnSync('bash', ['-c', line], { encoding: 'utf8' });
}

test('main: the version of package.json, and the status of the process', () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(spawnMain('ringzero --version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  expect(spawnMain('ringzero --nope')).toMatchObject({ status: 2, stdout: '' });
});

test('main: - is standard input, plain or compressed', () => {
  const trace = files.write('trace.json', fixtures['tau-bench']!);
  const whole = JSON.parse(spawnMain(`ringzero replay ${trace} --json`).stdout) as { eventHash: string };
  for (const command of [
    `cat ${trace} | ringzero replay - --json`,
    `gzip -c ${trace} | ringzero replay - --json`,
    `ringzero replay - --json < ${trace}`,
    `ringzero replay <(cat ${trace}) --json`,
  ]) {
    const { status, stdout, stderr } = spawnMain(command);
    expect({ status, stderr }, command).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ format: 'tau-bench', eventHash: whole.eventHash });
  }
  expect(spawnMain('ringzero replay - < /dev/null')).toMatchObject({
    status: 2,
    stderr: 'error: standard input: is empty; allowed: a readable file, plain, gzip or zstd\n',
  });
});

test('main: output that cannot be written is one line, with status 1', () => {
  // Only Linux has a device that is always full.
  if (!existsSync('/dev/full')) return;
  const { status, stderr } = spawnMain('ringzero --help > /dev/full');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'error: standard output: cannot be written (ENOSPC)\n',
  });
});

test('main: a reader that goes away is no error', () => {
  // The reader closes the pipe long before the first line comes.
  const { stdout, stderr } = spawnMain(
    '{ ringzero --help; echo "status $?" >&2; } | { exec <&-; sleep 0.3; }',
  );
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'status 0\n' });
});
