import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { openInputFile } from '../../src/adapters/files/input-file.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import { readWorkload } from '../../src/sim/workloads/read-workload.ts';
import {
  fixtures,
  repeatable,
  runCli,
  runFailingJson,
  runJson,
  scratch,
  sharedTrace,
  type RunReport,
} from '../support/run-cli.ts';

const files = scratch();
const tauFixture = files.write('tau.json', fixtures['tau-bench']!);

/** What of a turnaround each process can account for. */
function splitSum({ split }: RunReport['perProcess'][number]): number {
  const sum = (parts: Readonly<Record<string, number>>): number =>
    Object.values(parts).reduce((total, us) => total + us, 0);
  return sum(split.running) + split.readyUs + sum(split.waiting) + split.suspendedUs;
}

function expectExactSplits(report: RunReport): void {
  for (const process of report.perProcess)
    expect(splitSum(process), `process ${process.pid}`).toBe(process.turnaroundUs);
}

const formats: readonly [format: string, counts: Partial<RunReport>][] = [
  ['tau-bench', { processes: 2, completed: 2, modelCalls: 4, toolCalls: 1, messages: 10 }],
  ['swe-agent', { processes: 1, completed: 1, modelCalls: 2 }],
  ['weka', { processes: 3, completed: 3, modelCalls: 5, toolCalls: 0 }],
  ['mooncake', { processes: 2, completed: 2, modelCalls: 2, tokensIn: 2200, tokensOut: 110 }],
  ['azure', { processes: 2, completed: 2, modelCalls: 2, tokensIn: 770, tokensOut: 153 }],
];

for (const [format, counts] of formats) {
  test(`a small recording of ${format} runs, with every promise watched`, async () => {
    const report = await runJson('replay', files.write(`${format}.trace`, fixtures[format]!), '--check');
    expect(report).toMatchObject({ format, ...counts });
    expectExactSplits(report);
  });
}

test('--json prints one document and nothing else', async () => {
  const { status, out, err } = await runCli(['replay', tauFixture, '--json']);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({ command: 'replay', seed: 1, processes: 2 });
});

test('the same command gives the same document, another seed another run', async () => {
  const first = await runJson('replay', tauFixture);
  expect(repeatable(await runJson('replay', tauFixture))).toEqual(repeatable(first));
  expect((await runJson('replay', tauFixture, '--seed', '2')).eventHash).not.toBe(first.eventHash);
});

test('a report says how to repeat it: as typed, with the seed, without where it was printed', async () => {
  const { repeat } = await runJson(
    'replay',
    tauFixture,
    '--cores',
    '2',
    `--events=${files.path('repeat.jsonl')}`,
    '--slice',
    '1500ms',
    '--arrivals',
    'poisson:60',
  );
  expect(repeat).toBe(
    `ringzero replay ${tauFixture} --cores 2 --slice 1500ms --arrivals poisson:60 --seed 1`,
  );
});

test('the file of --events hashes to eventHash', async () => {
  const path = files.path('events.jsonl');
  const { eventHash, events } = await runJson('replay', tauFixture, '--events', path);
  const content = readFileSync(path);
  expect(createHash('sha256').update(content).digest('hex')).toBe(eventHash);
  expect(content.toString().trimEnd().split('\n')).toHaveLength(events);
});

test('--tokens-per-hour lets agents wait for their budget', async () => {
  const { budgetStalls, completed } = await runJson(
    'replay',
    tauFixture,
    '--tokens-per-hour',
    '30',
    '--check',
  );
  expect(budgetStalls.count).toBeGreaterThan(0);
  expect(budgetStalls.us).toBeGreaterThan(0);
  expect(completed).toBe(2);
});

test('--when-exhausted: what becomes of agents that have spent their budget', async () => {
  const run = (...options: string[]) => runJson('replay', tauFixture, '--check', ...options);
  const throttled = await run('--tokens-per-hour', '200', '--when-exhausted', 'throttle');
  expect(throttled).toMatchObject({ completed: 2, budgetActions: { suspended: 0, stopped: 0 } });
  expect(throttled.budgetActions.throttled).toBeGreaterThan(0);
  const suspended = await run('--tokens-per-hour', '30', '--when-exhausted', 'suspend');
  expect(suspended.budgetActions.suspended).toBeGreaterThan(0);
  expect(suspended.completed).toBe(2);
  const words = ['replay', tauFixture, '--tokens-per-hour', '30', '--when-exhausted', 'stop'];
  const stopped = await runFailingJson(...words);
  expect(stopped).toMatchObject({ failed: 1, budgetActions: { stopped: 1 } });
  const dear = await run();
  const degrading = '--dollars-per-hour 0.0001 --when-exhausted degrade --degrade-to 0.03,0.003,0.15';
  const cheap = await run(...degrading.split(' '));
  expect(cheap.modelCallsDegraded).toBeGreaterThan(0);
  expect(cheap.microDollars).toBeLessThan(dear.microDollars);
  expect(cheap.repeat).toContain(degrading);
});

