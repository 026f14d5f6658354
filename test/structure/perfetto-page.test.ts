/** docs/perfetto.md tells the truth: its commands print what it says, and it names every column, arrow and command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { intervalCsvHeader } from '../../src/report/interval-csv.ts';
import { readTrace } from '../support/chrome-trace.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = readFileSync(join(projectRoot, 'docs/perfetto.md'), 'utf8');

test('its commands print what it says', () => {
  const home = mkdtempSync(join(tmpdir(), 'ringzero-'));
  try {
    const main = join(projectRoot, 'src/cli/main.ts');
    const command = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
    writeFileSync(join(home, 'ringzero'), command, { mode: 0o755 });
    const env = { ...process.env, PATH: [home, process.env['PATH']].join(delimiter) };
    const [, block = ''] = /```console\n([^]*?)```/.exec(page)!;
    const commands = [...block.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)];
    expect(commands).toHaveLength(2);
    for (const [, line = '', printed] of commands) {
      const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: home, env, encoding: 'utf8' });
      expect({ stdout: stdout.replaceAll('\r', ''), stderr }).toEqual({ stdout: printed, stderr: '' });
    }
    const trace = readTrace(gunzipSync(readFileSync(join(home, 'demo.json.gz'))).toString());
    expect(trace.slices.length).toBeGreaterThan(50);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('it names every column, and the commands that have the options', async () => {
  for (const column of intervalCsvHeader.trimEnd().split(',')) expect(page).toContain(`\`${column}\``);
  for (const command of ['replay', 'simulate', 'rerun', 'demo', 'sched']) {
    expect(page).toContain(`\`${command}\``);
    const { out } = await runCli([command, '--help']);
    expect(out).toContain('--perfetto <file>');
    expect(out).toContain('--csv <file>');
  }
});
