/** docs/retention.md tells the truth: its commands print what it shows, and its settings are settings. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readRedactConfig } from '../../src/cli/live/config-file.ts';
import { redactorOf } from '../../src/cli/live/redaction.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';

const page = new DocsPage('docs/retention.md');

/** Names, times, hashes and sizes are each run's own. */
const normal = (text: string): string =>
  text
    .replaceAll(/run-[0-9a-z]{10}/g, 'RUN')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/[\d,.]+ (bytes|kB|ms|s)\b/g, 'N $1');

test('its commands print what it shows', () => {
  const printed = page.runCommands(() => {}, normal);
  expect(printed).toHaveLength(6);
  for (const { words, printed: now, said } of printed) expect(`${words}\n${now}`).toBe(`${words}\n${said}`);
}, 60_000);

test('its rules are rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
  writeFileSync(join(folder, 'ringzero.json'), page.blocks('json')[0]!);
  expect(readRedactConfig(folder, undefined).rules).toHaveLength(3);
  const { redactor } = redactorOf({}, { folder, environment: { SOME_TOKEN: 'abcdef' } }, []);
  expect(redactor.text('4111 1111 1111 1111 of Project Bluebird, abcdef')).toBe(
    '[redacted:card] of [redacted:project], [redacted:SOME_TOKEN]',
  );
  rmSync(folder, { recursive: true });
});

test('each option that it names is one', async () => {
  const helps = await Promise.all(
    ['run', 'fork', 'audit', 'prune', 'export', 'import'].map((name) => runCli([name, '--help'])),
  );
  const help = helps.map(({ out }) => out).join('\n');
  for (const [, option] of page.text.matchAll(/`[^`\n]*?(--[a-z-]+)/g)) expect(help).toContain(option);
});
