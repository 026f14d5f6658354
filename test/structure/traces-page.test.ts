/** docs/traces.md tells the truth: its commands print what the page says, and it names every format, column and pattern. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { idNames, sizeNames, timeNames } from '../../src/sim/paging/readers/column-names.ts';
import { fileFormats } from '../../src/sim/paging/readers/detect-format.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';

const page = new DocsPage('docs/traces.md');

/** How long it took is no promise. */
function withoutTime(text: string): string {
  return text.replaceAll(/read in \d+\.\d\d s/g, 'read in 0.00 s');
}

test('its commands print what it says', () => {
  const [table = ''] = page.blocks('csv');
  const [session = ''] = page.blocks('jsonl');
  const commands = page.runCommands((folder) => {
    writeFileSync(join(folder, 'disk.csv'), table);
    writeFileSync(join(folder, 'session.jsonl'), session);
  }, withoutTime);
  expect(commands.length).toBeGreaterThan(0);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names every format, every name of a column, and every option of the generator', async () => {
  for (const format of fileFormats) expect(page.text).toContain(`| \`${format}\``);
  for (const name of [...idNames, ...timeNames, ...sizeNames]) expect(page.text).toContain(`\`${name}\``);
  const { out } = await runCli(['trace', 'generate', '--help']);
  for (const [, option = ''] of out.matchAll(/^ {2}(--[\w-]+)/gm))
    if (!['--json', '--help', '--requests'].includes(option)) expect(page.text, option).toContain(option);
});
