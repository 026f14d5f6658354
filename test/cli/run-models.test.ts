/** `ringzero run` with several models, and with all that an agent can be told beside its task, against endpoints that speak chat completions over real HTTP. */
import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Io } from '../../src/cli/command.ts';
import {
  chunk,
  fragment,
  HostileServer,
  refuses,
  sends,
  type Behaviour,
  type Exchange,
} from '../support/hostile-server.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';

const files = scratch();
let server: HostileServer;
beforeEach(async () => {
  server = await HostileServer.start();
});
afterEach(() => server.close());

const run = (words: readonly string[], io: Partial<Io> = {}): Promise<CliRun> =>
  runCli(['run', ...words], {
    environment: { RINGZERO_MODEL_URL: server.url, RINGZERO_MODEL_KEY: 'sk-secret-secret' },
    ...io,
  });

/** The document of a run that completes. */
async function told(words: readonly string[], io: Partial<Io> = {}): Promise<Told> {
  const { status, out, err } = await run([...words, '--json'], io);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return JSON.parse(out) as Told;
}
interface Told {
  readonly answer: string;
  readonly modelCalls: number;
  readonly microDollars: number | null;
  readonly models: readonly {
    readonly model: string;
    readonly modelCalls: number;
    readonly modelCallsFailed: number;
    readonly microDollars: number | null;
  }[];
}
const config = (settings: object): readonly string[] => [
  '--config',
  files.write('ringzero.json', JSON.stringify(settings)),
];

// ---- A server with several models ---------------------------------------------------------------------------------------

interface Asked {
  readonly model: string;
  readonly last: string;
  readonly tools: number;
}
const askedOf = ({ body }: Exchange): Asked => {
  const messages = body['messages'] as { readonly content: string }[];
  return {
    model: body['model'] as string,
    last: messages.at(-1)!.content,
    tools: ((body['tools'] ?? []) as unknown[]).length,
  };
};
const asked = (): readonly Asked[] => server.exchanges.map(askedOf);
const modelsAsked = (): readonly string[] => asked().map(({ model }) => model);

