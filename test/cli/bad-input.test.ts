/** Bad input is told in one line that names the field, the value and what is allowed; the status is 2 and nothing is half done. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { fixtures, runCli, scratch } from '../support/run-cli.ts';

const files = scratch();
const record = files.path('never.rec');
const events = files.path('never.jsonl');

/** Runs the command, asked to write two files, and expects the one line and no file. */
async function expectRefused(words: readonly string[], line: RegExp | string): Promise<void> {
  const { status, out, err } = await runCli([...words, '--record', record, '--events', events]);
  expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
  expect(err).toMatch(/^error: /);
  if (typeof line === 'string') expect(err).toBe(`error: ${line}`);
  else expect(err).toMatch(line);
  expect([existsSync(record), existsSync(events)]).toEqual([false, false]);
}

// ---- Options -------------------------------------------------------------------------------------------------------------

const trace = files.write('tau.json', fixtures['tau-bench']!);
const badOptions: readonly [options: string[], line: string | RegExp][] = [
  [
    ['--scheduler', 'best'],
    /^error: --scheduler: "best" is not allowed; allowed: fifo, round-robin, .*random/,
  ],
  [['--paging', 'magic'], /--paging: "magic" is not allowed; allowed: .*importance-lru/],
  [['--load-control', 'hope'], /--load-control: "hope" is not allowed; allowed: none, working-set/],
  [['--residency', 'nowhere'], '--residency: "nowhere" is not allowed; allowed: independent, prefix'],
  [['--victims', 'all'], '--victims: "all" is not allowed; allowed: any, leaf'],
  [['--oversize', 'crash'], '--oversize: "crash" is not allowed; allowed: fail, bypass'],
  [['--latency', 'none'], '--latency: "none" is not allowed; allowed: recorded, drawn'],
  [['--cores', '-1'], '--cores: "-1" is not allowed; allowed: an integer from 1 to 65536'],
  [['--cores', '1.5'], /--cores: "1.5" is not allowed/],
  [['--memory', '0'], '--memory: "0" is not allowed; allowed: an integer from 1 up'],
  [['--memory', 'Infinity'], /--memory: "Infinity" is not allowed/],
  [['--tokens-per-hour', '-5'], /--tokens-per-hour: "-5" is not allowed; allowed: an integer from 1 up/],
  [['--tokens-per-hour', 'NaN'], /--tokens-per-hour: "NaN" is not allowed/],
  [
    ['--when-exhausted', 'panic'],
    '--when-exhausted: "panic" is not allowed; allowed: wait, throttle, degrade, suspend, stop',
  ],
  [
    ['--when-exhausted', 'stop'],
    '--when-exhausted: "stop" is not allowed; allowed: wait; the others with --tokens-per-hour or --dollars-per-hour',
  ],
  [
    ['--when-exhausted', 'degrade', '--tokens-per-hour', '30', '--degrade-to', '0.8,0.08,4'],
    /--when-exhausted: "degrade" is not allowed; allowed: wait, throttle, suspend, stop; degrade with --dollars-per-hour/,
  ],
  [
    ['--when-exhausted', 'degrade', '--dollars-per-hour', '1'],
    /--degrade-to: undefined is not allowed; allowed: three prices of 0 or more/,
  ],
  [['--degrade-to', '1,2'], /--degrade-to: "1,2" is not allowed; allowed: three prices/],
  [['--degrade-to', '1,-2,3'], /--degrade-to: "-2" is not allowed; allowed: a number from 0/],
  [
    ['--degrade-to', '4,0,3'],
    '--degrade-to: "4,0,3" is not allowed; allowed: prices up to 3,0.3,15, those of the engine',
  ],
  [
    ['--degrade-to', '0.8,0.08,4'],
    '--degrade-to: "0.8,0.08,4" is not allowed; allowed: none without --when-exhausted degrade',
  ],
  [['--dollars-per-hour', '0'], /--dollars-per-hour: "0" is not allowed; allowed: a number from 0.000001/],
  [['--agents', '0'], /--agents: "0" is not allowed; allowed: an integer from 1 up/],
  [['--agents', '3'], /--agents: 3 is not allowed; allowed: an integer from 1 to 2/],
  [['--slice', '60'], /--slice: "60" is not allowed; allowed: a time above 0 with its unit/],
  [
    ['--slice', '60s', '--scheduler', 'fifo'],
    /--slice: "60s" is not allowed; allowed: no slice: scheduler fifo/,
  ],
  [['--seed', '-1'], /--seed: "-1" is not allowed/],
  [
    ['--arrivals', 'poisson:0'],
    /--arrivals: "poisson:0" is not allowed; allowed: all, recorded, poisson:RATE/,
  ],
  [['--arrivals', 'poisson:Infinity'], /--arrivals: "poisson:Infinity" is not allowed/],
  [
    ['--arrivals', 'recorded'],
    /--arrivals: "recorded" is not allowed; allowed: all, poisson:RATE \(tau\.json records no arrivals\)/,
  ],
];
for (const [options, line] of badOptions)
  test(`replay ${options.join(' ')}`, () => expectRefused(['replay', trace, ...options], line));

