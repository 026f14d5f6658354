/** The README tells the truth: its output blocks are what the commands print, its program runs, its links lead somewhere, its parts stand in order. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { runCli, sharedTrace } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');

function block(language: string, start: string): string {
  const blocks = [...readme.matchAll(/```(\w+)\n([^]*?)```/g)].map(([, name = '', text = '']) => ({
    name,
    text,
  }));
  const found = blocks.find(({ name, text }) => name === language && text.startsWith(start));
  expect(found, `a ${language} block that starts with ${start}`).toBeDefined();
  return found!.text;
}

test('its parts stand in order', () => {
  const titles = [...readme.matchAll(/^##? (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    'Ring Zero',
    'Two commands',
    'A picture',
    'What one can do with it',
    'How it compares',
    'The map of `src/`',
  ]);
});

test('the first command prints what the block under it says', () => {
  const [command, ...output] = block('console', '$ npm ci && npx tsx examples/kernel.ts').split('\n');
  expect(command).toBe('$ npm ci && npx tsx examples/kernel.ts');
  const env = { ...process.env, NO_COLOR: '1' };
  const { stdout, status } = spawnSync(process.execPath, ['examples/kernel.ts'], {
    cwd: projectRoot,
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(output.join('\n')).toBe(stdout);
});

test('the second command is the script that runs these tests', () => {
  expect(block('console', '$ npm ci && npm test')).toContain('0 failed');
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts['test']).toBe('vitest run');
});

test('the program in it prints what its comment says', () => {
  const text = block('ts', 'import {');
  const [, expected] = /console\.log\(.*\); \/\/ (.*)/.exec(text)!;
  const home = mkdtempSync(join(tmpdir(), 'ringzero-'));
  try {
    // The sources stand for the package.
    writeFileSync(
      join(home, 'program.ts'),
      text.replace(`'ringzero'`, `'${join(projectRoot, 'src/index.ts')}'`),
    );
    const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', join(home, 'program.ts')], {
      cwd: home,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(expected);
  } finally {
    rmSync(home, { recursive: true });
  }
});

const trace = sharedTrace('tau-bench-airline-gpt-4o.json.gz');
const skipped = trace.isThere ? '' : ' (skipped: ../shared/traces is not there)';

test(`the replay in it prints what the block says${skipped}`, { skip: !trace.isThere }, () => {
  const name = 'gpt-4o-airline.json';
  const [command, ...lines] = block('console', '$ npx tsx src/cli/main.ts replay').trimEnd().split('\n');
  expect(command).toBe(`$ npx tsx src/cli/main.ts replay ${name} | head -${lines.length}`);
  // The same file under the name that it has where it comes from.
  const home = mkdtempSync(join(tmpdir(), 'ringzero-'));
  try {
    writeFileSync(join(home, name), gunzipSync(readFileSync(trace.path)));
    const main = join(projectRoot, 'src/cli/main.ts');
    const { stdout } = spawnSync(process.execPath, [main, 'replay', name], { cwd: home, encoding: 'utf8' });
    expect(stdout.split('\n').slice(0, lines.length)).toEqual(lines);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('the data set of each format has its address', async () => {
  const { err } = await runCli(['replay', join(projectRoot, 'LICENSE')]);
  for (const format of ['tau-bench', 'SWE-agent', 'weka', 'mooncake', 'azure']) {
    expect(err).toContain(format);
    expect(readme).toMatch(new RegExp(`^\\| ${format} .*\\(https://github\\.com/[\\w-]+/[\\w-]+\\)`, 'm'));
  }
});

test('its links lead to files', () => {
  const targets = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
  expect(targets.length).toBeGreaterThan(5);
  expect(
    targets.filter((target) => !/^https?:/.test(target) && !existsSync(join(projectRoot, target))),
  ).toEqual([]);
});