test('--agents takes the first ones; --latency drawn replaces recorded times', async () => {
  const weka = files.write('weka.jsonl', fixtures['weka']!);
  expect(await runJson('replay', weka, '--agents', '1')).toMatchObject({ processes: 1, modelCalls: 2 });
  const recorded = await runJson('replay', weka);
  expect((await runJson('replay', weka, '--latency', 'drawn')).virtualSeconds).not.toBe(
    recorded.virtualSeconds,
  );
});

test('--arrivals: poisson spreads the agents; recorded takes the times of the file', async () => {
  const poisson = await runJson('replay', tauFixture, '--arrivals', 'poisson:60');
  expect(poisson.eventHash).not.toBe((await runJson('replay', tauFixture, '--arrivals', 'all')).eventHash);
  const mooncake = files.write('mooncake.jsonl', fixtures['mooncake']!);
  expect((await runJson('replay', mooncake, '--arrivals', 'recorded')).virtualSeconds).toBeGreaterThan(3);
  expect((await runJson('replay', mooncake, '--arrivals', 'all')).virtualSeconds).toBeLessThan(3);
});

for (const policy of ['priority', 'fifo', 'round-robin']) {
  test(`--scheduler ${policy} and --residency independent run with every promise watched`, async () => {
    const report = await runJson(
      'replay',
      tauFixture,
      '--scheduler',
      policy,
      '--residency',
      'independent',
      '--check',
    );
    expect(report).toMatchObject({ completed: 2, options: { residency: 'independent' } });
  });
}

test('human output: no escape codes without colours, some with them, the same text either way', async () => {
  const plain = await runCli(['replay', tauFixture]);
  const coloured = await runCli(['replay', tauFixture], { isTerminal: true, colours: true });
  const codes = new RegExp(String.raw`\u001B\[\d+m`, 'g');
  expect(plain.out).not.toMatch(codes);
  expect(coloured.out).toMatch(codes);
  const withoutRate = (text: string): string => text.replaceAll(codes, '').replace(/, in [\d.]+ s .*/, '');
  expect(withoutRate(coloured.out)).toBe(withoutRate(plain.out));
});

for (const columns of [80, 120, 200]) {
  test(`human output fits into ${columns} columns`, async () => {
    const words = [
      'replay',
      tauFixture,
      '--arrivals',
      'poisson:3600',
      '--scheduler',
      'round-robin',
      '--cores',
      '3',
    ];
    const { out } = await runCli(words, { columns });
    expect(out.split('\n').filter((line) => line.length > columns)).toEqual([]);
    // A shell takes the lines of it as one.
    const [, repeat = ''] = out.split('repeat: ');
    expect(repeat.replaceAll(' \\\n ', '')).toBe((await runJson(...words)).repeat);
    expect(out).toContain('processes     2 (2 completed)');
  });
}

test('recorded agents go on after a refused call; a run without a single answer has failed', async () => {
  const mooncake = files.write('mooncake.jsonl', fixtures['mooncake']!);
  const half = await runJson('replay', mooncake, '--memory', '1100');
  expect(half).toMatchObject({ completed: 2, completedWithRefusedCalls: 1, modelCallsCompleted: 1 });
  expect(half.perProcess.map(({ usage }) => usage)).toMatchObject([
    { modelCalls: 1, modelCallsCompleted: 1, modelCallsRefused: 0 },
    { modelCalls: 1, modelCallsCompleted: 0, modelCallsRefused: 1 },
  ]);
  const { out } = await runCli(['replay', mooncake, '--memory', '1100']);
  expect(out).toContain('2 (2 completed, 1 of them with refused calls)');
  expect(await runFailingJson('replay', mooncake, '--memory', '10')).toMatchObject({
    completed: 2,
    modelCallsCompleted: 0,
  });
});

test('a recorded tool that has the name of a built-in one is the recorded one', async () => {
  const trace = fixtures['tau-bench']!.replaceAll('search_flights', 'search');
  const report = await runJson('replay', files.write('search.json', trace), '--check');
  expect(report).toMatchObject({ toolCalls: 1, toolsRefused: {} });
});

