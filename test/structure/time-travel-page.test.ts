/** docs/time-travel.md tells the truth: its commands print what it says, and it names all that can be typed. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { runCli } from '../support/run-cli.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const page = new DocsPage('docs/time-travel.md');
const scenario = join(projectRoot, 'examples/priority-inversion.json');

/** Times and names of runs are no promise. */
const normal = (text: string): string =>
  text.replaceAll(/ in [\d.]+ (ms|s|µs):/g, ' in some time:').replaceAll(/\brun-[0-9a-z]{10}\b/g, 'run-some');

test('its commands print what it says', () => {
  const commands = page.runCommands((folder) => {
    for (const name of ['scenario.json', 'priority-inversion.json'])
      copyFileSync(join(projectRoot, 'examples', name), join(folder, name));
  }, normal);
  expect(commands.length).toBeGreaterThan(3);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names what the help of the stepper names', async () => {
  const person = new TerminalPerson([/q leave: /, 'h'], [/q leave: /, 'q']);
  const io = person.io();
  await runCli(['step', scenario], { ...io, isTerminal: true });
  const commands = [...io.screen().matchAll(/(?:^| {4,})(Enter|[a-zA-Z](?= )|[/?]word)/gm)].map(
    ([, word]) => word!,
  );
  expect(commands.length).toBeGreaterThan(10);
  for (const command of new Set(commands))
    expect(page.text).toContain(command === 'Enter' ? command : `\`${command}`);
});
