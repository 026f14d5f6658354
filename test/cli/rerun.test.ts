import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';

interface RerunReport {
  readonly same: boolean;
  readonly inputs: number;
  readonly events: number;
  readonly eventHash: string;
  readonly recordedHash: string;
  readonly seed: number;
}

const files = scratch();
const trace = files.write('weka.jsonl', fixtures['weka']!);

async function recording(name: string) {
  const path = files.path(name);
  const report = await runJson('replay', trace, '--seed', '5', '--record', path);
  return { path, report, lines: readFileSync(path, 'utf8').trimEnd().split('\n') };
}

test('a recording rerun is the same to the byte', async () => {
  const { path, report, lines } = await recording('same.rec');
  expect(lines).toHaveLength(report.inputs + 2);
  const rerun = await runJson<RerunReport>('rerun', path);
  const { inputs, events, eventHash } = report;
  expect(rerun).toMatchObject({ same: true, inputs, events, eventHash, recordedHash: eventHash, seed: 5 });
  expect((await runCli(['rerun', path])).out).toContain('the same, to the byte');
});

test('a recording has its own seed', async () => {
  const { path } = await recording('seed.rec');
  expect(await runCli(['rerun', path, '--seed', '5'])).toMatchObject({ status: 0 });
  expect(await runCli(['rerun', path, '--seed', '6'])).toEqual({
    status: 2,
    out: '',
    err: 'error: --seed: 6 is not allowed; allowed: 5, the seed of the recording',
  });
});

test('a recording of a scenario reruns without its scenario', async () => {
  const scenario = { name: 's', agents: [{ generate: 'jobs', count: 4 }] };
  const path = files.path('scenario.rec');
  const { eventHash } = await runJson(
    'simulate',
    files.write('s.json', JSON.stringify(scenario)),
    '--record',
    path,
  );
  expect(await runJson<RerunReport>('rerun', path)).toMatchObject({ same: true, eventHash });
});

test('an edited input is told as not the same, with status 1', async () => {
  const { lines } = await recording('edited.rec');
  const at = lines.findIndex((line) => line.includes('"call.ended"'));
  const edited = lines.with(at, lines[at]!.replace(/"tokensOut":\d+/, '"tokensOut":1'));
  expect(edited[at]).not.toBe(lines[at]);
  const path = files.write('edited.rec', `${edited.join('\n')}\n`);
  const { status, out, err } = await runCli(['rerun', path]);
  expect({ status, err }).toEqual({ status: 1, err: '' });
  expect(out).toContain('NOT the same');
});

test('a recording that is cut off, short of an input, or none at all is refused', async () => {
  const { lines, report } = await recording('damaged.rec');
  const { inputs } = report;
  const cases: readonly [content: string, line: RegExp][] = [
    [lines.slice(0, -1).join('\n'), /cut off: its last line is missing/],
    [lines.slice(0, 4).join('\n'), /cut off: its last line is missing/],
    [lines.slice(0, 1).join('\n'), /cut off: its last line is missing/],
    [lines.slice(0, 3).join('\n').slice(0, -5), /damaged\.rec line 3: not a whole JSON value/],
    [
      lines.with(2, '[]').join('\n'),
      /damaged\.rec line 3: document: \[\] is not allowed; allowed: a JSON object/,
    ],
    [
      lines.with(2, 'oops').join('\n'),
      /line 3: "oops" is not JSON \(unexpected "o", column 1\); allowed: one/,
    ],
    [lines.toSpliced(-2, 1).join('\n'), new RegExp(`${inputs - 1} inputs, but the last line says ${inputs}`)],
    [[...lines, lines[1]!].join('\n'), /a line behind the last one/],
    [lines.slice(1).join('\n'), /line 1: format: missing; allowed: "ringzero-recording"/],
    [
      lines.with(0, lines[0]!.replace(/"v":\d+/, '"v":999')).join('\n'),
      /line 1: v: 999 is not allowed; allowed: \d+/,
    ],
    [
      lines.with(0, lines[0]!.replace('"scheduler":"priority"', '"scheduler":"hope"')).join('\n'),
      /line 1: options: no kernel can be made of them \(scheduler: "hope" is not allowed/,
    ],
    [
      lines.with(lines.length - 1, '{"end":true}').join('\n'),
      /line \d+: inputs: missing; allowed: an integer/,
    ],
    ['', /is empty/],
  ];
  for (const [content, line] of cases) {
    const { status, out, err } = await runCli(['rerun', files.write('damaged.rec', content)]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  }
});

test('whatever line is missing, moved in time or exchanged is the recording’s fault, with its place', async () => {
  const { lines } = await recording('whole.rec');
  const rerun = async (changed: readonly string[]): Promise<string> => {
    const { status, err } = await runCli(['rerun', files.write('changed.rec', changed.join('\n'))]);
    expect({ status, lines: err.split('\n').length }, err).toEqual({ status: 2, lines: 1 });
    return err;
  };
  for (let at = 1; at < lines.length - 1; at++)
    expect(await rerun(lines.toSpliced(at, 1))).toContain('inputs, but the last line says');
  const at = lines.findIndex((line) => line.includes('"call.ended"'));
  expect(await rerun(lines.with(at, lines[at]!.replace(/"pid":\d+/, '"pid":99')))).toMatch(
    new RegExp(`error: changed\\.rec line ${at + 1} does not follow from the lines before \\(.+\\)$`),
  );
  expect(await rerun(lines.with(at, lines[at]!.replace('call.ended', 'no.such')))).toContain(
    'does not follow',
  );
  const early = lines.with(at + 1, lines[at + 1]!.replace(/"atUs":\d+/, '"atUs":1'));
  expect(await rerun(early)).toMatch(
    new RegExp(`changed\\.rec line ${at + 2}: atUs: 1 is not allowed; allowed: an integer from \\d+ up$`),
  );
});
