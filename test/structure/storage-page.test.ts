/** docs/storage.md tells the truth: it shows what its example prints, and names the codes and levels that there are. What it says of storages that are refused is tested with them (refused-storages.test.ts). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { SyncLevel } from '../../src/adapters/storage/sqlite-database.ts';
import type { KernelErrorCode } from '../../src/kernel/errors.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/storage.md');

test('it shows what the example prints', () => {
  expect(page.blocks('text')).toEqual([readFileSync(join(projectRoot, 'examples/crash.txt'), 'utf8')]);
});

test('it names levels, codes and commands', () => {
  const levels: readonly SyncLevel[] = ['normal', 'full'];
  const codes: readonly KernelErrorCode[] = [
    'TOOL_INTERRUPTED',
    'LEASE_LOST',
    'STORAGE_UNAVAILABLE',
    'STORAGE_FAILED',
  ];
  for (const word of [...levels, ...codes]) expect(page.text).toContain(`\`${word}\``);
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(Object.keys(scripts)).toContain('crash');
});
