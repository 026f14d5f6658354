/** docs/agents.md tells the truth: its table has every option with its default, and its example prints what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { agentDefaults } from '../../src/agents/loop/agent-task.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/agents.md');

test('it names every option with its default', () => {
  const rows = [...page.text.matchAll(/^\| `(\w+)` +\| `([^`]*)` +\|/gm)];
  const told = Object.fromEntries(rows.map(([, option, value]) => [option, JSON.parse(value!) as unknown]));
  expect(told).toEqual(agentDefaults);
});

test('its example prints what it says, and stands in the page', () => {
  const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
  expect(page.blocks('text')).toEqual([read('examples/agent.txt')]);
  const [task] = /const task = [^]*?;\n/.exec(page.blocks('ts')[0]!)!;
  expect(read('examples/agent.ts')).toContain(task);
});
