/** `ringzero ostep …`: the flags of the homework programs, what they print, and what they refuse in one line. */
import { expect, test } from 'vitest';

import { ostepCommands } from '../../src/cli/commands/ostep.ts';
import { runCli, runJson, scratch } from '../support/run-cli.ts';

const files = scratch();

interface Report {
  readonly command: string;
  readonly seed?: number;
  readonly problem: Readonly<Record<string, unknown>>;
  readonly answer?: Readonly<Record<string, unknown>>;
}

const report = (words: string): Promise<Report> => runJson<Report>('ostep', ...words.split(' '));

async function lines(words: string): Promise<string[]> {
  const { status, out, err } = await runCli(['ostep', ...words.split(' ')]);
  expect({ status, err }, words).toEqual({ status: 0, err: '' });
  return out.split('\n');
}

test('without -c there is only the problem, with it the answer, too', async () => {
  const words = 'paging -p LRU -C 2 -a 1,2,1,3';
  const problem = await lines(words);
  expect(problem.slice(0, 4)).toEqual([
    'ostep paging, seed=0',
    '4 accesses to 2 frames by LRU',
    '',
    'Pages: 1, 2, 1, 3',
  ]);
  expect(problem.at(-1)).toBe('For the answer add -c.');
  const answer = await lines(`${words} -c`);
  expect(answer.slice(0, 6)).toEqual(problem.slice(0, 6));
  expect(answer.slice(-8)).toEqual([
    '     1     1  miss          1',
    '     2     2  miss          1 2',
    '     3     1  hit           2 1',
    '     4     3  miss       2  1 3',
    '',
    'Memory: the page used last stands right.',
    '',
    '1 hit, 3 misses, hit rate 25.00 %',
  ]);
});

test('--json prints the problem and, with -c, the answer', async () => {
  const asked = await report('mlfq -n 2 -q 2 -l 0,3,0:1,2,0');
  expect(asked.answer).toBeUndefined();
  expect(asked).toMatchObject({
    command: 'ostep mlfq',
    seed: 0,
    problem: {
      options: { numQueues: 2, quantum: [2, 2], allotment: [1, 1], boost: 0, ioTime: 5 },
      jobs: [
        { job: 0, arrival: 0, length: 3, ioFreq: 0 },
        { job: 1, arrival: 1, length: 2, ioFreq: 0 },
      ],
    },
  });
  const { answer } = await report('mlfq -n 2 -q 2 -l 0,3,0:1,2,0 -c');
  expect(answer).toMatchObject({ totalTime: 5, timeline: [0, 0, 1, 1, 0] });
});

test('a seed draws the homework’s problem, by either name', async () => {
  const drawn = await report('paging -s 0 -n 12 -m 7 -p FIFO -c');
  expect(drawn.problem['references']).toEqual([5, 5, 2, 1, 3, 2, 5, 2, 3, 4, 6, 3]);
  expect(await report('paging --seed 0 -n 12 -m 7 -p FIFO -c')).toEqual(drawn);
  expect(await report('paging -a -1 -n 12 -m 7 -p FIFO -c')).toEqual(drawn);
  expect(await report('paging -s 1 -n 12 -m 7 -p FIFO -c')).not.toEqual(drawn);
  const { problem } = await report('lottery -s 0 -j 2');
  expect(problem['jobs']).toEqual([
    { job: 0, length: 8, tickets: 75 },
    { job: 1, length: 4, tickets: 25 },
  ]);
  expect((await report('multi -s 2 -j 2')).problem['jobs']).toEqual([
    { name: '0', length: 90, workingSet: 180 },
    { name: '1', length: 0, workingSet: 10 },
  ]);
  expect((await report('process-run -s 100 -l 3:70')).problem['instructions']).toHaveLength(1);
});

