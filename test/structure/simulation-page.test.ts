/** docs/simulation-testing.md tells the truth: its promises, flags and files are those that there are. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { scenariosFolder } from '../simulation/scenario-file.ts';
import { smallScenario } from '../simulation/small-scenario.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/simulation-testing.md');
const folder = join(projectRoot, 'test/simulation');

const simulate = (...flags: readonly string[]) =>
  spawnSync(process.execPath, [join(folder, 'main.ts'), ...flags], { encoding: 'utf8' });

test('it names every promise', () => {
  const promises = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      const calls = [...text.matchAll(/promised\(([^]*?)\(\) =>/g)].map(([, given = '']) => given);
      return calls.flatMap((given) =>
        [...given.matchAll(/'([a-z][a-zA-Z ]+ [a-z ]+)',/g)].map(([, words]) => words!),
      );
    });
  expect(new Set(promises).size).toBeGreaterThan(20);
  const rows = page.text.split('\n').filter((line) => line.startsWith('|'));
  const missing = promises.filter((promise) => !rows.some((row) => row.includes(promise)));
  expect(missing).toEqual([]);
});

test('it shows what a kept scenario has shown', () => {
  const shown = readdirSync(scenariosFolder).map(
    (file) => JSON.parse(readFileSync(join(scenariosFolder, file), 'utf8')) as { readonly showed: string },
  );
  const [block = ''] = page.blocks('text');
  expect(shown.filter(({ showed }) => block.includes(showed.split(': ').slice(2).join(': ')))).toHaveLength(
    1,
  );
  for (const [, file = ''] of page.text.matchAll(/--scenario "([^"]+)"/g))
    expect(readdirSync(scenariosFolder)).toContain(file.split('/').at(-1));
});

test('its flags are those of the command, which says what came of the worlds', () => {
  const rows = [...page.text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
  const known = [
    ...readFileSync(join(folder, 'main.ts'), 'utf8').matchAll(/^ {4}'?([a-z-]+)'?: \{ type/gm),
  ].map(([, flag]) => (flag === 'shrink' ? '--no-shrink' : `--${flag}`));
  expect(new Set(rows)).toEqual(new Set(known));
  const { status, stdout } = simulate('--seeds', '5');
  expect(stdout).toMatch(/^5 worlds, 0 broken, \d+\.\d s, \d+ a second\n$/);
  expect(status).toBe(0);
});

test('a broken promise is one line and exit status 1', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'ringzero-simulation-'));
  const file = join(temporary, 'two-workers.json');
  const [run] = smallScenario.runs;
  const worker = run!.workers[0]!;
  const scenario = { ...smallScenario, runs: [{ ...run!, workers: [worker, worker] }] };
  writeFileSync(file, JSON.stringify({ showed: '', scenario }));
  const { status, stdout } = simulate('--scenario', file, '--no-shrink');
  rmSync(temporary, { recursive: true });
  expect(stdout).toContain(
    `${file}: error: run-#: several workers need leases: run-1: several workers need leases\n1 worlds, 1 broken`,
  );
  expect(status).toBe(1);
});
