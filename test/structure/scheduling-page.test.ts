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
