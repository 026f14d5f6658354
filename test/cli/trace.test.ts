import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { runCli, runJson, scratch } from '../support/run-cli.ts';

const files = scratch();
const sample = files.write('sample.csv', 'time,id,size\n0,7,512\n0.5,8,1024\n1,7,512\n90,9,256\n');

interface Info {
  readonly format: string;
  readonly compression: string;
  readonly requests: number;
  readonly unique: number;
  readonly sha256: string;
}

test('info tells what is in a file', async () => {
  const { status, out, err } = await runCli(['trace', 'info', sample]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out.replace(/in \d+\.\d\d s$/, 'in 0.00 s')).toBe(
    [
      `${sample}  csv, 49 bytes`,
      '',
      'references    4',
      'pages         3 (66.7 % referenced once, 0.3 reuses on average)',
      'cold misses   75 % of the references: no memory avoids them',
      'most popular  50 % of the references go to one page',
      'sizes         256 to 1,024, mean 576',
      'footprint     1,792 (every page once)',
      'time span     1 min 30 s',
      // printf 'time,id,size\n0,7,512\n0.5,8,1024\n1,7,512\n90,9,256\n' | sha256sum
      'sha256        eb27c829d5d6125afbad169c7580e895a6f6b54855de2a88f767d1226ad0454d',
      '',
      'read in 0.00 s',
    ].join('\n'),
  );
});

test('info as one document', async () => {
  const { wall, ...rest } = await runJson<Info & { readonly wall: object }>('trace', 'info', sample);
  expect(Object.keys(wall)).toEqual(['seconds', 'fromCache']);
  expect(rest).toMatchObject({
    command: 'trace info',
    trace: sample,
    format: 'csv',
    compression: 'none',
    bytes: 49,
    requests: 4,
    unique: 3,
    mostPopularShare: 0.5,
    sizes: { min: 256, max: 1024, mean: 576, footprint: 1792, changing: 0 },
    spanUs: 90_000_000,
  });
});

