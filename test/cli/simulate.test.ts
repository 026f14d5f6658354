import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { repeatable, runCli, runFailingJson, runJson, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const files = scratch();
const example = join(projectRoot, 'examples/scenario.json');
let count = 0;

function scenario(fields: object): string {
  return files.write(`scenario-${++count}.json`, JSON.stringify({ name: 'test', ...fields }));
}

test('the example of the documentation runs to its end, with every promise watched, the same each time', async () => {
  const report = await runJson('simulate', example, '--check');
  expect(report).toMatchObject({
    processes: 19,
    completed: 19,
    modelCallsRefused: {},
    toolsRefused: {},
    seed: 7,
  });
  expect(report.budgetStalls.count).toBeGreaterThan(0);
  expect(repeatable(await runJson('simulate', example))).toEqual({ ...repeatable(report) });
});

const docs = (): string => readFileSync(join(projectRoot, 'docs/scenario.md'), 'utf8');

test('the example in docs/scenario.md runs', async () => {
  const [, text] = /```json\n(.+?)```/s.exec(docs())!;
  const report = await runJson('simulate', files.write('docs.json', text!), '--check');
  expect(report).toMatchObject({ processes: 2, completed: 2, modelCalls: 4, toolCalls: 2 });
  expect(report.budgetStalls.count).toBe(1);
});

test('priority inversion: the example, with inheritance and without', async () => {
  const inversion = join(projectRoot, 'examples/priority-inversion.json');
  const turnarounds = async (...flags: readonly string[]): Promise<number[]> => {
    const report = await runJson('simulate', inversion, '--check', ...flags);
    return report.perProcess.map(({ turnaroundUs }: { turnaroundUs: number }) => turnaroundUs / 1_000_000);
  };
  expect(await turnarounds()).toEqual([10, 9, 58]);
  expect(await turnarounds('--lock-protocol', 'none')).toEqual([60, 59, 50]);
  const { out } = await runCli(['simulate', inversion]);
  expect(out).toContain('locks         2 acquires, 1 wait, 1 priority inherited\n');
});

test('a deadlock is told, and with --deadlocks resolve one agent gives way', async () => {
  const agent = (name: string, first: string, second: string) => ({
    name,
    steps: [
      { op: 'acquire', lock: first },
      { op: 'sleep', us: '1s' },
      { op: 'acquire', lock: second },
      { op: 'semOpen', semaphore: 'places', count: 1 },
      { op: 'semWait', semaphore: 'places', timeoutUs: '5s' },
      { op: 'semPost', semaphore: 'places' },
      { op: 'release', lock: second },
      { op: 'release', lock: first },
    ],
  });
  const file = scenario({ agents: [agent('one', 'a', 'b'), agent('two', 'b', 'a')] });
  expect(await runFailingJson('simulate', file)).toMatchObject({
    unfinished: 2,
    locks: { acquired: 2, taken: 0, waits: 2, boosts: 0, deadlocks: 1 },
  });
  const report = await runFailingJson('simulate', file, '--deadlocks', 'resolve', '--check');
  expect(report).toMatchObject({ completed: 1, failed: 1, locks: { acquired: 3, deadlocks: 1 } });
  expect(report.perProcess[1]!.message).toContain('step 2 (acquire): DEADLOCK: nobody of these goes on');
});

test('docs/scenario.md names every field and choice that a file may have', async () => {
  const probes: readonly object[] = [
    { x: 0 },
    { engines: [{ x: 0 }] },
    { engines: [{ prices: { x: 0 } }] },
    { budgets: [{ x: 0 }] },
    { budgets: [{ name: 'b', limits: [{ x: 0 }] }] },
    { budgets: [{ name: 'b', whenExhausted: 'x' }] },
    { budgets: [{ name: 'b', degradeTo: { x: 0 } }] },
    { budgets: [{ name: 'b', limits: [{ resource: 'x' }] }] },
    { tools: [{ x: 0 }] },
    { arrivals: { bursty: { x: 0 } } },
    ...[
      'scheduler',
      'paging',
      'loadControl',
      'residency',
      'victims',
      'oversize',
      'lockProtocol',
      'deadlocks',
    ].map((field) => ({
      [field]: 'x',
    })),
    { agents: [{ x: 0 }] },
    ...['sessions', 'jobs', 'x'].map((generate) => ({ agents: [{ generate, x: 0 }] })),
    ...[
      'page',
      'context',
      'think',
      'tools',
      'ask',
      'sleep',
      'spawn',
      'wait',
      'checkpoint',
      'send',
      'receive',
      'acquire',
      'release',
      'semOpen',
      'semWait',
      'semPost',
      'x',
    ].map((op) => ({
      agents: [{ name: 'a', steps: [{ op, x: 0 }] }],
    })),
    { agents: [{ name: 'a', steps: [{ op: 'tools', calls: [{ x: 0 }] }] }] },
    { agents: [{ name: 'a', steps: [{ op: 'page', kind: 'x' }] }] },
  ];
  const text = docs();
  for (const probe of probes) {
    const { err } = await runCli([
      'simulate',
      scenario({ agents: [{ name: 'a', steps: [{ op: 'receive' }] }], ...probe }),
    ]);
    const allowed = /; allowed: ([\w, -]+)$/.exec(err)?.[1]?.split(', ') ?? [];
    expect(allowed.length, err).toBeGreaterThan(0);
    const missing = allowed.filter((word) => !text.includes(`\`${word}\``) && !text.includes(`\`${word} `));
    expect(missing, err).toEqual([]);
  }
});

test('times are integers of µs or texts with a unit', async () => {
  const sleeper = (us: unknown) => scenario({ agents: [{ name: 'a', steps: [{ op: 'sleep', us }] }] });
  expect((await runJson('simulate', sleeper(2_500_000))).virtualSeconds).toBe(2.5);
  for (const [us, seconds] of [
    ['250ms', 0.25],
    ['60s', 60],
    ['1.5h', 5400],
  ] as const)
    expect((await runJson('simulate', sleeper(us))).virtualSeconds).toBe(seconds);
});

test('the seed of the command line goes before the scenario’s own, which goes before 1', async () => {
  const agents = [{ generate: 'jobs', count: 3 }];
  expect((await runJson('simulate', scenario({ agents }))).seed).toBe(1);
  const own = await runJson('simulate', scenario({ agents, seed: 9 }));
  expect(own).toMatchObject({ seed: 9, repeat: expect.stringMatching(/ --seed 9$/) });
  const given = await runJson('simulate', scenario({ agents, seed: 9 }), '--seed', '1');
  expect(given.seed).toBe(1);
  expect(given.eventHash).not.toBe(own.eventHash);
});

test('copies are numbered, and share what they say', async () => {
  const steps = [
    { op: 'page', kind: 'system', text: 'You are one of three.', tokens: 400 },
    { op: 'think', tokensOut: 10 },
  ];
  const report = await runJson('simulate', scenario({ agents: [{ name: 'twin', copies: 3, steps }] }));
  expect(report.perProcess.map(({ name }) => name)).toEqual(['twin-1', 'twin-2', 'twin-3']);
  expect(report.tokensIn).toBe(1200);
  expect(report.tokensCached).toBe(800);
});

test('an answer joins the prompt, written or not, and is no other agent’s; with keep false it does not', async () => {
  const page = { op: 'page', kind: 'user', text: 'Go on.', tokens: 100 };
  const tokensIn = async (first: object): Promise<readonly number[]> => {
    const steps = [
      page,
      { op: 'think', tokensOut: 30, ...first },
      { op: 'think', tokensOut: 5, keep: false },
    ];
    // Independent residency: what is the same, is in memory once for all.
    const agents = [{ name: 'twin', copies: 2, steps }];
    const report = await runJson(
      'simulate',
      scenario({ residency: 'independent', engines: [{ cores: 2 }], agents }),
      '--check',
    );
    const [engine] = report.engines;
    return [report.perProcess[0]!.usage.tokensIn, engine!.peakResidentTokens];
  };
  expect(await tokensIn({ keep: false })).toEqual([200, 100]);
  expect(await tokensIn({})).toEqual([230, 160]);
  expect(await tokensIn({ text: 'I do.' })).toEqual([230, 130]);
});

test('two groups of one generator draw their own chance and share no content', async () => {
  const run = (...names: string[]) =>
    runJson(
      'simulate',
      scenario({
        engines: [{ memoryTokens: 100_000_000 }],
        agents: names.map((name) => ({ generate: 'sessions', name, count: 2, calls: 0.1 })),
      }),
    );
  const both = await run('a', 'b');
  const [a1, , b1] = both.perProcess;
  expect([a1!.name, b1!.name]).toEqual(['a/session-1', 'b/session-1']);
  expect(a1!.usage.tokensIn).not.toBe(b1!.usage.tokensIn);
  const newTokens = async (name: string) => (await run(name)).faultsByKind.compulsory.tokens;
  expect(both.faultsByKind.compulsory.tokens).toBe((await newTokens('a')) + (await newTokens('b')));
});

test('an agent that names no budget is metered at the first one', async () => {
  const budgets = [{ name: 'only', limits: [{ resource: 'calls', amount: 1, window: { fixed: '1h' } }] }];
  const think = { op: 'think', tokensOut: 1 };
  const page = { op: 'page', kind: 'user', text: 'Go on.' };
  const report = await runJson(
    'simulate',
    scenario({ budgets, agents: [{ name: 'a', steps: [page, think, think] }] }),
  );
  expect(report.virtualSeconds).toBeGreaterThan(3600);
});

test('arrivals: at once, by chance, in bursts, or each agent’s own', async () => {
  const at = async (fields: object): Promise<number> =>
    (await runJson('simulate', scenario(fields))).virtualSeconds;
  const sleeper = { name: 'a', copies: 5, steps: [{ op: 'sleep', us: '1s' }] };
  expect(await at({ agents: [sleeper], arrivals: 'all' })).toBe(1);
  expect(await at({ agents: [sleeper], arrivals: 'poisson:60' })).toBeGreaterThan(10);
  expect(
    await at({ agents: [sleeper], arrivals: { bursty: { ratePerHour: 60, burstUs: '1m' } } }),
  ).toBeGreaterThan(10);
  expect(await at({ agents: [{ ...sleeper, arrivalUs: '5s' }] })).toBe(6);
});

test('--until and until stop the run; what has not ended is shown with what it waits for', async () => {
  const agents = [
    {
      name: 'a',
      steps: [
        { op: 'sleep', us: '1s' },
        { op: 'sleep', us: '10h' },
      ],
    },
  ];
  expect(await runJson('simulate', scenario({ agents, until: '2h' }))).toMatchObject({
    unfinished: 1,
    completed: 0,
  });
  expect(await runJson('simulate', scenario({ agents, until: '2h' }), '--until', '20h')).toMatchObject({
    completed: 1,
  });
  const { out } = await runCli(['simulate', scenario({ agents }), '--until', '2h']);
  expect(out).toContain('not finished\n1 waiting on timer');
});

test('refused tool calls are told by code', async () => {
  const calls = [{ tool: 'search', arguments: {} }];
  const { status, out } = await runCli([
    'simulate',
    scenario({ agents: [{ name: 'a', steps: [{ op: 'tools', calls }] }] }),
  ]);
  expect(status).toBe(0);
  expect(out).toContain('tool calls    0 (1 refused: TOOL_ARGUMENTS)');
});

/** Two copies ask for more than a call may contain, and two others wait for what nobody sends. */
const hopeless = {
  engines: [{ windowTokens: 100 }],
  agents: [
    {
      name: 'large',
      copies: 2,
      steps: [
        { op: 'page', kind: 'user', tokens: 90 },
        { op: 'think', tokensOut: 50 },
      ],
    },
    { name: 'silent', copies: 2, steps: [{ op: 'receive' }] },
  ],
};

test('agents that fail or are stuck: status 1, with the reason of each', async () => {
  const report = await runFailingJson('simulate', scenario(hopeless));
  expect(report).toMatchObject({ failed: 2, unfinished: 2, isCut: false });
  const refusal =
    'step 1 (think): WINDOW_EXCEEDED: prompt and answer take 140 tokens; allowed: up to the window of 100';
  expect(report.perProcess.map(({ code, message }) => [code, message])).toEqual([
    ['PROGRAM_FAILED', refusal],
    ['PROGRAM_FAILED', refusal],
    ['', 'waiting on message'],
    ['', 'waiting on message'],
  ]);
  const { status, out, err } = await runCli(['simulate', scenario(hopeless)]);
  expect({ status, err }).toEqual({ status: 1, err: '' });
  expect(out.replaceAll('\n  ', ' ')).toContain(
    `what went wrong\n2 failed: ${refusal}\n2 stuck: waiting on message, and nothing is left to happen\n`,
  );
});

test('agents that wait when --until stops the run are not stuck', async () => {
  const sleeper = { name: 'sleeper', steps: [{ op: 'sleep', us: '2h' }] };
  const agents = [...hopeless.agents.slice(1), sleeper];
  expect(await runJson('simulate', scenario({ agents }), '--until', '1h')).toMatchObject({
    unfinished: 3,
    isCut: true,
  });
  expect(await runFailingJson('simulate', scenario({ agents }))).toMatchObject({ unfinished: 2 });
});

test('a scripted agent fails when its call is refused, and the others go on', async () => {
  const steps = [
    { op: 'page', kind: 'user', tokens: 900 },
    { op: 'think', tokensOut: 200 },
  ];
  const fields = {
    engines: [{ memoryTokens: 1000 }],
    agents: [
      { name: 'large', steps },
      { name: 'small', steps: [steps[0], { op: 'think', tokensOut: 5 }] },
    ],
  };
  expect(await runFailingJson('simulate', scenario(fields))).toMatchObject({
    failed: 1,
    completed: 1,
    modelCallsRefused: { CONTEXT_TOO_LARGE: 1 },
  });
});

for (const columns of [80, 200]) {
  test(`human output of the example fits into ${columns} columns, and shows no share as nothing`, async () => {
    const { status, out, err } = await runCli(['simulate', example], { columns });
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out.split('\n').filter((line) => line.length > columns)).toEqual([]);
    expect(out).toMatch(/^a team, a night of sessions and a few jobs\s+scenario, priority/);
    expect(out).not.toMatch(/ 0 % {2}\d/);
    expect(out).not.toContain('\u001B');
  });
}

