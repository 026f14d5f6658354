/** docs/sweep.md tells the truth: its commands print what it says, its file is the example, and it names every field of a sweep and every option of its own. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseSweep } from '../../src/sim/sweep/sweep-file.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/sweep.md');
const inputs = ['examples/sweep.json', 'examples/scenario.json', 'docs/results/beladys-anomaly.ids'];

test('its commands print what it says, and a line of the results is as it shows', () => {
  let results: readonly object[] = [];
  const commands = page.runCommands(
    (folder) => {
      for (const folderName of ['examples', 'docs/results'])
        mkdirSync(join(folder, folderName), { recursive: true });
      for (const path of inputs) cpSync(join(projectRoot, path), join(folder, path));
    },
    (text) => text,
    (folder) => {
      const lines = readFileSync(join(folder, 'results.jsonl'), 'utf8').trimEnd().split('\n');
      results = lines.map((line) => JSON.parse(line) as object);
    },
  );
  expect(commands).toHaveLength(1);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
  // The key changes with the version.
  const withoutKey = (one: object): object => ({ ...one, key: '' });
  const [line = ''] = page.blocks('text');
  expect(results.map(withoutKey)).toContainEqual(withoutKey(JSON.parse(line) as object));
});

test('its file is the example', () => {
  const [block = ''] = page.blocks('json');
  expect(JSON.parse(block)).toEqual(
    JSON.parse(readFileSync(join(projectRoot, 'examples/sweep.json'), 'utf8')),
  );
});

test('it names every field of a sweep', () => {
  for (const grid of [{ kind: 'page' }, { kind: 'compare' }, { kind: 'sessions' }, undefined]) {
    const document = grid === undefined ? { nothing: 1 } : { grids: [{ ...grid, nothing: 1 }] };
    let problem = '';
    try {
      parseSweep('x', JSON.stringify(document));
    } catch (error) {
      problem = (error as Error).message;
    }
    const [, fields = ''] = /nothing: unknown field: .* allowed: (.*)$/.exec(problem) ?? [];
    expect(fields).not.toBe('');
    for (const field of fields.split(', ')) expect(page.text, field).toContain(`\`${field}\``);
  }
});

test('it names every option that is theirs alone', async () => {
  for (const [command, most] of [
    ['sweep', 8],
    ['worker', 7],
  ] as const) {
    const { out } = await runCli([command, '--help']);
    const options = [...out.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option = '']) => option);
    expect(options.length).toBe(most);
    for (const option of options) if (option !== '--help') expect(page.text, option).toContain(option);
  }
});