test('convert writes the same trace in each format, compressed by its name, and there and back changes nothing', async () => {
  let from = sample;
  for (const [to, name] of [
    ['binary', 'a.bin'],
    ['csv', 'b.csv.gz'],
    ['binary', 'c.bin.zst'],
    ['csv', 'd.csv'],
  ] as const) {
    const out = files.path(name);
    const { status, err } = await runCli(['trace', 'convert', from, out, '--to', to]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect((await runJson<Info>('trace', 'info', out)).format).toBe(to);
    from = out;
  }
  expect(readFileSync(from, 'utf8')).toBe('time,id,size\n0,1,512\n0.5,2,1024\n1,1,512\n90,3,256\n');
  const records = await runJson<object>('trace', 'convert', sample, files.path('e'), '--to', 'oracleGeneral');
  expect(records).toMatchObject({
    format: 'csv',
    requests: 4,
    unique: 3,
    out: { format: 'oracleGeneral', bytes: 96 },
  });
});

test('generate makes each pattern, the same from the same seed', async () => {
  const patterns: [words: string[], requests: number, unique: number][] = [
    [['zipf', '--requests', '1000', '--ids', '50', '--alpha', '0.5'], 1_000, 50],
    [['stack', '--requests', '1000', '--ids', '20'], 1_000, 20],
    [['loop', '--requests', '1000', '--ids', '30'], 1_000, 30],
    [['scan', '--requests', '1000'], 1_000, 1_000],
    [['mixture', '--requests', '1000', '--part', 'loop:ids=10', '--part', 'zipf:ids=5,weight=2'], 1_000, 15],
    [
      [
        'mixture',
        '--requests',
        '1000',
        '--part',
        'loop:ids=10',
        '--part',
        'scan',
        '--arrange',
        'phases',
        '--rounds',
        '2',
      ],
      1_000,
      510,
    ],
  ];
  for (const [words, requests, unique] of patterns) {
    const write = async (name: string, seed: string) =>
      runJson<Info>(
        'trace',
        'generate',
        ...words,
        '--out',
        files.path(name),
        '--to',
        'ids',
        '--force',
        '--seed',
        seed,
      );
    expect(await write('one', '1')).toMatchObject({ seed: 1, pattern: words[0], requests, unique });
    await write('two', '1');
    expect(readFileSync(files.path('one'), 'utf8')).toBe(readFileSync(files.path('two'), 'utf8'));
  }
  const out = files.path('sessions.csv.gz');
  const words = [
    '--sessions',
    '3',
    '--rate',
    '60',
    '--kinds',
    '1',
    '--block-tokens',
    '1024',
    '--shared-tokens',
    '4096',
  ];
  const { status, out: line } = await runCli([
    'trace',
    'generate',
    'sessions',
    ...words,
    '--out',
    out,
    '--to',
    'csv',
  ]);
  expect(status).toBe(0);
  expect(line).toMatch(
    /^[\d,]+ references to [\d,]+ pages as csv in .*sessions\.csv\.gz, [\d,]+ bytes, seed 1$/,
  );
  expect(await runJson<Info>('trace', 'info', out)).toMatchObject({ format: 'csv', compression: 'gzip' });
});

test('bad input is one line that says what is allowed; nothing is written', async () => {
  const there = files.write('there', 'x');
  const out = files.path('never');
  const to = ['--to', 'csv'];
  const wrong: [words: string[], message: string][] = [
    [['nope'], 'trace: "nope" is not allowed; allowed: info, convert, generate'],
    [['info'], 'file: missing; allowed: page references, plain or compressed, - for standard input'],
    [
      ['info', there],
      'there: unknown format (line 1: "x"); allowed: ids, csv, mooncake, oracleGeneral, parquet, binary, otel, claude-code, workload, found by content or named with --format',
    ],
    [
      ['info', sample, '--format', 'cvs'],
      '--format: "cvs" is not allowed; allowed: ids, csv, mooncake, oracleGeneral, parquet, binary, otel, claude-code, workload',
    ],
    [
      ['convert', sample, out],
      '--to <format>: missing; allowed: format of the file: ids, csv, oracleGeneral, binary, workload',
    ],
    [
      ['convert', sample, there, ...to],
      `out: "${there}" is not allowed; allowed: a file that does not exist yet, or --force`,
    ],
    [
      ['convert', sample, sample, ...to, '--force'],
      `out: "${sample}" is not allowed; allowed: a file that this command does not use otherwise`,
    ],
    [
      ['generate', 'zap', '--out', out, ...to],
      'pattern: "zap" is not allowed; allowed: zipf, stack, loop, scan, mixture, sessions',
    ],
    [
      ['generate', 'scan', '--out', there, ...to],
      `--out: "${there}" is not allowed; allowed: a file that does not exist yet, or --force`,
    ],
    [['generate', 'scan', '--out', '-', ...to], '--out: "-" is not allowed; allowed: the name of a file'],
    [
      ['generate', 'scan', '--ids', '5', '--out', out, ...to],
      '--ids: 5 is not allowed; allowed: only with zipf, stack, loop, not with scan',
    ],
    [
      ['generate', 'zipf', '--part', 'scan', '--out', out, ...to],
      '--part: "scan" is not allowed; allowed: only with mixture, not with zipf',
    ],
    [
      ['generate', 'zipf', '--alpha', '-1', '--out', out, ...to],
      '--alpha: "-1" is not allowed; allowed: a number from 0 to 100',
    ],
    [
      ['generate', 'mixture', '--out', out, ...to],
      '--part: "none" is not allowed; allowed: at least one pattern',
    ],
    [
      ['generate', 'mixture', '--part', 'scan', '--rounds', '2', '--out', out, ...to],
      '--rounds: 2 is not allowed; allowed: only with --arrange phases',
    ],
    [
      ['generate', 'sessions', '--block-tokens', '100', '--out', out, ...to],
      'blockTokens: 100 is not allowed; allowed: a multiple of 64 up to 65536',
    ],
  ];
  for (const [words, message] of wrong)
    expect(await runCli(['trace', ...words])).toEqual({ status: 2, out: '', err: `error: ${message}` });
  expect(existsSync(out)).toBe(false);
  expect(readFileSync(there, 'utf8')).toBe('x');
});

test('the group and its commands have their help', async () => {
  const group = await runCli(['trace']);
  expect(group.status).toBe(0);
  expect(group.out).toContain('Usage: ringzero trace [options] [command]');
  for (const line of [
    'info [options] <file>',
    'convert [options] <file> <out>',
    'generate [options] <pattern>',
  ])
    expect(group.out).toContain(line);
  expect((await runCli(['trace', '--help'])).out).toBe(group.out);
  expect((await runCli(['help', 'trace'])).out).toBe(group.out);
  const info = await runCli(['trace', 'info', '--help']);
  expect(info.out).toContain('Usage: ringzero trace info [options] <file>');
  expect((await runCli(['trace', 'help', 'info'])).out).toBe(info.out);
});
