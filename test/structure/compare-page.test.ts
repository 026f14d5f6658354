/** docs/compare.md tells the truth: its command prints what the page says, and it names every option. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { clairvoyantPolicies } from '../../src/policies/index.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';

const page = new DocsPage('docs/compare.md');

test('its commands print what it says', () => {
  const [scenario = ''] = page.blocks('json');
  const commands = page.runCommands((folder) => writeFileSync(join(folder, 'morning.json'), scenario));
  expect(commands.length).toBeGreaterThan(0);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names every option and every clairvoyant policy', async () => {
  const { out } = await runCli(['compare', '--help']);
  const options = [...out.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option = '']) => option);
  expect(options.length).toBeGreaterThan(20);
  for (const option of options) if (option !== '--help') expect(page.text, option).toContain(option);
  const [clairvoyant = ''] = /\*\*Clairvoyant\*\*.*/.exec(page.text)!;
  for (const name of clairvoyantPolicies) expect(clairvoyant).toContain(`\`${name}\``);
});
