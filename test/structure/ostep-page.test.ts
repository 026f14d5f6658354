/** docs/ostep.md tells the truth: its commands print what the page says, and it names every program and every section. */
import { expect, test } from 'vitest';

import { ostepCommands } from '../../src/cli/commands/ostep.ts';
import { sectionNames } from '../../src/lessons/ostep/sections.ts';
import { DocsPage } from '../support/docs-page.ts';

const page = new DocsPage('docs/ostep.md');

test('its commands print what it says', () => {
  const commands = page.runCommands(() => {});
  expect(commands.length).toBeGreaterThan(6);
  for (const { words, printed, said } of commands) expect(printed, words).toBe(said);
});

test('it names every program and every section', () => {
  for (const { name } of ostepCommands.commands) expect(page.text).toContain(`\`ringzero ostep ${name}\``);
  for (const section of sectionNames) expect(page.text).toContain(`\`${section}\``);
});
