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
  const { lines } = await recording('damaged.rec');
  const cases: readonly [content: string, line: RegExp][] = [
    [lines.slice(0, -1).join('\n'), /cut off: its last line is missing/],
    [lines.slice(0, 3).join('\n').slice(0, -5), /damaged\.rec line 3: not a JSON object/],
    [lines.toSpliced(-2, 1).join('\n'), /inputs, but the last line says/],
    [[...lines, lines[1]!].join('\n'), /a line behind the last one/],
    [lines.slice(1).join('\n'), /line 1: format: null is not allowed; allowed: "ringzero-recording"/],
    [
      lines.with(0, lines[0]!.replace(/"v":\d+/, '"v":999')).join('\n'),
      /line 1: v: 999 is not allowed; allowed: \d+/,
    ],
    ['', /is empty/],
  ];
  for (const [content, line] of cases) {
    const { status, out, err } = await runCli(['rerun', files.write('damaged.rec', content)]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  }
});