test('pages from a file, and a memory of two levels', async () => {
  const pages = files.write('pages', '1\n2\n\n1\n');
  expect((await report(`paging -f ${pages}`)).problem['references']).toEqual([1, 2, 1]);
  const rows = Array.from({ length: 128 }, (_, page) => `page ${page}: ${'00'.repeat(32)}`);
  rows[1] = `87${'00'.repeat(31)}`;
  rows[7] = `88 ${'00 '.repeat(31)}`;
  rows[8] = `2a${'00'.repeat(31)}`;
  const memory = files.write('memory', rows.join('\n'));
  const { answer } = await report(`translate --memory ${memory} --pdbr 1 -A 0,0x20 -c`);
  expect(answer).toMatchObject([
    { physical: 256, value: 42, fault: null },
    { physical: null, fault: 'PTE' },
  ]);
  expect((await lines(`translate --memory ${memory} --pdbr 1 -A 0,0x7fff -c`)).slice(-2)).toEqual([
    '       0x0 (0)          0   0x87      0   0x88             0x100 (256)   0x2a',
    '0x7fff (32767)         31    0x0                fault in the directory',
  ]);
});

/** One command line a program, and a line that its answer must have. */
const answered: readonly [words: string, line: string | RegExp][] = [
  [
    'mlfq -l 0,12,0:3,2,1 -i 2 -c',
    '  10  11    1      2           9       1         1                   1 to I/O',
  ],
  ['lottery -q 3 -l 7:5 -c', /^ {3}6 .* {2}5 {4}0$/],
  ['multi -n 1 -M 300 -r 4 -w 5 -L a:30:200 -c', '  0     100.00   58.33'],
  ['multi -n 1 -L a:2:20 -t -T -C -S -c', /^ {3}1 {2}a +0$/],
  ['process-run -P c4:i -c -p', 'CPU busy    6 (54.55 %)'],
  ['paging -N -C 4 -a 1,2,3,4,1,2,5,1,2,3,4,5 -c', '2 hits, 10 misses, hit rate 16.67 %'],
  [
    'malloc -S 64 -b 0 -H 4 -a 8 -p FIRST -C -A +7,+9,-0,+3,-1,+12 -c',
    'allocate 12      3       12          1  32: 32',
  ],
  ['relocation -b 4000 -l 300 -A 299,300 -c', '0x12b (299)  0x10cb (4299)'],
  ['segmentation -a 128 -p 512 -b 0 -l 20 -B 512 -L 20 -A 108 -c', '0x6c (108)        1  0x1ec (492)'],
  ['translate --page-table 0x80000003,0,0,0 -A 0x1005,5 -c', '      0x5 (5)     0  0x3005 (12293)'],
];
for (const [words, line] of answered)
  test(`ostep ${words}`, async () => {
    const printed = await lines(words);
    if (typeof line === 'string') expect(printed).toContain(line);
    else expect(printed.filter((one) => line.test(one))).toHaveLength(1);
    expect(printed.every((one) => one === one.trimEnd())).toBe(true);
  });

