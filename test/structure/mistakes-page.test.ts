/** docs/decisions/mistakes.md tells the truth: the tests that it names are there, and it has a row for each mistake of the design's section 9. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const rows = new DocsPage('docs/decisions/mistakes.md').text
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the tests that it names are there', () => {
  const named = rows.flatMap(([, , tests = '']) => tests.split('<br>'));
  expect(named.length).toBeGreaterThan(rows.length);
  for (const name of named) {
    const [, path = '', title = ''] =
      /^`(test\/.+\.test\.ts|test\/kernel\/storage-contract\.ts)`: (.+)$/.exec(name) ?? [];
    expect(existsSync(join(projectRoot, path)) && path, name).toBeTruthy();
    const code = readFileSync(join(projectRoot, path), 'utf8');
    expect(titlesIn(code), name).toContain(title);
  }
});

/** Of tests, and of tables of them; what such a title takes from the table, at its end or in it, is left out. */
function titlesIn(code: string): string[] {
  return [...code.matchAll(/(?:test\(|\]\)\(|\)\()\s*(['`])([^]*?[^\\])\1,/g)].map(([, , title]) =>
    title!.replace(/ \(\$\{\w+\}\)$/, ''),
  );
}

const design = join(projectRoot, '../shared/DESIGN.md');
const isHere = existsSync(design);

test.skipIf(!isHere)(
  `it has a row for each mistake${isHere ? '' : ' (skipped: ../shared is absent)'}`,
  () => {
    const [, section = ''] = /^## 9\.[^\n]*\n([^]*?)^## /m.exec(readFileSync(design, 'utf8')) ?? [];
    const mistakes = section.split(';').map((mistake) => mistake.trim());
    expect(rows.map(([, mistake]) => mistake)).toHaveLength(mistakes.length);
    for (const row of rows) expect(row[3], row[1]).not.toBe('');
  },
);
