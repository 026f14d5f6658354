/** docs/whatif.md tells the truth: its commands print what it says, and it names every setting. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/whatif.md');

test('its commands print what it says', () => {
  const commands = page.runCommands((folder) => {
    const scenario = join(projectRoot, 'examples/scenario.json');
    const words = [
      join(projectRoot, 'src/cli/main.ts'),
      'simulate',
      scenario,
      '--record',
      'day.rec',
      '--json',
    ];
    expect(spawnSync(process.execPath, words, { cwd: folder }).status).toBe(0);
  });
  expect(commands).toHaveLength(2);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names every setting', async () => {
  const { out } = await runCli(['whatif', '--help']);
  const options = [...out.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option = '']) => option);
  expect(options.length).toBeGreaterThan(7);
  for (const option of options)
    if (!['--seed', '--help'].includes(option)) expect(page.text, option).toContain(option);
});
