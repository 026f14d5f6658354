import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { repeatable, runCli, runJson, scratch, fixtures } from '../support/run-cli.ts';
import { ClaudeCodeSession, chat, exportOf, jsonLines } from '../sim/workloads/agent-logs.ts';

const files = scratch();
const session = (name: string, from: number) =>
  new ClaudeCodeSession(name)
    .says(from, 'mend it')
    .answers(
      from + 4,
      `${name}-1`,
      { input: 10, created: 2_990, output: 40 },
      { id: `${name}-u`, name: 'Bash' },
    )
    .result(from + 6, `${name}-u`)
    .answers(from + 9, `${name}-2`, { input: 4, read: 3_000, created: 1_060, output: 30 }).lines;
const logs = {
  'claude-code': jsonLines([...session('a', 0), ...session('b', 5)]),
  otel: jsonLines([
    exportOf({ id: 'a', from: 0, to: 4, attributes: chat(3_000, 40) }),
    exportOf({ id: 'b', from: 6, to: 9, attributes: chat(4_064, 30, 3_000) }),
    exportOf({ id: 'a', trace: 't2', from: 5, to: 9, attributes: chat(3_000, 40) }),
    exportOf({ id: 'b', trace: 't2', from: 11, to: 14, attributes: chat(4_064, 30, 3_000) }),
  ]),
};

interface Converted {
  readonly format: string;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly modelCalls: number;
}

for (const [format, text] of Object.entries(logs)) {
  const log = files.write(`${format}.log`, text);
  const workload = files.path(`${format}.jsonl`);

  test(`a log of ${format} becomes a workload, and replay, compare and page read it as they read the log`, async () => {
    const converted = await runJson<Converted>(
      'trace',
      'convert',
      log,
      workload,
      '--to',
      'workload',
      '--force',
    );
    expect(converted).toMatchObject({ format, tokensIn: 14_128, tokensOut: 140, modelCalls: 4 });
    const run = await runJson('replay', workload, '--check');
    expect(run).toMatchObject({ format: 'workload', completed: 2, tokensIn: 14_128, tokensOut: 140 });
    // On a core for each agent it takes as long as it took.
    expect(run.virtualSeconds).toBeCloseTo(14, 5);
    const direct = await runJson('replay', log);
    expect({ ...repeatable(direct), repeat: '', file: '' }).toMatchObject({
      format,
      eventHash: run.eventHash,
    });
    const compared = ['compare', workload, '--scheduler', 'fifo', '--seeds', '1'];
    expect(await runJson<{ command: string }>(...compared)).toMatchObject({ command: 'compare' });
    const paged = await runJson<{ format: string; requests: number; unique: number }>(
      'page',
      '--trace',
      workload,
      '--policy',
      'lru',
      '--capacity',
      '64',
    );
    // Two sessions, each of 46 blocks and then 63.
    expect(paged).toMatchObject({ format: 'workload', requests: 218, unique: 126 });
    expect(
      await runJson<object>('page', '--trace', log, '--policy', 'lru', '--capacity', '64'),
    ).toMatchObject({
      format,
      requests: 218,
      unique: 126,
    });
    const cells = [
      'page',
      '--trace',
      workload,
      '--residency',
      'prefix',
      '--sessions',
      '2',
      '--policy',
      'lru',
    ];
    const { err, status } = await runCli([...cells, '--capacity', '100000']);
    // Sessions of two calls are too short to be drawn, and that is what is told.
    expect(status).toBe(2);
    expect(err).toContain('one with a session of at least 5 calls');
  });
}

test('sessions that are long enough are drawn by page --residency prefix', async () => {
  const long = new ClaudeCodeSession('long').says(0, 'go');
  for (let call = 0; call < 6; call++)
    long.answers(10 + call * 10, `m${call}`, { input: 640 + 64 * call, output: 5 });
  const path = files.write('long.jsonl', jsonLines(long.lines));
  const page = await runJson<{ results: readonly { policy: string }[] }>(
    'page',
    '--trace',
    path,
    '--residency',
    'prefix',
    '--sessions',
    '1',
    '--policy',
    'lru',
    '--seeds',
    '1',
  );
  expect(page.results).toHaveLength(1);
});

test('every recorded format becomes a workload that runs as before', async () => {
  for (const [format, text] of Object.entries(fixtures)) {
    const path = files.write(`recorded.${format}`, text);
    const out = files.path(`recorded.${format}.workload`);
    await runJson('trace', 'convert', path, out, '--to', 'workload');
    expect((await runJson('replay', out)).eventHash, format).toBe((await runJson('replay', path)).eventHash);
  }
});

test('a workload line that is wrong is told with file, line and field', async () => {
  const [line = ''] = jsonLines([{ name: 'a', steps: [{ op: 'think', tokensOut: 3 }] }]).split('\n');
  const cases: readonly [string, RegExp][] = [
    [
      `${line}\n{"name":"b","steps":[{"op":"think"}]}`,
      /bad\.jsonl line 2: steps\[0\]\.tokensOut: missing; allowed: an integer/,
    ],
    [
      `${line}\n{"name":"b","steps":[{"op":"think","tokensOut":1}],"colour":3}`,
      /bad\.jsonl line 2: colour: unknown field/,
    ],
    [`${line}\n{"name":"b"`, /bad\.jsonl line 2: not a whole JSON value/],
  ];
  for (const [text, problem] of cases) {
    const { status, out, err } = await runCli(['replay', files.write('bad.jsonl', text)]);
    expect({ status, out, lines: err.split('\n').length }).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(problem);
  }
  const { status, err } = await runCli([
    'trace',
    'convert',
    files.write('x.jsonl', line),
    files.path('y'),
    '--to',
    'workload',
    '--format',
    'csv',
  ]);
  expect({ status, err }).toEqual({
    status: 2,
    err: 'error: --format: "csv" is not allowed; allowed: none with --to workload: recorded agents are found by content',
  });
});

test('a converted log says nothing of what was said', async () => {
  const out = files.path('private.jsonl');
  const log = files.write('private.log', jsonLines(session('a', 0)).replaceAll('so be it', 'a secret'));
  await runJson('trace', 'convert', log, out, '--to', 'workload');
  expect(readFileSync(out, 'utf8')).not.toMatch(/secret|mend/);
});
