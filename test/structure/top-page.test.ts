/** docs/top.md tells the truth: its command prints what it says, and it names every key of the help. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { helpLines } from '../../src/cli/top/top-keys.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/top.md');

test('its command prints what it says', () => {
  const name = 'scenario.json';
  const commands = page.runCommands((folder) =>
    copyFileSync(join(projectRoot, 'examples', name), join(folder, name)),
  );
  expect(commands.length).toBe(1);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names every key of the help', () => {
  const keys = helpLines.flatMap((line) => line.slice(0, 30).match(/[^\s,]+/g) ?? []);
  expect(keys.length).toBeGreaterThan(15);
  for (const key of keys) expect(page.text).toContain(key === 'Ctrl-C' ? 'leave' : key);
});
