/** docs/sched.md tells the truth: its commands print what the page says, and it names every field and option. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readJobs } from '../../src/sim/jobs/read-jobs.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';

const page = new DocsPage('docs/sched.md');

test('its commands print what it says', () => {
  const [jobs = ''] = page.blocks('csv');
  const commands = page.runCommands((folder) => writeFileSync(join(folder, 'jobs.csv'), jobs));
  expect(commands.length).toBeGreaterThan(0);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
});

test('it names every field of a job and every option', async () => {
  let allowed = '';
  try {
    readJobs('x', 'unknown\n1');
  } catch (error) {
    allowed = (error as Error).message;
  }
  const fields = /allowed: ([^;]*), each once/.exec(allowed)![1]!.split(', ');
  expect(fields.length).toBeGreaterThan(5);
  for (const field of fields) expect(page.text).toContain(`| \`${field}\``);
  const { out } = await runCli(['sched', '--help']);
  for (const [, option = ''] of out.matchAll(/^ {2}(--[\w-]+)/gm))
    if (!['--help', '--seed'].includes(option)) expect(page.text, option).toContain(option);
});
