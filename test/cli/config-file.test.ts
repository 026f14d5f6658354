/** ringzero.json: what it may say, and how it is told when it says something else. */
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readConfig } from '../../src/cli/live/config-file.ts';
import { serverOfCommand } from '../../src/cli/live/mcp-servers.ts';
import { runCli, scratch } from '../support/run-cli.ts';

const files = scratch();

test('paths begin where the file is; servers may be commands, URLs or objects that hand variables on', () => {
  const path = files.write(
    'all.json',
    JSON.stringify({
      model: { url: 'http://localhost:1/v1', name: 'm' },
      root: 'work',
      prices: 'p.json',
      mcp: [
        'npx -y @modelcontextprotocol/server-everything stdio',
        'https://example.org/mcp',
        { name: 'mine', command: 'serve', args: ['-v'], env: ['TOKEN'] },
      ],
      hosts: ['example.org'],
      shell: false,
      approve: 'never',
      budget: { tokens: 1_000, usd: 0.5 },
    }),
  );
  const found = readConfig('/elsewhere', path, { TOKEN: 't' })!;
  const folder = join(path, '..');
  expect(found.config).toMatchObject({
    root: join(folder, 'work'),
    prices: join(folder, 'p.json'),
    mcp: [
      {
        name: 'server-everything',
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-everything', 'stdio'],
      },
      { name: 'example.org', url: 'https://example.org/mcp' },
      { name: 'mine', command: 'serve', args: ['-v'], env: { TOKEN: 't' } },
    ],
  });
});

test('a command is split as a shell splits it', () => {
  expect(serverOfCommand('--mcp', `node "my server.js" --at='a b'`)).toEqual({
    name: 'my_server',
    command: 'node',
    args: ['my server.js', '--at=a b'],
  });
});

const bad: readonly [text: string, line: RegExp][] = [
  ['{', /^error: .*bad\.json: is not JSON \(/],
  ['[]', /bad\.json: a list is not allowed; allowed: an object of model, models, routes, agent, system, /],
  ['{"modle": {}}', /bad\.json: modle: an object is not allowed; allowed: the fields model, /],
  [
    '{"model": {"temperature": 1}}',
    /bad\.json: model\.temperature: 1 is not allowed; allowed: the fields url, name/,
  ],
  ['{"shell": "yes"}', /bad\.json: shell: "yes" is not allowed; allowed: true or false/],
  ['{"approve": "all"}', /bad\.json: approve: "all" is not allowed; allowed: ask, never, always/],
  ['{"budget": {"tokens": -1}}', /bad\.json: budget\.tokens: -1 is not allowed/],
  ['{"tools": "time"}', /bad\.json: tools: "time" is not allowed; allowed: a list/],
  [
    '{"mcp": [{"name": "a"}]}',
    /bad\.json: mcp\[0\]: an object is not allowed; allowed: either a command or a url/,
  ],
  [
    '{"mcp": [{"name": "a", "command": "b", "env": ["NOT_SET"]}]}',
    /mcp\[0\]\.env\[0\]: "NOT_SET" is not allowed; allowed: variables/,
  ],
  ...['key', 'apiKey', 'api_key', 'token', 'secret'].map((field): [string, RegExp] => [
    JSON.stringify({ model: { [field]: 'sk-very-secret' } }),
    /bad\.json: model\.\w+: a key does not belong in a file; allowed: the variable RINGZERO_MODEL_KEY of the environment$/,
  ]),
];
test.each(bad)('%s is refused in one line with file and field', async (text, line) => {
  const file = files.write('bad.json', text);
  const { status, err } = await runCli(['run', 'x', '--model', 'scripted', '--config', file]);
  expect({ status, lines: err.split('\n').length }).toEqual({ status: 2, lines: 1 });
  expect(err).toMatch(line);
  expect(err).not.toContain('sk-very');
});
