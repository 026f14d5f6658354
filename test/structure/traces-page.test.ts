/** docs/traces.md tells the truth: its commands print what the page says, and it names every format, column and pattern. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { idNames, sizeNames, timeNames } from '../../src/sim/paging/readers/column-names.ts';
import { fileFormats } from '../../src/sim/paging/readers/detect-format.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = readFileSync(join(projectRoot, 'docs/traces.md'), 'utf8');

function blocks(language: string): string[] {
  return [...page.matchAll(/```(\w+)\n([^]*?)```/g)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

/** How long it took is no promise. */
function withoutTime(text: string): string {
  return text.replaceAll(/read in \d+\.\d\d s/g, 'read in 0.00 s');
}

test('its commands print what it says', () => {
  const home = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
  try {
    const [table = ''] = blocks('csv');
    writeFileSync(join(home, 'disk.csv'), table);
    for (const block of blocks('console'))
      for (const [, words = '', printed = ''] of block.matchAll(/^\$ ringzero (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
        const command = [join(projectRoot, 'src/cli/main.ts'), ...words.split(' ')];
        const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: home, encoding: 'utf8' });
        expect({ words, stdout: withoutTime(stdout), stderr }).toEqual({
          words,
          stdout: withoutTime(printed),
          stderr: '',
        });
      }
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('it names every format, every name of a column, and every option of the generator', async () => {
  for (const format of fileFormats) expect(page).toContain(`| \`${format}\``);
  for (const name of [...idNames, ...timeNames, ...sizeNames]) expect(page).toContain(`\`${name}\``);
  const { out } = await runCli(['trace', 'generate', '--help']);
  for (const [, option = ''] of out.matchAll(/^ {2}(--[\w-]+)/gm))
    if (!['--json', '--help', '--requests'].includes(option)) expect(page, option).toContain(option);
});