const refused: readonly [words: string, line: string][] = [
  ['paging -C 0', '-C: "0" is not allowed; allowed: an integer from 1 to 1000000'],
  ['paging -p LFU', '-p: "LFU" is not allowed; allowed: FIFO, LRU, MRU, OPT, UNOPT, RAND, CLOCK'],
  ['paging -a 1,,2', '-a: "" is not allowed; allowed: an integer from 0 to 9007199254740991'],
  ['paging -a 1 -f x', '-f: "x" is not allowed; allowed: either -a or -f'],
  ['paging -s -1', '-s: "-1" is not allowed; allowed: an integer from 0 to 4294967295'],
  ['scheduler -p RR -q 0', '-q: "0" is not allowed; allowed: an integer from 1 to 1000000'],
  ['scheduler -l 1,-2', '-l: "-2" is not allowed; allowed: numbers from 0 to 1000000'],
  ['mlfq -l 0,0,0', '-l: run time: "0" is not allowed; allowed: an integer from 1 to 1000000'],
  ['mlfq -l 0,5', '-l: "0,5" is not allowed; allowed: jobs like START,RUN,IOFREQ with colons between'],
  ['mlfq -Q 1,2 -A 1', '-A: "1" is not allowed; allowed: 2 allotments, one a queue'],
  ['mlfq -Q 1,2 -A 0,1', '-A: "0,1" is not allowed; allowed: allotments from 1 up, but for the last one'],
  [
    'lottery -l 1000000:1,1000000:1,1:1',
    '-l: ticks in all: 2000001 is not allowed; allowed: at most 200000, with fewer or shorter jobs',
  ],
  [
    'lottery -l 5:0,7:0',
    '-l: tickets: 0 in all are left at time 0 (job 0, 1); allowed: jobs with at least one ticket each',
  ],
  ['lottery -l 5', '-l: "5" is not allowed; allowed: items like RUN:TICKETS'],
  [
    'lottery -m 1000000',
    'ticks in all: 1776266 is not allowed; allowed: at most 200000, with fewer or shorter jobs',
  ],
  ['paging -f nofile', '-f: "nofile" is not allowed; allowed: a file that can be read (no such file)'],
  ['paging -f /dev/zero', '-f: "/dev/zero" is not allowed; allowed: a file that can be read (a device)'],
  ['paging -m 1000000 -n 1001', '-n: "1001" is not allowed; allowed: an integer from 1 to 1000'],
  ['process-run -P c1000000:c1000000', 'ticks × processes: 4000000 is not allowed; allowed: at most 2000000'],
  [
    'mlfq -q 1 -l 0,200001,0',
    'ticks in all: 200001 is not allowed; allowed: at most 200000, with fewer or shorter jobs',
  ],
  ['multi -L a:1:1,a:2:2', '-L: "a" is not allowed; allowed: a name that no other job has'],
  ['multi -n 2 -L a:1:1 -A a:2', '-A: "2" is not allowed; allowed: an integer from 0 to 1'],
  ['multi -q 0', '-q: "0" is not allowed; allowed: an integer from 1 to 1000000'],
  ['multi -L a:1', '-L: "a:1" is not allowed; allowed: jobs like NAME:RUN:WORKINGSET'],
  ['multi -A a -L a:1:1', '-A: "a" is not allowed; allowed: affinities like JOB:CPU.CPU'],
  ['multi -A b:0 -L a:1:1', '-A: "b" is not allowed; allowed: one of the jobs a'],
  ['process-run', '-P: missing; allowed: programs with colons between, such as c7,i,c1:c3 (c: CPU, i: I/O)'],
  [
    'process-run -P x3',
    '-P: "x3" is not allowed; allowed: steps like c7 (CPU) and i (I/O) with commas between',
  ],
  ['process-run -P i -l 3:50', '-l: "3:50" is not allowed; allowed: either -P or -l'],
  ['process-run -P i -L -1', '-L: "-1" is not allowed; allowed: an integer from 0 to 1000000'],
  ['malloc -A 3', '-A: "3" is not allowed; allowed: operations like +SIZE and -INDEX'],
  ['malloc -A +3 -a 0', '-a: "0" is not allowed; allowed: -1, or an integer from 1 to 1000000'],
  [
    'malloc -s 3',
    '-s: "3" is not allowed; allowed: explicit problems only, nothing is drawn: give the operations with -A',
  ],
  [
    'relocation -n 5',
    '-n: "5" is not allowed; allowed: explicit problems only, nothing is drawn: give base, limit and addresses with -b, -l, -A',
  ],
  [
    'relocation -b 16000 -l 500 -A 1',
    '-b: 16000 is not allowed; allowed: a place in a physical memory of 16384, not 16000 to 16500',
  ],
  ['relocation -b 0 -l 5 -A 1024', '-A: "1024" is not allowed; allowed: an integer from 0 to 1023'],
  [
    'segmentation --seed 1',
    '-s: "1" is not allowed; allowed: explicit problems only, nothing is drawn: give segments and addresses with -b, -l, -B, -L, -A',
  ],
  [
    'segmentation -b 0 -l 9 -B 5 -L 9 -A 1',
    '-B: 5 is not allowed; allowed: a place in a physical memory of 16384, not -4 to 5',
  ],
  [
    'translate -u 50',
    '-u: "50" is not allowed; allowed: explicit problems only, nothing is drawn: give the table with --page-table, or --memory and --pdbr, and addresses with -A',
  ],
  [
    'translate --page-table 0,0 -A 1',
    '--page-table: 2 is not allowed; allowed: 4 entries, one for each page of the address space',
  ],
  [
    'translate --page-table 0x80000010,0,0,0 -A 1',
    '--page-table: "0x80000010" is not allowed; allowed: entries whose frame is below 16',
  ],
  [
    'translate --memory . --pdbr 3 -A 1',
    '--memory: "." is not allowed; allowed: a file that can be read (a folder)',
  ],
  ['translate -a 5k -A 1', '-a: "5k" is not allowed; allowed: a multiple of the page size 4096'],
  [
    'translate --memory x -P 4k',
    '-P: "4k" is not allowed; allowed: only without --memory, for a table of one level',
  ],
  [
    'translate --pdbr 3',
    '--pdbr: "3" is not allowed; allowed: only with --memory, for a table of two levels',
  ],
];
for (const [words, line] of refused)
  test(`refused: ostep ${words}`, async () => {
    expect(await runCli(['ostep', ...words.split(' ')])).toEqual({
      status: 2,
      out: '',
      err: `error: ${line}`,
    });
  });

