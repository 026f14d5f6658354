/** `ringzero run` with the scripted model: what is seen, asked, told and counted. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { runCli, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'ringzero-run-'));
  folders.push(made);
  return made;
};
afterAll(() => folders.forEach((made) => rmSync(made, { recursive: true, force: true })));

const scripted = ['--model', 'scripted'];
const write = (name: string): string => `write_file ${JSON.stringify({ path: name, text: name })}`;

test('the words go to standard output, everything else to standard error', async () => {
  const { status, out, err } = await runCli(['run', 'What is 6*7?', ...scripted]);
  expect(status).toBe(0);
  expect(out).toMatch(/^I call calculator\.\nThe tools gave:\n- calculator: 42\nI am a script/);
  expect(err.split('\n')).toEqual([
    '· calculator {"expression":"6*7"}',
    '  → calculator: 42',
    expect.stringMatching(
      /^completed in .*: 2 model calls, 1 tool call; 60 tokens in \(32 cached\), 52 out; \$0\.0000$/,
    ),
  ]);
});

test('--json prints one document, with what was used and how to repeat it', async () => {
  const { status, out, err } = await runCli(['run', 'What is 6*7?', ...scripted, '--json']);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({
    command: 'run',
    outcome: 'completed',
    reason: 'answered',
    isWhole: true,
    modelCalls: 2,
    toolCalls: 1,
    tokensIn: 60,
    microDollars: 0,
    repeat: "ringzero run 'What is 6*7?' --model scripted --seed 1",
  });
});

test('the line that repeats a run has each of its repeated options', async () => {
  const hosts = ['--allow-host', 'a.org', '--allow-host', 'b.org'];
  const { out } = await runCli(['run', 'Hi', ...scripted, ...hosts, '--json']);
  expect(JSON.parse(out)).toMatchObject({
    repeat: 'ringzero run Hi --model scripted --allow-host a.org --allow-host b.org --seed 1',
  });
});

// ---- For scripts ----------------------------------------------------------------------------------------------------------

type Line = Record<string, unknown>;
const linesOf = (out: string): Line[] =>
  out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
const typesOf = (lines: readonly Line[]): unknown[] => lines.map(({ type }) => type);

test('--ndjson prints the trace, an event a line, then the result and nothing else', async () => {
  const { out, err, status } = await runCli(['run', 'What is 6*7?', ...scripted, '--ndjson']);
  expect({ err, status }).toEqual({ err: '', status: 0 });
  const lines = linesOf(out);
  expect(lines).toHaveLength(out.split('\n').length);
  const run = lines[0]!['run'];
  expect(new Set(lines.map((line) => line['run']))).toEqual(new Set([run]));
  const turn = ['step_started', 'text_delta', 'llm_call_completed'];
  expect(typesOf(lines).filter((type, at, all) => type !== 'text_delta' || all[at - 1] !== type)).toEqual([
    'trace_started',
    ...turn,
    'step_started',
    'tool_executing',
    'tool_result',
    ...turn,
    'step_started',
    'conclusion',
    'trace_completed',
    'result',
  ]);
  expect(lines.filter(({ type }) => type === 'step_started')).toMatchObject([
    { step: 1, stepType: 'llm_call', parents: [], pid: 1, name: 'agent' },
    { step: 2, stepType: 'tool_call', parents: [1] },
    { step: 3, stepType: 'llm_call', parents: [2] },
    { step: 4, stepType: 'conclusion', parents: [3] },
  ]);
  const said = lines.filter(({ type, step }) => type === 'text_delta' && step === 3);
  const { answer, ...result } = lines.at(-1)!;
  expect(said.map(({ text }) => text as string).join('')).toBe(answer);
  expect(result).toMatchObject({ type: 'result', outcome: 'completed', toolCalls: 1 });
  expect(lines.at(-2)).toMatchObject({ usage: { tokensIn: 60, tokensOut: 52, calls: 2 } });
});

test('--ndjson of a team tells of each member by its pid and name, in one trace', async () => {
  const team = files.write(
    'ndjson-team.json',
    JSON.stringify({ topology: 'parallel', members: [{ name: 'ann' }, { name: 'bob' }] }),
  );
  const { out } = await runCli(['run', 'What is 6*7?', ...scripted, '--ndjson', '--team', team]);
  const lines = linesOf(out);
  const starts = lines.filter(({ type }) => type === 'step_started');
  expect(new Set(starts.map(({ pid, name }) => `${String(pid)} ${String(name)}`))).toEqual(
    new Set(['1 team', '2 ann', '3 bob']),
  );
  const pidOf = new Map(starts.map(({ step, pid }) => [step, pid]));
  for (const { step, pid } of lines) if (step !== undefined) expect(pid).toBe(pidOf.get(step));
  expect(typesOf(lines).slice(-2)).toEqual(['trace_completed', 'result']);
});

test('--ndjson ends with a terminal event and the result, whatever becomes of the run', async () => {
  const failed = await runCli(['run', 'What is 6*7?', ...scripted, '--ndjson', '--budget-tokens', '90']);
  expect(failed.status).toBe(1);
  expect(typesOf(linesOf(failed.out)).slice(-2)).toEqual(['trace_failed', 'result']);
  for (const [keys, outcome] of [
    ['Ctrl-C', 'cancelled'],
    ['Ctrl-C Ctrl-C', 'killed'],
  ] as const) {
    const person = new TerminalPerson([/\? 1/, keys]);
    const io = person.io();
    const words = ['run', write('a.txt'), ...scripted, '--ndjson', '--root', folder()];
    expect((await runCli(words, io)).status).toBe(130);
    const lines = linesOf(io.screen());
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'awaiting_user_action', purpose: 'approve', tool: 'write_file' }),
    );
    expect(lines.slice(-2)).toMatchObject([{ type: 'trace_cancelled' }, { type: 'result', outcome }]);
  }
});

// ---- A person's yes -------------------------------------------------------------------------------------------------------

test('without a terminal a call that writes is denied, and says why; one that reads is made', async () => {
  const root = folder();
  const task = `${write('a.txt')} list_files {}`;
  const { status, out, err } = await runCli(['run', task, ...scripted, '--root', root]);
  expect(status).toBe(0);
  expect(err).toMatch(
    /^standard input is no terminal: calls of write_file that need a yes are denied \(--approve\)\n/,
  );
  expect(err).toContain(
    '✗ write_file {"path":"a.txt","text":"a.txt"} is denied: nobody to ask: standard input is no terminal',
  );
  expect(out).toContain('write_file failed: TOOL_DENIED');
  expect(out).toContain('list_files: {');
  expect(existsSync(join(root, 'a.txt'))).toBe(false);
  // Where nothing can write, nothing is said; a document is a document.
  expect((await runCli(['run', 'time {}', ...scripted])).err).not.toContain('is no terminal');
  expect((await runCli(['run', task, ...scripted, '--root', root, '--json'])).err).toBe('');
});

test.each([
  ['never', false, /is denied: nobody is asked \(--approve never\)/],
  ['always', true, /→ write_file: \{"written":5\}/],
] as const)('--approve %s asks nobody', async (mode, isWritten, line) => {
  const root = folder();
  const person = new TerminalPerson([/\? 1/, 'y']);
  const io = person.io();
  await runCli(['run', write('a.txt'), ...scripted, '--root', root, '--approve', mode], io);
  expect(io.screen()).toMatch(line);
  expect(io.screen()).not.toContain('? 1');
  expect(existsSync(join(root, 'a.txt'))).toBe(isWritten);
});

test('questions are answered by their numbers, in any order: denied with a reason, edited, asked again when the answer is none', async () => {
  const root = folder();
  const person = new TerminalPerson(
    [/\? 2 .*b\.txt/s, 'perhaps'],
    [/"perhaps" is no answer/, '#7 y'],
    [/there is no open question 7; allowed: #1, #2/, '#2 n not this one'],
    [/\? 1/, 'e {"path": 1}'],
    [/arguments\.text: missing.*still open/, 'e {"path": "c.txt", "text": "edited"}'],
  );
  const io = person.io();
  const { status } = await runCli(
    [
      'run',
      `${write('a.txt')} ${write('b.txt')} calculator {"expression":"1+1"}`,
      ...scripted,
      '--root',
      root,
    ],
    io,
  );
  expect(status).toBe(0);
  expect(io.screen()).toContain('a person denied write_file: not this one');
  // The safe sibling did not wait.
  expect(io.screen().indexOf('→ calculator: 2')).toBeLessThan(io.screen().indexOf('is no answer'));
  expect(['a.txt', 'b.txt'].map((name) => existsSync(join(root, name)))).toEqual([false, false]);
  expect(readFileSync(join(root, 'c.txt'), 'utf8')).toBe('edited');
});

test('what is asked stands there as it is: nothing hidden, and no space less', async () => {
  const io = new TerminalPerson([/\? 1/, 'n no']).io();
  const task = 'write_file {"path":"x\u202egnp.sh","text":"a  b\u009b2J"}';
  await runCli(['run', task, ...scripted, '--root', folder()], { ...io, isTerminal: true });
  expect(io.screen()).toContain('? 1  write_file {"path":"x\\u202egnp.sh","text":"a  b\\u009b2J"}');
  // oxlint-disable-next-line no-control-regex
  expect(io.screen()).not.toMatch(/[\u009b\u202e]/);
});

test('when the input ends, what is open is denied and the agent goes on', async () => {
  const io = new TerminalPerson([/\? 1/, undefined]).io();
  const { status } = await runCli(['run', write('a.txt'), ...scripted, '--root', folder()], io);
  expect(status).toBe(0);
  expect(io.screen()).toContain('nobody to ask any more: the input has ended');
});

test('a tool that says itself that it needs a yes is asked about, whatever it is called', async () => {
  const io = new TerminalPerson([/\? 1  shell \{"command":"echo hi"\}/, 'y']).io();
  await runCli(['run', 'shell {"command":"echo hi"}', ...scripted, '--shell'], { ...io, folder: folder() });
  expect(io.screen()).toMatch(/→ shell: \{"status":0,"stdout":"hi/);
});

test('what is typed while it runs is a message that the agent takes up at its next turn', async () => {
  const io = new TerminalPerson(
    [/\? 1/, '> calculator {"expression":"20+1"}'],
    [/told to the agent/, 'y'],
  ).io();
  const { status } = await runCli(['run', write('a.txt'), ...scripted, '--root', folder()], io);
  expect(status).toBe(0);
  expect(io.screen()).toMatch(/→ write_file.*I call calculator.*→ calculator: 21/s);
});

test('the model asks whoever sits there: several questions at once, each answered by its number, beside calls that go on', async () => {
  const person = new TerminalPerson(
    [/\? 2 {2}Which size\? \(small, large\)/, '#2 large'],
    [/\? 1 {2}Which colour\?[^]*type the answer/, 'dark blue'],
  );
  const io = person.io();
  const ask = (question: object): string => `ask_person ${JSON.stringify(question)}`;
  const task = `${ask({ question: 'Which colour?' })} ${ask({ question: 'Which size?', options: ['small', 'large'] })} calculator {"expression":"1+1"}`;
  const record = files.path('asked.rec');
  const { status } = await runCli(['run', task, ...scripted, '--record', record], io);
  expect(status).toBe(0);
  expect(io.screen()).toContain('- ask_person: dark blue\n- ask_person: large\n- calculator: 2');
  expect(io.screen().indexOf('→ calculator: 2')).toBeLessThan(io.screen().lastIndexOf('? 1'));
  expect((await runCli(['rerun', record])).out).toContain('the same, to the byte');
  expect((await runCli(['whatif', record, '--scheduler', 'fifo'])).out).toContain('answers: 0 % of 2 calls');
});

test('of several agents each question says whose it is', async () => {
  const team = files.write(
    'asking.json',
    JSON.stringify({ topology: 'parallel', members: [{ name: 'ann' }, { name: 'bob' }] }),
  );
  const io = new TerminalPerson(
    [/\? 2 {2}bob \| Which\?/, '#2 mine'],
    [/\? 1 {2}ann \| Which\?/, 'yours'],
  ).io();
  const task = 'ask_person {"question":"Which?"}';
  const { status } = await runCli(['run', task, ...scripted, '--team', team], io);
  expect(status).toBe(0);
  expect(io.screen()).toMatch(
    /ann:\nThe tools gave:\n- ask_person: yours[^]*bob:\nThe tools gave:\n- ask_person: mine/,
  );
});

test('a question that nobody answers any more is a failed call, and the agent goes on', async () => {
  const io = new TerminalPerson([/\? 1/, undefined]).io();
  const { status } = await runCli(['run', 'ask_person {"question":"Which?"}', ...scripted], io);
  expect(status).toBe(0);
  expect(io.screen()).toMatch(/ask_person failed: TOOL_DENIED: .*nobody to ask any more/);
});

test('where nobody can be asked, the model is not offered to ask', async () => {
  const task = 'ask_person {"question":"Which?"}';
  const { out } = await runCli(['run', task, ...scripted]);
  expect(out).toContain('ask_person failed: UNKNOWN_TOOL');
  const io = new TerminalPerson([/\? 1/, 'y']).io();
  await runCli(['run', task, ...scripted, '--approve', 'never'], io);
  expect(io.screen()).toContain('ask_person failed: UNKNOWN_TOOL');
});

test('Ctrl-C stops it, and tells what was used and how to do it again', async () => {
  const io = new TerminalPerson([/\? 1/, 'Ctrl-C']).io();
  const { status } = await runCli(['run', write('a.txt'), ...scripted, '--root', folder()], io);
  expect(status).toBe(130);
  expect(io.screen()).toMatch(/stopping: .*question 1 is withdrawn.*cancelled in .*: 1 model call/s);
  expect(io.screen()).toContain("to do it again: ringzero run 'write_file");
});

// ---- Budgets and limits ---------------------------------------------------------------------------------------------------

test('a budget is never exceeded: the run fails and says what to do', async () => {
  const { status, out, err } = await runCli(['run', 'What is 6*7?', ...scripted, '--budget-tokens', '90']);
  expect(status).toBe(1);
  expect(err).toContain('failed: BUDGET_EXCEEDED: ');
  expect(err).toContain('more with --budget-tokens');
  expect(err).not.toContain('overrun');
  expect(out).not.toContain('42');
  const json = await runCli(['run', 'What is 6*7?', ...scripted, '--budget-tokens', '90', '--json']);
  const { tokensIn, tokensOut, outcome } = JSON.parse(json.out) as Record<string, number>;
  expect(outcome).toBe('failed');
  expect(tokensIn! + tokensOut!).toBeLessThanOrEqual(90);
});

test('a run out of turns has failed, and so it says', async () => {
  const { status, err } = await runCli(['run', 'What is 6*7?', ...scripted, '--iterations', '1']);
  expect(status).toBe(1);
  expect(err).toContain('failed: ITERATION_LIMIT');
  expect(err).toContain('more turns with --iterations');
});

test('a model that asks for a tool that does not exist is told so and goes on', async () => {
  const { status, out, err } = await runCli(['run', 'teleport {"to":"Oslo"}', ...scripted]);
  expect(status).toBe(0);
  expect(err).toContain('! there is no tool teleport: the model is told so');
  expect(out).toContain('UNKNOWN_TOOL');
});

test('a path outside the root is refused to the model, which goes on', async () => {
  const task = 'read_file {"path":"../../../../etc/passwd"}';
  const { status, out } = await runCli(['run', task, ...scripted, '--root', folder()]);
  expect(status).toBe(0);
  expect(out).toContain('allowed: a path inside the root of the file tools');
});

test('a recording is repeated byte for byte, without a model, tools or a person', async () => {
  const record = files.path('live.rec');
  const io = new TerminalPerson(
    [/\? 1/, '> and calculator {"expression":"3^3"}'],
    [/told to the agent/, 'n no'],
  ).io();
  const task = `${write('a.txt')} list_files {}`;
  await runCli(['run', task, ...scripted, '--root', folder(), '--record', record], io);
  expect(io.screen()).toContain(`recorded: ringzero rerun ${record}`);
  const { status, out } = await runCli(['rerun', record]);
  expect({ status, out }).toEqual({
    status: 0,
    out: expect.stringContaining('the same, to the byte') as string,
  });
});

test('tools of an MCP server are offered with its other tools; what it does not declare needs a yes', async () => {
  const require = createRequire(import.meta.url);
  const server = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
  const mcp = ['--mcp', `"${process.execPath}" "${server}" stdio`];
  const task = 'get-sum {"a":2,"b":3} echo {"message":"hi"} echo {"message":7}';
  const { status, out, err } = await runCli(['run', task, ...scripted, ...mcp, '--approve', 'always']);
  expect({ status, err: err.includes('not offered') }).toEqual({ status: 0, err: false });
  expect(out).toContain('get-sum: The sum of 2 and 3 is 5.');
  expect(out).toContain('echo: Echo: hi');
  expect(out).toMatch(/echo failed: TOOL_ARGUMENTS: .*message/);
  const unknown = await runCli(['run', task, ...scripted, ...mcp, '--tools', 'nothing']);
  expect(unknown).toMatchObject({
    status: 2,
    out: '',
    err: expect.stringMatching(/"nothing".*get-sum/) as string,
  });
});

test('tools of one name of two servers are told apart, whatever the servers are called; a bad schema costs one tool', async () => {
  const parts = {
    command: process.execPath,
    args: [join(projectRoot, 'test/support/hostile-mcp-server.ts')],
  };
  const mcp = [
    { name: 'one', ...parts },
    { name: 'my server:8080', ...parts },
  ];
  const config = files.write('two-servers.json', JSON.stringify({ mcp }));
  const task = 'fails {} my_server_8080.fails {}';
  const { status, out, err } = await runCli([
    'run',
    task,
    ...scripted,
    '--config',
    config,
    '--approve',
    'always',
  ]);
  expect(status).toBe(0);
  expect(out).toMatch(
    /- fails failed: TOOL_FAILED: it did not work\n- my_server_8080\.fails failed: TOOL_FAILED: /,
  );
  expect(err).toContain('not offered: one: tool nonsense: parameters.type: "strin" is not allowed');
});

// ---- Teams ----------------------------------------------------------------------------------------------------------------

test('a team works on the task, each line with its name, and its answers stand at the end', async () => {
  const team = files.write(
    'team.json',
    JSON.stringify({
      topology: 'parallel',
      members: [{ name: 'ann' }, { name: 'bob', arguments: { toolCalls: 0 } }],
    }),
  );
  const { status, out, err } = await runCli(['run', 'What is 6*7?', ...scripted, '--team', team]);
  expect(status).toBe(0);
  expect(err).toContain('· ann starts\n· bob starts');
  expect(out).toContain('ann | - calculator: 42');
  expect(out).toMatch(/\nann:\nThe tools gave:\n- calculator: 42\n.*\n\nbob:\nI have called no tool\./s);
});

// ---- Bad input ------------------------------------------------------------------------------------------------------------

const team = (value: unknown): string => {
  const name = `team-${folders.length}-${JSON.stringify(value).length}.json`;
  writeFileSync(files.path(name), JSON.stringify(value));
  return files.path(name);
};
const bad: readonly [words: readonly string[], line: RegExp][] = [
  [['', ...scripted], /^error: task: "" is not allowed/],
  [['x'], /^error: model: no endpoint is set; allowed: RINGZERO_MODEL_URL=.* or --model scripted/],
  [['x', '--model-url', 'http://localhost:1/v1'], /^error: model: none is named; allowed: --model NAME/],
  [['x', '--model-url', 'ftp://x', '--model', 'm'], /^error: model url: "ftp:\/\/x" is not allowed/],
  [['x', ...scripted, '--tools', 'calculator,magic'], /--tools: "magic" is not allowed; allowed: calculator/],
  [
    ['x', ...scripted, '--tools', 'read_file'],
    /--tools: "read_file" is not allowed; allowed: read_file with --root/,
  ],
  [
    ['x', ...scripted, '--tools', 'ask_person'],
    /--tools: "ask_person" is not allowed; allowed: ask_person with a terminal/,
  ],
  [
    ['x', ...scripted, '--root', '/no/such'],
    /root: "\/no\/such" is not allowed; allowed: a folder that exists/,
  ],
  [['x', ...scripted, '--mcp', 'no-such-command'], /mcp: "no-such-command" could not be reached/],
  [['x', ...scripted, '--mcp', 'say "hi'], /--mcp: .* in which quotes are closed/],
  [['x', ...scripted, '--allow-host', 'http://x'], /allowed hosts: "http:\/\/x" is not allowed/],
  [
    ['x', ...scripted, '--approve', 'maybe'],
    /--approve: "maybe" is not allowed; allowed: ask, never, always/,
  ],
  [['x', ...scripted, '--budget-tokens', '0'], /--budget-tokens: "0" is not allowed/],
  [['x', ...scripted, '--budget-usd', '-1'], /--budget-usd: "-1" is not allowed/],
  [
    ['x', '--model-url', 'http://localhost:1/v1', '--model', 'mine', '--budget-usd', '1'],
    /--budget-usd: .* none is known of model "mine"/,
  ],
  [['x', ...scripted, '--config', '/no/such'], /\/no\/such: no such file/],
  [
    ['x', ...scripted, '--json', '--ndjson'],
    /--ndjson: true is not allowed; allowed: not together with --json/,
  ],
  [
    ['x', ...scripted, '--team', team({ topology: 'ring', members: [] })],
    /team-.*topology: "ring" is not allowed/,
  ],
  [['x', ...scripted, '--team', team({ topology: 'parallel', people: [] })], /people: a list is not allowed/],
  [
    [
      'x',
      ...scripted,
      '--team',
      team({ topology: 'parallel', members: [{ name: 'a', arguments: { wit: 1 } }] }),
    ],
    /member a: arguments\.wit: 1 is not allowed/,
  ],
];
test.each(bad.filter(([words]) => !words.includes('--prices')))(
  'run %j is refused in one line, before anything runs',
  async (words, line) => {
    const { status, out, err } = await runCli(['run', ...words]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  },
);
