/** docs/agents.md tells the truth: its table has every option with its default, and its examples print what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import * as adapters from '../../src/adapters/index.ts';
import { agentDefaults } from '../../src/agents/loop/agent-task.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/agents.md');

test('it names every option with its default', () => {
  const rows = [...page.text.matchAll(/^\| `(\w+)` +\| `([^`]*)` +\|/gm)];
  const told = Object.fromEntries(rows.map(([, option, value]) => [option, JSON.parse(value!) as unknown]));
  expect(told).toEqual(agentDefaults);
});

test('its examples print what it says, and stand in the page', () => {
  const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
  expect(page.blocks('text')).toEqual([read('examples/agent.txt'), read('examples/live-agent.txt')]);
  const [agent = '', live = ''] = page.blocks('ts');
  const [task] = /const task = [^]*?;\n/.exec(agent)!;
  expect(read('examples/agent.ts')).toContain(task);
  expect(read('examples/live-agent.ts')).toContain(live);
});

test('what it names of the adapters is there', () => {
  const [, live = ''] = page.text.split('## Live');
  const exported = Object.keys(adapters);
  const named = [...live.split('```')[0]!.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => exported.includes(name)).length).toBeGreaterThan(9);
});
