/** docs/paging.md tells the truth: its commands print what the page says and draw its picture, and it names every policy. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { pagingPolicies } from '../../src/policies/index.ts';
import { projectRoot } from '../support/source.ts';

const page = readFileSync(join(projectRoot, 'docs/paging.md'), 'utf8');

/** How long it took is no promise. */
const withoutTime = (text: string): string => text.replaceAll(/read in \d+\.\d\d s/g, 'read in 0.00 s');

test('its first commands print what it says and draw its picture', () => {
  const home = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
  try {
    const [, block = ''] = /```console\n(\$ ringzero trace generate[^]*?)```/.exec(page)!;
    const commands = [...block.matchAll(/^\$ ringzero (.*)\n((?:(?!\$ ).*\n)*)/gm)];
    expect(commands).toHaveLength(2);
    for (const [, words = '', printed = ''] of commands) {
      const main = join(projectRoot, 'src/cli/main.ts');
      const { stdout, stderr } = spawnSync(process.execPath, [main, ...words.split(' ')], {
        cwd: home,
        encoding: 'utf8',
      });
      expect({ stdout: withoutTime(stdout), stderr }).toEqual({ stdout: withoutTime(printed), stderr: '' });
    }
    const drawn = readFileSync(join(home, 'paging.svg'), 'utf8');
    expect(drawn).toBe(readFileSync(join(projectRoot, 'docs/paging.svg'), 'utf8'));
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('it names every policy', () => {
  for (const name of Object.keys(pagingPolicies)) expect(page).toContain(`| \`${name}\``);
});