test('the prices that a recording does not have are called defaults', async () => {
  const { out } = await runCli(['replay', tauFixture]);
  expect(out).toContain('at default prices: in $3, cached $0.3, out $15 a million\n');
});

// ---- Recorded traces -----------------------------------------------------------------------------------------------------

const tau = sharedTrace('tau-bench-airline-gpt-4o.json.gz');
const weka = sharedTrace('weka-claude-code.jsonl.gz');
const whyNot = ' (skipped: ../shared/traces is not there)';

const onTau = { skip: !tau.isThere };
const tauSkipped = tau.isThere ? '' : whyNot;

test(
  `tau-bench: 200 agents run to their end, and every process is explained${tauSkipped}`,
  onTau,
  async () => {
    const report = await runJson('replay', tau.path);
    expect(report).toMatchObject({
      processes: 200,
      completed: 200,
      modelCalls: 2454,
      toolCalls: 1164,
      messages: 5308,
    });
    expect(report.perProcess).toHaveLength(200);
    expectExactSplits(report);
    expect(repeatable(await runJson('replay', tau.path))).toEqual(repeatable(report));
    expect((await runJson('replay', tau.path, '--seed', '2')).eventHash).not.toBe(report.eventHash);
  },
);

test(`tau-bench: the shared system prompt is in memory once, not 200 times${tauSkipped}`, onTau, async () => {
  const { agents } = await readWorkload(await openInputFile(tau.path));
  const prompts = new Set(
    agents.map(({ steps: [first] }) => (first?.op === 'page' && first.kind === 'system' ? first.text! : '')),
  );
  expect(prompts.size).toBe(1);
  const promptTokens = estimateTokens([...prompts][0]!);
  // Room for everything: at the end all that was ever used is in memory.
  const { faultsByKind } = await runJson('replay', tau.path, '--memory', '10000000');
  expect(faultsByKind.compulsory.tokens).toBeLessThan(200 * promptTokens);
  // And each agent pays for what it says, not for the prompt: all but the first find it.
  const alone = await runJson('replay', tau.path, '--memory', '10000000', '--agents', '1');
  expect(alone.faultsByKind.compulsory.tokens).toBeGreaterThan(promptTokens);
});

test(`tau-bench: records no arrivals${tauSkipped}`, onTau, async () => {
  const { status, out, err } = await runCli(['replay', tau.path, '--arrivals', 'recorded']);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(
    /^error: --arrivals: "recorded" is not allowed; allowed: all, poisson:RATE \(.+ records no arrivals\)$/,
  );
});

const onWeka = { skip: !weka.isThere };
const wekaSkipped = weka.isThere ? '' : whyNot;

test(`weka: 497 sessions and their sub-agents, every call${wekaSkipped}`, onWeka, async () => {
  const report = await runJson('replay', weka.path, '--memory', '2000000');
  expect(report).toMatchObject({ processes: 529, completed: 529, modelCalls: 33_006, modelCallsRefused: {} });
  expectExactSplits(report);
});

test(`weka: calls larger than memory end by the oversize rule${wekaSkipped}`, onWeka, async () => {
  const failing = await runJson('replay', weka.path, '--agents', '40');
  const { CONTEXT_TOO_LARGE: refused = 0 } = failing.modelCallsRefused;
  expect(refused).toBeGreaterThan(0.4 * failing.modelCalls);
  expect(failing.modelCallsBypassed).toBe(0);
  expect(failing.completed).toBe(failing.processes);
});

test('--oversize bypass runs a call that is larger than memory', async () => {
  const mooncake = files.write('large.jsonl', fixtures['mooncake']!);
  const fail = await runJson('replay', mooncake, '--memory', '1100');
  expect(fail).toMatchObject({
    completed: 2,
    modelCallsRefused: { CONTEXT_TOO_LARGE: 1 },
    modelCallsBypassed: 0,
  });
  const bypass = await runJson('replay', mooncake, '--memory', '1100', '--oversize', 'bypass', '--check');
  expect(bypass).toMatchObject({ completed: 2, modelCallsRefused: {}, modelCallsBypassed: 1 });
});

test(`weka: with --oversize bypass every call runs${wekaSkipped}`, onWeka, async () => {
  const { modelCallsRefused, modelCalls } = await runJson('replay', weka.path, '--agents', '40');
  const bypassing = await runJson('replay', weka.path, '--agents', '40', '--oversize', 'bypass');
  expect(bypassing).toMatchObject({
    modelCalls,
    modelCallsRefused: {},
    modelCallsBypassed: modelCallsRefused['CONTEXT_TOO_LARGE'],
  });
  expect(bypassing.completed).toBe(bypassing.processes);
});
