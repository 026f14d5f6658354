/** docs/ostep.md tells the truth: its commands print what the page says, and it names every program and every section. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ostepCommands } from '../../src/cli/commands/ostep.ts';
import { sectionNames } from '../../src/lessons/ostep/sections.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = readFileSync(join(projectRoot, 'docs/ostep.md'), 'utf8');

test('its commands print what it says', async () => {
  const blocks = [...page.matchAll(/```console\n([^]*?)```/g)].map(([, block = '']) => block);
  const commands = blocks.flatMap((block) => [...block.matchAll(/^\$ ringzero (.*)\n((?:(?!\$ ).*\n)*)/gm)]);
  expect(commands.length).toBeGreaterThan(6);
  for (const [, words = '', printed = ''] of commands)
    expect(await runCli(words.split(' ')), words).toEqual({
      status: 0,
      out: printed.replace(/\n$/, ''),
      err: '',
    });
});

test('it names every program and every section', () => {
  for (const { name } of ostepCommands.commands) expect(page).toContain(`\`ringzero ostep ${name}\``);
  for (const section of sectionNames) expect(page).toContain(`\`${section}\``);
});
