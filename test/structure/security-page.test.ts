/** docs/security.md tells the truth: the tests that it names are there, each threat has one, and its commands have these flags. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/security.md');
const rows = page.text
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('each threat has tests, which are there', () => {
  expect(rows.length).toBeGreaterThan(12);
  for (const [, threat, , tests = ''] of rows)
    for (const name of tests.split('<br>')) {
      const [, path = '', title = ''] = /^`(test\/.+\.test\.ts)`: (.+)$/.exec(name) ?? [];
      expect(existsSync(join(projectRoot, path)) && path, `${threat}: ${name}`).toBeTruthy();
      expect(readFileSync(join(projectRoot, path), 'utf8'), threat).toContain(`test('${title}'`);
    }
});

test('its commands have the flags that it names', async () => {
  const helps = await Promise.all(['serve', 'token'].map((name) => runCli([name, '--help'])));
  const all = helps.map(({ out }) => out).join('\n');
  for (const flag of new Set(page.text.match(/--(tokens|file|scope|tenant|revoke)\b/g) ?? []))
    expect(all).toContain(flag);
});
