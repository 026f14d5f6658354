import { join } from 'node:path';

import { expect, test } from 'vitest';

import { textWidth } from '../../src/report/text-width.ts';
import type { MachineView } from '../../src/sim/timeline/machine-view.ts';
import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
const inversion = join(projectRoot, 'examples/priority-inversion.json');

interface Shown {
  readonly kind: string;
  readonly seed: number;
  readonly events: number;
  readonly view: MachineView;
}

test('a scenario, its recording and recorded agents: the machine at an event or a time', async () => {
  const recording = files.path('inversion.rec');
  await runJson('simulate', inversion, '--record', recording);
  const simulated = await runJson<Shown>('step', inversion, '--at', '9');
  const recorded = await runJson<Shown>('step', recording, '--at', '9');
  expect(recorded.view).toEqual(simulated.view);
  expect(recorded).toMatchObject({ kind: 'recording', seed: 1, view: { index: 9 } });
  expect(simulated).toMatchObject({ kind: 'scenario', events: 35 });
  expect(simulated.view.processes[1]).toMatchObject({
    name: 'urgent',
    state: 'waiting',
    waitingFor: 'report',
  });
  const { view } = await runJson<Shown>('step', inversion, '--at', '2s');
  expect(view.nowUs).toBe(2_000_000);
  expect((await runJson<Shown>('step', inversion, '--at', '0:02.0')).view).toEqual(view);
  expect((await runJson<Shown>('step', inversion)).view.index).toBe(35);
  const agents = await runJson<Shown>('step', files.write('tau.json', fixtures['tau-bench']!), '--at', '0');
  expect(agents).toMatchObject({ kind: 'agents', view: { index: 0, nowUs: 0, processes: [] } });
});

test('of a live run clocks count from its start', async () => {
  const recording = files.path('live.rec');
  expect((await runCli(['run', 'What is 6*7?', '--model', 'scripted', '--record', recording])).status).toBe(
    0,
  );
  const { out } = await runCli(['step', recording, '--at', '0:00.0']);
  expect(out).toMatch(/^event [1-9]\d* of \d+ {3}0:00\.\d+ {3}recording /);
  const listed = await runCli(['step', recording, '--events', '1..2']);
  expect(listed.out.split('\n')[0]).toBe(
    '1  0:00.000  agent (1) arrives: priority 50, the engine, budget run',
  );
  const why = await runCli(['why', recording, '1']);
  expect(why.out).toMatch(
    /^recording .*, seed 1, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\nagent \(1\), priority 50\n/,
  );
  expect(why.out).toContain(', from 0:00.000 to 0:0');
});

test('without a terminal it prints the screen of that place, none of its lines wider than 80', async () => {
  const { out } = await runCli(['step', join(projectRoot, 'examples/scenario.json'), '--at', '400']);
  for (const line of out.split('\n')) expect(textWidth(line), line).toBeLessThanOrEqual(80);
  for (const word of ['core 0', 'ready', 'waiting', 'memory', 'budget', 'question'])
    expect(out).toContain(word);
});

test('events in words', async () => {
  const { out } = await runCli(['step', inversion, '--events', '8..10']);
  expect(out).toBe(
    [
      ' 8  0:02.000  urgent (2) waits: lock',
      ' 9  0:02.000  urgent (2) waits for lock report, held by patient (1)',
      '10  0:02.000  patient (1) inherits priority 0 of one that waits for its lock',
    ].join('\n'),
  );
  const { listed } = await runJson<{ listed: readonly { index: number; words: string }[] }>(
    'step',
    inversion,
    '--events',
    '34..',
  );
  expect(listed.map(({ index }) => index)).toEqual([34, 35]);
});

/** What is typed, each line when the screen shows the prompt; the places that the screen showed. */
async function walk(
  ...lines: readonly string[]
): Promise<{ places: string[]; screen: string; status: number }> {
  const person = new TerminalPerson(...lines.map((line) => [/q leave: /, line] as const));
  const io = person.io();
  const { status } = await runCli(['step', inversion], { ...io, isTerminal: true });
  const screen = io.screen();
  return { places: [...screen.matchAll(/event (\d+) of 35/g)].map(([, index]) => index!), screen, status };
}

test('somebody at a terminal walks in both directions', async () => {
  const { places, screen, status } = await walk(
    ...'Enter|n|b|N|B|B|d|d|D|p 2|P 1|t 2s|g 20|/lock|?lock|3|-2|g|n|q'.replace('Enter', '').split('|'),
  );
  expect(status).toBe(0);
  expect(places).toEqual('0 1 2 1 11 1 0 6 25 6 7 6 10 20 29 19 22 20 35 35'.split(' '));
  expect(screen).toContain('this is the last event');
});

test('what is no command is told, and help; Ctrl-C and the end of the input leave', async () => {
  const { screen, places } = await walk('fly', 'g 99', 'p', '/nothing', 'D', 't tomorrow', 'h', 'Ctrl-C');
  expect(places.every((place) => place === '0')).toBe(true);
  for (const said of [
    '"fly" is none of these:',
    'g: "99" is not allowed; allowed: the number of an event, 0 to 35',
    'p: which process? Its number, such as p 1',
    'an event of a type with "nothing": none comes any more',
    'a dispatch: none has come before',
    't: "tomorrow" is not allowed; allowed: a time such as 90s or 2:30',
    'Enter, n    next event',
  ])
    expect(screen).toContain(said);
  const person = new TerminalPerson([/q leave: /, undefined]);
  expect((await runCli(['step', inversion], { ...person.io(), isTerminal: true })).status).toBe(0);
});

test('bad input is one line', async () => {
  const cases: readonly (readonly [words: readonly string[], said: string])[] = [
    [['--at', '99'], '--at: "99" is not allowed; allowed: the number of an event, 0 to 35'],
    [
      ['--at', '3h'],
      '--at: "3h" is not allowed; allowed: a time such as 90s or 2:30, 0:00 to 1:01.000, or the number of an event',
    ],
    [['--at', 'soon'], '--at: "soon" is not allowed; allowed: a time'],
    [['--events', '5'], '--events: "5" is not allowed; allowed: FROM..TO, such as 1..20'],
    [
      ['--events', '9..2'],
      '--events: "9..2" is not allowed; allowed: FROM..TO, by their numbers from 1 to 35, FROM not behind TO',
    ],
    [['--events', '1..99'], '--events: "99" is not allowed; allowed: the number of an event, 0 to 35'],
    [['--events', '1..2', '--at', '1'], '--events: means nothing beside --at'],
    [['--cores', '2'], '--cores: means nothing with priority-inversion.json, a scenario'],
  ];
  for (const [words, said] of cases) {
    const { status, out, err } = await runCli(['step', inversion, ...words]);
    expect({ status, out }, said).toEqual({ status: 2, out: '' });
    expect(err).toContain(`error: ${said}`);
    expect(err.trim().split('\n')).toHaveLength(1);
  }
  const { err } = await runCli(['step', files.write('notes.txt', 'hello')]);
  expect(err).toMatch(/^error: .*notes\.txt: unknown format.*or a recording\n?$/);
  const cut = files.write('cut.rec', '{"format":"ringzero-recording","v":1}\n');
  expect((await runCli(['step', cut])).status).toBe(2);
});