test('budgets of a scenario say what becomes of who has spent them', async () => {
  const limits = [{ resource: 'microDollars', amount: 4000, window: 'total' }];
  const agents = [
    {
      name: 'writer',
      steps: [
        { op: 'page', kind: 'user', tokens: 1000 },
        { op: 'think', tokensOut: 50 },
        { op: 'think', tokensOut: 50 },
      ],
    },
  ];
  const prices = { input: 100_000, cachedInput: 0, output: 100_000 };
  const degrade = { whenExhausted: 'degrade', degradeTo: { model: 'small', prices } };
  const budgets = (rule: object) => scenario({ agents, budgets: [{ name: 'team', limits, ...rule }] });
  const degraded = await runJson('simulate', budgets(degrade), '--check');
  // 1000 × 3 + 50 × 15; then, with the answer in the prompt, 1050 × 0.1 + 50 × 0.1.
  expect(degraded).toMatchObject({ completed: 1, modelCallsDegraded: 1, microDollars: 3750 + 110 });
  const stopped = await runFailingJson('simulate', budgets({ whenExhausted: 'stop' }));
  expect(stopped).toMatchObject({ failed: 1, budgetActions: { stopped: 1 }, microDollars: 3750 });
  const { status, err } = await runCli(['simulate', budgets({ ...degrade, whenExhausted: 'stop' })]);
  expect(status).toBe(2);
  expect(err).toMatch(
    /budget team, degradeTo: an object is not allowed; allowed: none where whenExhausted is stop$/,
  );
});

test('the summary tells the pressure, and what budgets did', async () => {
  const limits = [{ resource: 'calls', amount: 1, window: { fixed: '1h' } }];
  const file = scenario({
    budgets: [{ name: 'team', limits, whenExhausted: 'suspend' }],
    agents: [
      {
        name: 'writer',
        steps: [
          { op: 'think', tokensOut: 60 },
          { op: 'think', tokensOut: 60 },
        ],
      },
    ],
  });
  const { out } = await runCli(['simulate', file]);
  expect(out).toMatch(/^budgets +1 time suspended$/m);
  expect(out).toMatch(/^pressure /m);
  expect(out).toMatch(/^on +of the run +avg10 +avg60 +avg300 +total$/m);
  expect(out).toMatch(/^budget +some +99\.9 % +100 % +.+ 59 min 59 s$/m);
  expect(out).toMatch(/^ +full +99\.9 %/m);
  const idle = scenario({ agents: [{ name: 'writer', steps: [{ op: 'think', tokensOut: 60 }] }] });
  expect((await runCli(['simulate', idle])).out).toContain(
    'none: nobody was stalled on cores, memory or budget',
  );
});