test('an output file that cannot be written, or is the input', async () => {
  const cases: readonly [string[], RegExp][] = [
    [
      ['--record', files.path('no/such/folder/x')],
      /--record: ".+" is not allowed; allowed: a file that can be written \(ENOENT/,
    ],
    [
      ['--events', files.path('.')],
      /--events: ".+" is not allowed; allowed: a file that can be written \(it is a folder/,
    ],
    [
      ['--record', trace],
      /--record: ".+tau\.json" is not allowed; allowed: a file that this command does not use otherwise/,
    ],
    [
      ['--record', record, '--events', record],
      /--events: ".+" is not allowed; allowed: a file that this command does not use otherwise/,
    ],
  ];
  for (const [options, line] of cases) {
    const { status, out, err } = await runCli(['replay', trace, ...options]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(line);
  }
  expect(readFileSync(trace, 'utf8')).toBe(fixtures['tau-bench']);
  expect(existsSync(record)).toBe(false);
});

// ---- Traces --------------------------------------------------------------------------------------------------------------

const [firstSession, secondSession] = fixtures['weka']!.split('\n') as [string, string];
const badTraces: readonly [name: string, content: string, line: RegExp][] = [
  ['empty', '', /is empty/],
  ['no agents', '[]', /no agent in it \(read as tau-bench\)/],
  ['of no format', '{"a": 1}', /unknown format with the fields a; allowed: a trace of tau-bench/],
  ['not JSON', 'once upon a time', /unknown format, beginning with "once upon a time"/],
  [
    'a document that is cut off',
    fixtures['tau-bench']!.slice(0, -20),
    /not a whole JSON value \(the text ends too early\)/,
  ],
  [
    'a line that is not JSON',
    `${firstSession}\nnonsense\n`,
    / line 2: "nonsense" is not JSON \(unexpected "n", column 1\); allowed: one JSON value$/,
  ],
  [
    'a line that is cut off',
    `${firstSession}\n${secondSession.slice(0, -9)}`,
    / line 2: not a whole JSON value/,
  ],
  [
    'a negative number',
    fixtures['mooncake']!.replace('"output_length":60', '"output_length":-60'),
    / line 2: output_length: -60 is not allowed/,
  ],
  [
    'a number that is not finite',
    fixtures['mooncake']!.replace('"timestamp":3000', '"timestamp":1e999'),
    / line 2: timestamp: Infinity is not allowed/,
  ],
  ['a bad table', `${fixtures['azure']!}\n2023-11-16 18:15:51,1`, / line 4: 2 fields; allowed: 3/],
];
for (const [name, content, line] of badTraces)
  test(`replay of a trace: ${name}`, () =>
    expectRefused(['replay', files.write('bad.trace', content)], line));

test('replay of a trace: missing, a folder, a compressed file that is cut off', async () => {
  await expectRefused(['replay', files.path('nothing')], /nothing: does not exist/);
  await expectRefused(['replay', files.path('.')], /is a directory/);
  const path = files.path('cut.gz');
  writeFileSync(path, gzipSync(fixtures['tau-bench']!).subarray(0, 200));
  await expectRefused(['replay', path], /cut off/);
});

// ---- Scenarios -----------------------------------------------------------------------------------------------------------

const page = { op: 'page', kind: 'user', text: 'Hello.' };
const think = { op: 'think', tokensOut: 5 };
const agent = { name: 'a', steps: [page, think] };
const withSteps = (...steps: unknown[]) => ({ agents: [{ name: 'a', steps }] });
const withBudgets = (...budgets: unknown[]) => ({ budgets });
const limit = (fields: object) =>
  withBudgets({ name: 'b', limits: [{ resource: 'calls', amount: 1, window: 'total', ...fields }] });

/** Fields of a scenario that is all right without them → the line, behind `error: s.json: `. */
const badScenarios: readonly [title: string, fields: object, line: string | RegExp][] = [
  [
    'unknown field',
    { agent: [] },
    /^agent: unknown field: \[\] is not allowed; allowed: name, agents, seed, engines/,
  ],
  [
    'unknown field of an agent',
    { agents: [agent, { ...agent, prio: 3 }] },
    /^agents\[1\]\.prio: unknown field: 3 is not allowed; allowed: name, steps, priority/,
  ],
  [
    'unknown field of an engine',
    { engines: [{ core: 2 }] },
    /^engines\[0\]\.core: unknown field: 2 is not allowed; allowed: name, cores/,
  ],
  ['no name', { name: undefined }, 'name: missing; allowed: a text of at least one character'],
  ['no agents', { agents: [] }, 'agents: [] is not allowed; allowed: a list of at least 1'],
  [
    'priority out of range',
    { agents: [agent, agent, { ...agent, priority: 101 }] },
    'agents[2].priority: 101 is not allowed; allowed: a number from 0 to 100',
  ],
  [
    'negative priority',
    { agents: [{ ...agent, priority: -1 }] },
    'agents[0].priority: -1 is not allowed; allowed: a number from 0 to 100',
  ],
  ['wrong type', { seed: '7' }, 'seed: "7" is not allowed; allowed: an integer of at least 0'],
  [
    'unknown scheduler',
    { scheduler: 'best' },
    /scheduler: "best" is not allowed; allowed: fifo, round-robin, .*random/,
  ],
  ['unknown paging', { paging: 'magic' }, /^paging: "magic" is not allowed; allowed: /],
  [
    'unknown load control',
    { loadControl: 'hope' },
    'loadControl: "hope" is not allowed; allowed: none, working-set, page-fault-frequency, pause-and-restore',
  ],
  [
    'unknown residency',
    { residency: 'here' },
    'residency: "here" is not allowed; allowed: independent, prefix',
  ],
  [
    'negative rate',
    { engines: [{ decodeTokensPerSecond: -1 }] },
    'engines[0].decodeTokensPerSecond: -1 is not allowed; allowed: a finite number above 0',
  ],
  [
    'fast beyond one',
    { engines: [{ throughput: [1, 1.5] }] },
    'engines[0].throughput[1]: 1.5 is not allowed; allowed: a finite number above 0, at most 1',
  ],
  [
    'half a price',
    { engines: [{ prices: { input: 1, output: 1 } }] },
    /^engines\[0\]\.prices\.cachedInput: missing/,
  ],
  [
    'two engines of one name',
    { engines: [{ name: 'e' }, { name: 'e' }] },
    /^engine name: "e" is not allowed/,
  ],
  ['a slice without unit', { slice: '60' }, /^slice: "60" is not allowed; allowed: a time above 0/],
  ['a slice that the policy has not', { slice: '60s', scheduler: 'fifo' }, /^slice: "60s" is not allowed/],
  ['a time beyond a century', { until: 1e18 }, /^until: 1000000000000000000 is not allowed/],
  [
    'a page larger than memory',
    { engines: [{ memoryTokens: 500 }], ...withSteps({ ...page, tokens: 501 }) },
    'agents[0].steps[0].tokens: a page of 501 tokens is not allowed; allowed: up to the context memory of 500 tokens',
  ],
  [
    'a text larger than memory',
    { engines: [{ memoryTokens: 5 }], ...withSteps({ ...page, text: 'x'.repeat(21) }) },
    /^agents\[0\]\.steps\[0\]\.text: a page of 6 tokens is not allowed/,
  ],
  [
    'a generated page larger than memory',
    { engines: [{ memoryTokens: 500 }], agents: [{ generate: 'jobs', count: 1 }] },
    /^agents\[0\]: a page of 1000 tokens is not allowed/,
  ],
  [
    'a cyclic budget tree',
    withBudgets({ name: 'a', parent: 'b' }, { name: 'b', parent: 'a' }),
    /^budgets, parents: "a -> b -> a" is not allowed; allowed: a tree/,
  ],
  [
    'a budget without its parent',
    withBudgets({ name: 'a', parent: 'b' }),
    /^budget a, parent: "b" is not allowed/,
  ],
  [
    'two budgets of one name',
    withBudgets({ name: 'a' }, { name: 'a' }),
    /^budgets\[1\]\.name: "a" is not allowed/,
  ],
  [
    'a negative amount',
    limit({ amount: -1 }),
    'budgets[0].limits[0].amount: -1 is not allowed; allowed: an integer of at least 0',
  ],
  [
    'an unknown resource',
    limit({ resource: 'euros' }),
    'budgets[0].limits[0].resource: "euros" is not allowed; allowed: tokens, calls, microDollars, coreUs',
  ],
  [
    'an unknown window',
    limit({ window: 'day' }),
    /^budgets\[0\]\.limits\[0\]\.window: "day" is not allowed; allowed: "total"/,
  ],
  [
    'two windows in one',
    limit({ window: { fixed: '1h', sliding: '1h' } }),
    /^budgets\[0\]\.limits\[0\]\.window: \{.+\} is not allowed; allowed: "total"/,
  ],
  [
    'an agent of no budget',
    { agents: [{ ...agent, budget: 'b' }] },
    'agents[0].budget: "b" is not allowed; allowed: none, because there are no budgets',
  ],
  [
    'a tool registered twice',
    { tools: [{ name: 't' }, { name: 't' }] },
    /^tools\[1\]\.name: "t" is not allowed; allowed: a name that is not registered yet/,
  ],
  [
    'a built-in tool registered again',
    { tools: [{ name: 'search' }] },
    /^tools\[0\]\.name: "search" is not allowed/,
  ],
  [
    'a schema that is none',
    { tools: [{ name: 't', parameters: { type: 'object', properties: 5 } }] },
    /tool t: parameters/,
  ],
  [
    'a call of an unknown tool',
    withSteps({ op: 'tools', calls: [{ tool: 'x', result: '' }] }),
    'agents[0].steps[0].calls[0].tool: "x" is not allowed; allowed: calculator, search',
  ],
  [
    'a call that nothing answers',
    { tools: [{ name: 't' }], ...withSteps({ op: 'tools', calls: [{ tool: 't' }] }) },
    /^agents\[0\]\.steps\[0\]\.calls\[0\]\.result: missing; allowed: a text \(only the built-in/,
  ],
  [
    'an unknown step',
    withSteps({ op: 'dance' }),
    /^agents\[0\]\.steps\[0\]\.op: "dance" is not allowed; allowed: page, context, think, tools/,
  ],
  [
    'a step that is no object',
    withSteps(5),
    /^agents\[0\]\.steps\[0\]: 5 is not allowed; allowed: an object with the field op/,
  ],
  [
    'a wait for nobody',
    withSteps({ op: 'wait', key: 'k' }),
    'agents[0].steps[0].key: "k" is not allowed; allowed: none, because no child was spawned before',
  ],
  [
    'a message to no parent',
    withSteps({ op: 'send', to: 'parent', text: '' }),
    /^agents\[0\]\.steps\[0\]\.to: "parent" is not allowed/,
  ],
  [
    'a mistake in a child',
    withSteps({ op: 'spawn', key: 'k', agent: { name: 'c', steps: [{ op: 'sleep', us: 0 }] } }),
    /^agents\[0\]\.steps\[0\]\.agent\.steps\[0\]\.us: 0 is not allowed/,
  ],
  [
    'an unknown generator',
    { agents: [{ generate: 'magic' }] },
    'agents[0].generate: "magic" is not allowed; allowed: sessions, jobs',
  ],
  [
    'a generator of nothing',
    { agents: [{ generate: 'jobs', count: 0 }] },
    'agents[0].count: 0 is not allowed; allowed: an integer from 1 to 1000000',
  ],
  [
    'tools of no weight',
    { agents: [{ generate: 'sessions', count: 1, tools: { x: 0 } }] },
    /^agents\[0\]\.tools: /,
  ],
  [
    'generated calls of a tool that really runs',
    { agents: [{ generate: 'sessions', count: 1, tools: { shell: 1, search: 1 } }] },
    'agents[0].tools: "search" is not allowed; allowed: other names than calculator, search, which really run',
  ],
  [
    'two groups of one name',
    {
      agents: [
        { generate: 'jobs', count: 1 },
        { generate: 'jobs', count: 1 },
      ],
    },
    /^agents\[1\]\.name: "jobs" is not allowed/,
  ],
  [
    'arrivals of no kind',
    { arrivals: 'recorded' },
    /^arrivals: "recorded" is not allowed; allowed: all, poisson:RATE/,
  ],
  [
    'two arrivals',
    { arrivals: 'all', agents: [{ ...agent, arrivalUs: 5 }] },
    /^agents\[0\]\.arrivalUs: 5 is not allowed/,
  ],
];
for (const [title, fields, line] of badScenarios) {
  test(`simulate: ${title}`, async () => {
    const path = files.write('s.json', JSON.stringify({ name: 'test', agents: [agent], ...fields }));
    const expected =
      typeof line === 'string'
        ? `s.json: ${line}`
        : new RegExp(line.source.replace('^', '^error: s\\.json: '));
    await expectRefused(['simulate', path], expected);
  });
}

/** JSON has no such numbers; a text can still say them. */
test('simulate: a number that is not finite', async () => {
  const path = files.write(
    's.json',
    `{"name": "x", "engines": [{"prefillTokensPerSecond": 1e999}], "agents": [${JSON.stringify(agent)}]}`,
  );
  await expectRefused(
    ['simulate', path],
    's.json: engines[0].prefillTokensPerSecond: Infinity is not allowed; allowed: a finite number above 0',
  );
});

const notJson: readonly [content: string, line: string | RegExp][] = [
  [
    '{\n  "name": "x",\n  "seed": tru\n}',
    's.json line 3: not JSON (unexpected "t", column 11); allowed: one JSON object',
  ],
  ['{\n  "name": "x",\n}', 's.json line 3: not JSON (unexpected "}", column 1); allowed: one JSON object'],
  ['{"name": "x"', 's.json line 1: not JSON (the text ends too early, column 13); allowed: one JSON object'],
  ['{"name": "x"} {}', 's.json line 1: not JSON (unexpected "{", column 15); allowed: one JSON object'],
  [
    '{"name": "x",\n "agents": [{"name": "a", "n\\u0061me": "b"}]}',
    String.raw`s.json line 2: "n\u0061me" stands twice in its object (column 27); allowed: each name once`,
  ],
  ['[1, 2', /line 1: not JSON \(the text ends too early/],
  ['[]', /s\.json: document: \[\] is not allowed; allowed: an object with the fields name, agents/],
  [' \n', 's.json: empty; allowed: one JSON object'],
  ['', /is empty/],
];
for (const [content, line] of notJson)
  test(`simulate ${JSON.stringify(content)}`, () =>
    expectRefused(['simulate', files.write('s.json', content)], line));

test('simulate --until without a unit', () =>
  expectRefused(['simulate', trace, '--until', '5'], /--until: "5" is not allowed/));
