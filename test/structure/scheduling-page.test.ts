/** docs/scheduling.md and docs/scenario.md name every scheduling policy. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { schedulingPolicies } from '../../src/policies/index.ts';
import { projectRoot } from '../support/source.ts';

const page = (name: string): string => readFileSync(join(projectRoot, 'docs', name), 'utf8');

test('the page has a row for each policy, in the order of the table', () => {
  const rows = [...page('scheduling.md').matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(schedulingPolicies));
});

test('the scenario page lists them', () => {
  const [, listed = ''] = /^\| `scheduler` +\| ([^|]+)\|/m.exec(page('scenario.md'))!;
  for (const name of Object.keys(schedulingPolicies)) expect(listed).toContain(`\`${name}\``);
});

test('the pages on which readers look for them name the flags for several engines', () => {
  const flags = ['--engines', '--queues', '--steal', '--affinity', '--switch-cost'];
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
  for (const text of [readme, page('scheduling.md'), page('scenario.md'), page('compare.md')])
    for (const flag of flags) expect(text).toContain(`\`${flag}`);
});