/** 1,000 tokens of prompt, none of them cached, and so many of answer. */
const used = (tokensOut: number): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    choices: [],
    usage: {
      prompt_tokens: 1_000,
      completion_tokens: tokensOut,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
const says = (text: string, tokensOut = 100, finish = 'stop'): Behaviour =>
  sends(chunk({ role: 'assistant', content: text }), chunk({}, { finish }), used(tokensOut));
const callsTime = (text = '', tokensOut = 100): Behaviour =>
  sends(
    chunk({ role: 'assistant', content: text }),
    chunk(fragment({ index: 0, id: `c${Math.random()}`, name: 'time', arguments: '{}' })),
    chunk({}, { finish: 'tool_calls' }),
    used(tokensOut),
  );
const behaves = (behaviour: (asked: Asked, nth: number) => Behaviour): void => {
  let nth = 0;
  server.behave((exchange) => behaviour(askedOf(exchange), nth++)(exchange));
};

// ---- Chains and routes ----------------------------------------------------------------------------------------------------

test.each([
  ['is not there', refuses(404, 'no such model')],
  ['is overloaded', refuses(503, 'too busy')],
  ['breaks off', sends()],
])(
  'a model that %s hands over to the next, which goes on with the run; each is billed at its prices',
  async (_, failing) => {
    behaves(({ model }, nth) => (model === 'gpt-4o' ? failing : nth < 3 ? callsTime() : says('Late.')));
    const { answer, models, microDollars } = await told([
      'How late?',
      '--model',
      'gpt-4o,gpt-4.1-mini',
      '--retries',
      '0',
    ]);
    expect(answer).toBe('Late.');
    expect(modelsAsked()).toEqual(['gpt-4o', 'gpt-4.1-mini', 'gpt-4.1-mini', 'gpt-4.1-mini']);
    expect(
      models.map(({ model, modelCalls, modelCallsFailed }) => [model, modelCalls, modelCallsFailed]),
    ).toEqual([
      ['gpt-4o', 1, 1],
      ['gpt-4.1-mini', 3, 0],
    ]);
    // Thrice 1,000 in and 100 out at 0.4 and 1.6 dollars a million.
    expect(models[1]!.microDollars).toBe(3 * 560);
    expect(microDollars).toBe(models[0]!.microDollars! + models[1]!.microDollars!);
  },
);

test('a person sees who is asked, and what each model cost', async () => {
  behaves(({ model }) => (model === 'gpt-4o' ? refuses(404, 'no such model') : says('Late.')));
  const { status, err } = await run(['How late?', '--model', 'gpt-4o,gpt-4.1-mini']);
  expect(status).toBe(0);
  expect(err).toMatch(/answered 404: .*\n· asks gpt-4\.1-mini\ncompleted in /);
  expect(err).toMatch(
    /\$0\.000560\n {2}gpt-4o: 1 model call \(1 failed\); .*\n {2}gpt-4\.1-mini: 1 model call; 1,000 tokens in/,
  );
});

test('an endpoint that cannot be reached hands over to a model of another one; no key goes where it does not belong', async () => {
  const other = await HostileServer.start();
  other.behave(says('Here.'));
  const settings = config({
    model: { name: 'far, near, spare' },
    models: {
      far: { url: 'http://127.0.0.1:1/v1', name: 'gpt-4o' },
      near: { url: other.url, name: 'gpt-4.1-mini', keyVariable: 'NEAR_KEY' },
    },
    agent: { retries: 0 },
  });
  const environment = {
    RINGZERO_MODEL_KEY: 'sk-secret-secret',
    NEAR_KEY: 'sk-near',
    RINGZERO_MODEL_URL: server.url,
  };
  const { answer, models } = await told(['Where?', ...settings], { environment });
  expect(answer).toBe('Here.');
  expect(models).toMatchObject([
    { model: 'far', microDollars: expect.any(Number) },
    { model: 'near', microDollars: 560 },
  ]);
  const [exchange] = other.exchanges;
  expect(exchange!.body['model']).toBe('gpt-4.1-mini');
  expect(exchange!.headers.authorization).toBe('Bearer sk-near');
  other.behave(refuses(401, 'who are you?'));
  const keyless = config({ models: { near: { url: other.url } } });
  const { err } = await run(['Where?', '--model', 'near', ...keyless]);
  expect(other.exchanges.at(-1)!.headers.authorization).toBeUndefined();
  expect(err).toContain('no key is set: models.near.keyVariable');
  expect(err).not.toContain('sk-secret');
  await other.close();
});

test('a task goes to the models of its complexity; whom the command line names goes before routes', async () => {
  server.behave(says('Done.'));
  const settings = config({
    model: { name: ['gpt-4.1-mini'] },
    routes: { simple: ['gpt-4.1-nano'], complex: ['gpt-4.1'] },
  });
  const complex = 'Design, compare and evaluate three caches, then plan a fourth, then review it.';
  const simple = await told(['How late?', ...settings]);
  const demanding = await told([complex, ...settings]);
  const standard = await told(['Compare them.', ...settings]);
  await told([complex, ...settings, '--model', 'gpt-4o']);
  expect(modelsAsked()).toEqual(['gpt-4.1-nano', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-4o']);
  // 1,000 in and 100 out at the prices of each.
  expect([simple, demanding, standard].map(({ microDollars }) => microDollars)).toEqual([140, 2_800, 560]);
});

test('a team whose members ask different models pays each at its price, out of one budget', async () => {
  const team = files.write(
    'team.json',
    JSON.stringify({
      topology: 'parallel',
      members: [
        { name: 'ann', role: 'You are quick.', arguments: { models: ['gpt-4.1-nano'] } },
        { name: 'bob', role: 'You are thorough.', arguments: { models: ['gpt-4.1'] } },
        { name: 'eve', role: 'You are neither.' },
      ],
    }),
  );
  server.behave(says('Done.'));
  const settings = config({
    routes: { simple: ['gpt-4o'], standard: ['gpt-4o'], complex: ['gpt-4o'] },
    model: { name: 'o3' },
  });
  const { models, microDollars } = await told(['Work.', '--team', team, ...settings, '--budget-usd', '1']);
  expect(Object.fromEntries(models.map(({ model, microDollars: cost }) => [model, cost]))).toEqual({
    'gpt-4o': 3_500,
    'gpt-4.1-nano': 140,
    'gpt-4.1': 2_800,
  });
  expect(microDollars).toBe(6_440);
});

test('a budget in dollars counts each model at its price, and ends the run when it is used up', async () => {
  behaves(({ model }) => (model === 'gpt-4o' ? refuses(404, 'no such model') : callsTime()));
  const words = [
    'How late?',
    '--model',
    'gpt-4o,gpt-4.1-mini',
    '--reflect-every',
    '0',
    '--budget-usd',
    '0.002',
  ];
  const { status, out } = await run([...words, '--json']);
  expect(status).toBe(1);
  // Of the dearest one, a quarter of the budget is an answer of 50 tokens.
  expect(server.exchanges[0]!.body['max_tokens']).toBe(50);
  const { reason, models } = JSON.parse(out) as Told & { readonly reason: string };
  expect(reason).toBe('BUDGET_EXCEEDED');
  // Four calls at 560: the server counts more than was to be foreseen, and the fifth does not start.
  expect(models[1]).toMatchObject({ model: 'gpt-4.1-mini', modelCalls: 4, microDollars: 2_240 });
});

test('a model without a price makes the cost unknown only when it was asked, and cannot be limited in dollars', async () => {
  behaves(({ model }) => (model === 'mine' ? refuses(404, 'no') : says('Done.')));
  const first = await told(['Work.', '--model', 'gpt-4o,mine']);
  expect(first.microDollars).toBe(3_500);
  const second = await told(['Work.', '--model', 'mine,gpt-4o']);
  expect(second.microDollars).toBeNull();
  expect(second.models.map(({ microDollars }) => microDollars)).toEqual([null, 3_500]);
  const { status, err } = await run(['Work.', '--model', 'gpt-4o,mine', '--budget-usd', '1']);
  expect(status).toBe(2);
  expect(err).toMatch(/--budget-usd: .* model "mine"; allowed: with its price in a file \(--prices FILE\)/);
});

// ---- What an agent does beside its turns ----------------------------------------------------------------------------------

test('the prompt stays in the window of the model: at 85 % of it the oldest pages go, summed up by a model of their own', async () => {
  const long = 'Paragraph of what I found. '.repeat(8);
  behaves(({ model }, nth) =>
    model === 'gpt-4.1-nano' ? says('Nothing was found.') : nth < 14 ? callsTime(long, 200) : says('Done.'),
  );
  const settings = config({
    agent: { toolCalls: 100, reflectEvery: 0, windowTokens: 2_000, maxOutput: 250 },
  });
  const words = ['Search.', '--model', 'gpt-4.1-mini', '--summary-model', 'gpt-4.1-nano', ...settings];
  const { models, modelCalls } = await told(words);
  const summaries = asked().flatMap(({ model }, index) => (model === 'gpt-4.1-nano' ? [index] : []));
  expect(summaries.length).toBeGreaterThan(0);
  for (const index of summaries) {
    expect(asked()[index]).toMatchObject({ last: expect.stringContaining('Sum up all'), tools: 0 });
    expect(asked()[index + 1]!.model).toBe('gpt-4.1-mini');
    expect(JSON.stringify(server.exchanges[index + 1]!.body)).toMatch(
      /\[Summary of the earlier conversation, [^[]*Nothing was found\./,
    );
  }
  // Metered like any call, at their own price.
  expect(modelCalls).toBe(asked().length);
  expect(models[1]).toMatchObject({
    model: 'gpt-4.1-nano',
    modelCalls: summaries.length,
    microDollars: 140 * summaries.length,
  });
});

test('without a summary the oldest leave all the same; the window is that of the smallest model of the chain', async () => {
  const long = 'Paragraph of what I found. '.repeat(8);
  behaves((_, nth) => (nth < 12 ? callsTime(long, 200) : says('Done.')));
  const settings = config({
    models: { small: { windowTokens: 2_000 } },
    agent: { toolCalls: 100, reflectEvery: 0, maxOutput: 250 },
  });
  await told(['Search.', '--model', 'gpt-4.1-mini,small', ...settings]);
  const lengths = server.exchanges.map(({ body }) => (body['messages'] as unknown[]).length);
  expect(lengths.some((length, index) => index > 0 && length < lengths[index - 1]!)).toBe(true);
});

test('a critique may replace the answer, and never shortens it by running out of room', async () => {
  const looks = ({ last }: Asked): boolean => last.startsWith('Look over');
  behaves((call) => (looks(call) ? says('It is 42, since 6*7 is.') : says('It is 42.')));
  const better = await told(['What is 6*7?', '--model', 'gpt-4o', '--critique']);
  expect(better).toMatchObject({ answer: 'It is 42, since 6*7 is.', modelCalls: 2, microDollars: 7_000 });
  behaves((call) => (looks(call) ? says('It is', 100, 'length') : says('It is 42.')));
  expect((await told(['What is 6*7?', '--model', 'gpt-4o', '--critique'])).answer).toBe('It is 42.');
});

test('reflections come as often as one says, are metered, and can stop the work', async () => {
  const judged = (goOn: boolean): Behaviour =>
    says(JSON.stringify({ score: 0.1, issues: [], suggestions: [], goOn, plan: '' }));
  const steps = ({ last }: Asked): boolean => last.startsWith('Step back');
  behaves((call, nth) => (steps(call) ? judged(nth < 3) : call.tools === 0 ? says('So far.') : callsTime()));
  const words = ['Search.', '--model', 'gpt-4o'];
  const stopped = await told([...words, '--reflect-every', '1']);
  expect(stopped).toMatchObject({ answer: 'So far.', reason: 'stopped-by-reflection', modelCalls: 5 });
  server.exchanges.length = 0;
  behaves((call, nth) => (steps(call) ? judged(false) : nth < 5 ? callsTime() : says('Done.')));
  await told([...words, '--reflect-every', '0']);
  expect(asked().some(steps)).toBe(false);
});

test('temperature, the longest answer and the longest wait are those that one says', async () => {
  server.behave(says('Done.'));
  await told(['Work.', '--model', 'gpt-4o', '--temperature', '1.5', '--max-output', '77']);
  expect(server.exchanges[0]!.body).toMatchObject({ temperature: 1.5, max_tokens: 77 });
  server.behave((exchange) => exchange.stall());
  const { status, err } = await run([
    'Work.',
    '--model',
    'gpt-4o',
    '--retries',
    '0',
    '--step-timeout',
    '50ms',
  ]);
  expect(status).toBe(1);
  expect(err).toContain('failed: MODEL_TIMEOUT');
});

test('a prompt that was answered before is not asked again when answers are cached, and is no tool call', async () => {
  const member = { role: 'You are one.' };
  const team = files.write(
    'team.json',
    JSON.stringify({
      topology: 'parallel',
      parallel: 1,
      members: [
        { name: 'ann', ...member },
        { name: 'bob', ...member },
      ],
    }),
  );
  server.behave(says('Done.'));
  const words = ['Work.', '--model', 'gpt-4o', '--team', team];
  const cached = await told([...words, '--cache']);
  expect(cached).toMatchObject({ modelCalls: 1, toolCalls: 0, microDollars: 3_500 });
  expect(cached.answer).toContain('bob:\nDone.');
  expect(await told(words)).toMatchObject({ modelCalls: 2, microDollars: 7_000 });
  expect((await run([...words, '--cache'])).err).not.toContain('response-cache');
});

// ---- Recordings ------------------------------------------------------------------------------------------------------------

test('a recording of all of it is repeated to the byte, and simulated under other settings', async () => {
  const long = 'Paragraph of what I found. '.repeat(8);
  behaves(({ model, last }, nth) => {
    if (model === 'gpt-4o') return refuses(404, 'no such model');
    if (model === 'gpt-4.1-nano') return says('Nothing was found.');
    if (last.startsWith('Step back'))
      return says('{"score":0.5,"issues":["slow"],"suggestions":[],"goOn":true,"plan":"search on"}');
    if (last.startsWith('Look over')) return says('Really done.');
    return nth < 16 ? callsTime(long, 200) : says('Done.');
  });
  const settings = config({
    agent: {
      toolCalls: 100,
      windowTokens: 2_000,
      maxOutput: 250,
      critique: true,
      cache: true,
      summarise: true,
    },
  });
  const file = files.path('models.rec');
  const words = ['Search.', '--model', 'gpt-4o,gpt-4.1-mini', '--summary-model', 'gpt-4.1-nano', ...settings];
  const { answer, models } = await told([...words, '--record', file]);
  expect(answer).toBe('Really done.');
  expect(models).toHaveLength(3);
  const again = await runCli(['rerun', file]);
  expect(again).toMatchObject({ status: 0, out: expect.stringContaining('the same, to the byte') });
  const recording = readFileSync(file, 'utf8');
  expect(recording.includes('"memoryTokens":"endless"')).toBe(true);
  expect(recording.includes('sk-secret')).toBe(false);
  const whatif = await runCli(['whatif', file, '--cores', '1']);
  expect(whatif.status).toBe(0);
  expect(whatif.out).toMatch(/recorded: .*3 engines, each 8 cores, memory without end/);
  const [recorded, simulated] = /^cost +(\S+) +(\S+)/m.exec(whatif.out)!.slice(1);
  expect(simulated).toBe(recorded);
});

// ---- What is refused ---------------------------------------------------------------------------------------------------------

test.each<readonly [words: readonly string[], settings: object, line: RegExp]>([
  [['--temperature', '3'], {}, /--temperature: "3" is not allowed; allowed: a number from 0 to 2/],
  [['--model', 'a,,b'], {}, /--model: "a,,b" is not allowed; allowed: names with commas between/],
  [['--summary-model', ','], {}, /--summary-model: "," is not allowed/],
  [['--window-tokens', '1'], {}, /--window-tokens: "1" is not allowed/],
  [
    ['--window-tokens', '200000', '--model', 'gpt-4o'],
    {},
    /windowTokens: 200000 is not allowed; allowed: up to 128000, what model gpt-4o takes/,
  ],
  [
    ['--window-tokens', '100', '--max-output', '100'],
    {},
    /maxOutput: 100 is not allowed; allowed: less than windowTokens, 100/,
  ],
  [['--step-timeout', 'soon'], {}, /--step-timeout: "soon" is not allowed/],
  [
    [],
    { agent: { temperature: 'hot' } },
    /ringzero\.json: agent\.temperature: "hot" is not allowed; allowed: a number from 0 to 2/,
  ],
  [
    [],
    { agent: { wit: 1 } },
    /ringzero\.json: agent\.wit: 1 is not allowed; allowed: the fields .*temperature, /,
  ],
  [[], { agent: { tools: [] } }, /ringzero\.json: agent\.tools: a list is not allowed/],
  [[], { agent: [] }, /ringzero\.json: agent: a list is not allowed; allowed: an object/],
  [
    [],
    { routes: { easy: ['a'] } },
    /ringzero\.json: routes\.easy: .* allowed: the fields simple, standard, complex/,
  ],
  [[], { routes: { simple: 'a' } }, /ringzero\.json: routes\.simple: "a" is not allowed; allowed: a list/],
  [
    [],
    { models: { a: { window: 1 } } },
    /ringzero\.json: models\.a\.window: 1 is not allowed; allowed: the fields name, url, /,
  ],
  [[], { models: { a: { windowTokens: 0 } } }, /ringzero\.json: models\.a\.windowTokens: 0 is not allowed/],
  [
    [],
    { models: { a: { prices: { input: 1 } } } },
    /ringzero\.json: models\.a\.prices\.cachedInput: undefined is not allowed/,
  ],
  [
    [],
    { models: { a: { keyVariable: 'PATH' } } },
    /ringzero\.json: models\.a\.keyVariable: no such variable is set/,
  ],
  [
    [],
    { models: { a: { url: 'x', key: 'sk-very-secret' } } },
    /models\.a\.key: a key does not belong in a file/,
  ],
  [
    [],
    { models: { a: { url: 'x', keyVariable: 'sk-very-secret' } } },
    /models\.a\.keyVariable: no such variable is set; allowed: the name of a variable/,
  ],
  [['--model', 'a'], { models: { a: { url: 'nowhere' } } }, /model url: "nowhere" is not allowed/],
])('run %j with %j is refused in one line, before anybody is asked', async (words, settings, line) => {
  const { status, out, err } = await run([
    'Work.',
    ...(words.includes('--model') ? [] : ['--model', 'm']),
    ...words,
    ...config(settings),
  ]);
  expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
  expect(err).toMatch(line);
  expect(err).not.toContain('sk-very');
  expect(server.exchanges).toEqual([]);
});
