/** The table "Bad input" of docs/run.md, row by row, end to end: the command, the AI SDK's provider, a model server over HTTP, real tools and a real MCP server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import {
  chunk,
  fragment,
  HostileServer,
  refuses,
  says,
  sends,
  usageChunk,
  type Behaviour,
} from '../support/hostile-server.ts';
import { runCli, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

let server: HostileServer;
beforeEach(async () => {
  server = await HostileServer.start();
});
afterEach(() => server.close());

const files = scratch();
const root = files.path('.');
const mcp = `"${process.execPath}" "${join(projectRoot, 'test/support/hostile-mcp-server.ts')}"`;

/** The model calls the tool, is told what came of it, and answers. */
const calls = (tool: string, args: string): readonly Behaviour[] => [
  sends(
    chunk(fragment({ index: 0, id: 'c1', name: tool, arguments: args })),
    chunk({}, { finish: 'tool_calls' }),
    usageChunk,
  ),
  says('I go on.'),
];

interface Case {
  /** Of the model server; none: nothing listens. */
  readonly server: readonly Behaviour[] | 'none';
  readonly words?: readonly string[];
  readonly hasKey?: boolean;
  /** What the person is told. */
  readonly told?: string | RegExp;
  /** What the model is told of its call. */
  readonly result?: string;
}

const cases: Readonly<Record<string, Case>> = {
  'a missing key': {
    server: [refuses(401, 'who are you?')],
    hasKey: false,
    told: 'no key is set: RINGZERO_MODEL_KEY',
  },
  'an endpoint that cannot be reached': {
    server: 'none',
    told: /http:\S+ cannot be reached \(connect ECONNREFUSED .*\n.*MODEL_FAILED\n.*ringzero doctor/s,
  },
  'a model that the endpoint does not have': {
    server: [refuses(404, 'no such model')],
    told: /answered 404: .*is there a model "gpt-4\.1-mini"\?/,
  },
  'no endpoint at all': {
    server: [],
    words: ['--config', files.write('empty.json', '{}')],
    told: 'error: model: no endpoint is set; allowed: RINGZERO_MODEL_URL=',
  },
  'a tool whose schema is none': {
    server: calls('fails', '{}'),
    words: ['--mcp', mcp, '--approve', 'always'],
    told: 'not offered: hostile-mcp-server: tool nonsense: parameters.type: "strin" is not allowed; allowed: "string"',
    result: 'TOOL_FAILED: it did not work',
  },
  'an MCP command that does not exist': {
    server: [],
    words: ['--mcp', 'no-such-command --fast'],
    told: 'error: mcp: "no-such-command --fast" could not be reached (there is no such command); allowed: a command or URL',
  },
  'arguments that the schema does not allow': {
    server: calls('calculator', '{"expression":5}'),
    result: 'TOOL_ARGUMENTS: arguments.expression: 5 is not allowed; allowed: text of 1 to 1000 characters',
  },
  'arguments that are no JSON': {
    server: calls('calculator', '{"expression":'),
    result: 'TOOL_ARGUMENTS: the call was not made, its arguments are no JSON object',
  },
  'a path outside the root': {
    server: calls('read_file', '{"path":"../secret.txt"}'),
    words: ['--root', root],
    result:
      'TOOL_FAILED: read_file: path: "../secret.txt" is not allowed; allowed: a path inside the root of the file tools',
  },
  'a tool that does not exist': {
    server: calls('telepathy', '{}'),
    result: 'UNKNOWN_TOOL: there is no tool "telepathy"; the tools are calculator, time',
  },
};

interface Row {
  readonly title: string;
  readonly code: string;
  readonly status: number;
}

/** As the page has them: what, code, exit status, what then. */
const rows: readonly Row[] = readFileSync(join(projectRoot, 'docs/run.md'), 'utf8')
  .split('## Bad input\n')[1]!
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (bad input|-)/.test(line))
  .map((line) => {
    const [, title = '', code = '', status = ''] = line.split('|').map((cell) => cell.trim());
    return { title, code: code.replaceAll('`', ''), status: Number(status) };
  });

test('each row of the page has its case, and each case its row', () => {
  expect(rows.map(({ title }) => title)).toEqual(Object.keys(cases));
});

test.each(rows)('$title: $code, exit status $status', async ({ title, code, status }) => {
  const { server: behaviours, words = [], hasKey = true, told, result } = cases[title]!;
  const { url } = server;
  if (behaviours === 'none') await server.close();
  else server.behave(...behaviours);
  const environment = {
    RINGZERO_MODEL_URL: url,
    RINGZERO_MODEL: 'gpt-4.1-mini',
    ...(hasKey ? { RINGZERO_MODEL_KEY: 'sk-secret-secret' } : {}),
  };
  const given = { environment: title === 'no endpoint at all' ? {} : environment, folder: root };
  const run = await runCli(['run', 'Do it.', '--retries', '0', ...words], given);
  expect(run.status).toBe(status);
  if (told !== undefined) expect(run.err).toMatch(told);
  expect(run.err).not.toContain('sk-secret');
  // Before anything ran there is one line.
  if (status === 2) expect(run.err.split('\n')).toHaveLength(1);
  if (status === 1) expect(run.err).toContain(`failed: ${code}`);
  if (result === undefined) return;
  expect(run.out).toContain('I go on.');
  const { messages } = server.exchanges[1]!.body as { messages: { role: string; content: string }[] };
  expect(messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining(result) as string });
  expect(result).toContain(code);
});