test('files that are not what they should be', async () => {
  const bad = files.write('bad', '1\nx\n');
  expect((await runCli(['ostep', 'paging', '-f', bad])).err).toBe(
    `error: -f: ${bad} line 2: "x" is not allowed; allowed: an integer from 0 to 9007199254740991`,
  );
  const empty = files.write('empty', '\n');
  expect((await runCli(['ostep', 'paging', '-f', empty])).err).toBe(
    `error: -f: ${empty}: no page in it; allowed: one page a line`,
  );
  const translate = (file: string): Promise<{ err: string }> =>
    runCli(['ostep', 'translate', '--memory', file, '--pdbr', '1', '-A', '1']);
  expect((await translate(bad)).err).toBe(
    `error: --memory: ${bad} line 1: not a page; allowed: 64 hexadecimal digits`,
  );
  expect((await translate(empty)).err).toBe(`error: --memory: ${empty}: 0 pages; allowed: 128`);
});

test('every program has its flags in its help', async () => {
  for (const { name } of ostepCommands.commands) {
    const { out, status } = await runCli(['ostep', name, '--help']);
    expect(status).toBe(0);
    for (const flag of ['-c', '-s, --seed', '--json'])
      expect(out, name).toMatch(new RegExp(`^ {2}${flag}`, 'm'));
  }
});

/** Flags that a problem of each program needs, and after a `|` of its other kind. */
const needed: Readonly<Record<string, string>> = {
  'process-run': '-P c3,i:c2 | -l 3:50',
  lottery: ' | -l 5:3,4:2',
  malloc: '-A +3,-0',
  mlfq: ' | -l 0,5,2:1,3,0',
  multi: '-p | -L a:20:30,b:10:10 -p',
  paging: ' | -p CLOCK -a 1,2,3',
  relocation: '-b 0 -l 10 -A 1',
  scheduler: '-p RR | -l 3,4',
  segmentation: '-b 0 -l 10 -B 512 -L 10 -A 1',
  translate: '--page-table 0x80000000,0,0,0 -A 1',
};
const wrong = [
  '-1',
  '0',
  'x',
  '',
  '9'.repeat(25),
  '1.5',
  ' 3',
  '1,',
  ':1',
  '1:1:1:1',
  '__proto__:1:1',
  '/dev/zero',
];

for (const { name } of ostepCommands.commands)
  test(`ostep ${name}: whatever a flag is given, it works, or one line names the flag, the value and what is allowed`, async () => {
    const { out: help } = await runCli(['ostep', name, '--help'], { columns: 1_000 });
    const flags = [...help.matchAll(/^ {2}(--?[\w-]+)(?:, --\w+)? </gm)].map(([, flag = '']) => flag);
    expect(flags.length).toBeGreaterThan(3);
    for (const others of (needed[name] ?? '').split('|'))
      for (const flag of flags)
        for (const value of [...wrong, undefined]) {
          const words = others.trim() === '' ? [] : others.trim().split(' ');
          const at = words.indexOf(flag);
          if (at >= 0) words.splice(at, 2);
          const given = ['ostep', name, ...words, flag, ...(value === undefined ? [] : [value])];
          const { status, out, err } = await runCli(given);
          if (status === 0) continue;
          expect({ status, out, lines: err.split('\n').length }, given.join(' ')).toEqual({
            status: 2,
            out: '',
            lines: 1,
          });
          expect(err, given.join(' ')).toMatch(/^error: (.*); allowed: ./);
          expect(err, given.join(' ')).toContain(flag);
        }
  });
