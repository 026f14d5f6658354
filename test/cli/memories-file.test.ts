/** `--memories FILE`: what the model is told of it, and how a file is refused that is none. */
import { expect, test } from 'vitest';

import { runCli, scratch } from '../support/run-cli.ts';

const files = scratch();
const scripted = ['--model', 'scripted'];
const run = (...words: string[]) => runCli(['run', ...words, ...scripted]);
const memoriesOf = (entries: unknown): string => files.write('memories.json', JSON.stringify(entries));

const known = [
  { kind: 'skill', name: 'lengths', when: 'asked for a distance', text: 'Give the distance in km.' },
  { kind: 'experience', condition: 'a distance is asked for', rule: 'round it' },
  { kind: 'note', text: 'Boats are cheap.' },
];

/** What the first read of memories gave, and the prompt of the call behind it. */
async function told(...words: string[]): Promise<{ memories: unknown; promptTokens: number }> {
  const { out, status } = await run(...words, '--ndjson');
  expect(status).toBe(0);
  const lines = out.split('\n').map((line) => JSON.parse(line) as Record<string, never>);
  const call = lines.find(({ stepType }) => stepType === 'llm_call')!;
  return {
    memories: lines.find(({ type }) => type === 'memory_loaded')?.['memories'],
    promptTokens: (call['data'] as unknown as { promptTokens: number }).promptTokens,
  };
}

test('an agent is told what fits its task, and so is each member of a team', async () => {
  const file = memoriesOf(known);
  const task = 'What is the distance to the sea?';
  const { out, err } = await run(task, '--memories', file);
  expect(err).toContain('· 2 memories are about it');
  // What is remembered is no order: nothing of it is called.
  expect(out).toContain('I call time.');
  const without = await told(task);
  expect(without.memories).toBeUndefined();
  const withThem = await told(task, '--memories', file);
  expect(withThem.memories).toBe(2);
  expect(withThem.promptTokens).toBeGreaterThan(without.promptTokens + 50);
  expect((await told('Sing!', '--memories', file)).promptTokens).toBe((await told('Sing!')).promptTokens);

  const team = files.write(
    'team.json',
    JSON.stringify({ topology: 'parallel', members: [{ name: 'ann' }, { name: 'bob' }] }),
  );
  const ofTeam = await run(task, '--memories', file, '--team', team);
  expect(ofTeam.err.match(/2 memories are about it/g)).toHaveLength(2);
});

test('the file of settings may name it', async () => {
  memoriesOf(known);
  const config = files.write('settings.json', JSON.stringify({ memories: 'memories.json' }));
  expect((await told('What distance?', '--config', config)).memories).toBe(2);
});

test('a recording with memories is repeated without the file, and simulated with what they were', async () => {
  const file = memoriesOf(known);
  const record = files.path('told.rec');
  await run('What is the distance to the sea?', '--memories', file, '--record', record);
  memoriesOf([]);
  expect((await runCli(['rerun', record])).out).toContain('the same, to the byte');
  const whatIf = await runCli(['whatif', record, '--scheduler', 'fifo']);
  expect(whatIf.out).toContain('answers: 0 % of 2 calls no longer match the recording');
});

const bad: readonly [entries: unknown, line: string][] = [
  [{}, 'memories.json: an object is not allowed; allowed: a list of skills, experiences and notes'],
  [['x'], 'memories.json: [0]: entry: "x" is not allowed'],
  [[known[0], { kind: 'rule' }], '[1]: kind: "rule" is not allowed; allowed: skill, experience, note'],
  [[{ ...known[0], name: ' ' }], '[0]: skill.name: " " is not allowed'],
  [[{ ...known[0], tags: 'x' }], '[0]: tags: "x" is not allowed; allowed: the fields name, when, text'],
  [[{ ...known[1], condition: 1 }], '[0]: condition: 1 is not allowed; allowed: a text that is not empty'],
  [
    [{ ...known[1], source: 'me' }],
    '[0]: source: "me" is not allowed; allowed: positive, negative, correction',
  ],
  [[{ ...known[1], confidence: 2 }], '[0]: confidence: 2 is not allowed; allowed: a number from 0 to 1'],
  [[{ ...known[1], evidence: [1] }], '[0]: evidence: a list is not allowed'],
  [[{ kind: 'note' }], '[0]: text: undefined is not allowed'],
];
test.each(bad)('refused: %j', async (entries, line) => {
  const { status, out, err } = await run('x', '--memories', memoriesOf(entries));
  expect({ status, out, lines: err.split('\n').length }).toEqual({ status: 2, out: '', lines: 1 });
  expect(err).toContain(line);
});

test('a file that is not there, or no JSON, is told', async () => {
  expect((await run('x', '--memories', files.path('none.json'))).err).toMatch(/none\.json: no such file/);
  const { status, err } = await run('x', '--memories', files.write('no.json', '['));
  expect({ status, err }).toEqual({
    status: 2,
    err: expect.stringContaining('no.json: is not JSON') as string,
  });
});
