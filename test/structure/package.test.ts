/** The package as its users get it: packed, installed in an empty folder, run by plain Node. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { isSoak } from '../support/seeds.ts';
import { projectRoot } from '../support/source.ts';

/** `ringzero WORDS` must end with status 0, say nothing on standard error and print this. */
const commands: readonly [words: string, prints: RegExp][] = [
  ['--version', /^\d+\.\d+\.\d+\n$/],
  ['--help', /^Usage: ringzero /],
  [
    'demo',
    /preemption: [^]*eviction: [^]*fault: [^]*budget wait: [^]*checkpoint restored: [^]*audit trail verified[^]*final status/,
  ],
];

/** JavaScript of a user's own file; it must print the text exactly. */
const programs: readonly [title: string, code: string, prints: string][] = [
  [
    'an error of the kernel',
    `import { KernelError } from 'ringzero';
     const error = new KernelError('UNKNOWN_TOOL', 'no tool "x"');
     console.log(error instanceof Error, error.code);`,
    'true UNKNOWN_TOOL\n',
  ],
  [
    'the kernel in 15 lines',
    `import { importanceLru, priority, Simulation } from 'ringzero';
     const agent = {
       name: 'agent',
       version: 1,
       *body(sys) {
         yield { kind: 'allocate', tokens: 500, text: 'You add numbers.', importance: 1, pinned: true };
         const answer = yield { kind: 'think', maxOutput: 100, script: { tokensOut: 60, text: '42' } };
         yield { kind: 'sleep', us: 1_000_000 };
         return answer.value.text + ' at ' + sys.now + ' µs';
       },
     };
     const simulation = new Simulation({ kernel: { scheduling: priority, paging: importanceLru, programs: [agent] } });
     simulation.spawn(0, { program: 'agent', name: 'adder', run: 'run-1', arguments: null });
     simulation.run();
     console.log(simulation.store.processes('run-1')[0].end.value);`,
    '42 at 2062500 µs\n',
  ],
];

/** TypeScript of a user's own file; it must compile with the types of the package alone. */
const typed = `
  import { KernelError, type KernelErrorCode } from 'ringzero';
  export const code: KernelErrorCode = new KernelError('UNKNOWN_TOOL', 'no tool').code;
`;

const temporary = mkdtempSync(join(tmpdir(), 'ringzero-package-'));
const home = join(temporary, 'home');
/** Names in node_modules/.bin and `#!/usr/bin/env node` then find the Node that runs this test. */
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  NO_COLOR: '1',
};

beforeAll(() => {
  run('npm', ['pack', '--pack-destination', temporary], projectRoot);
  const [tarball = ''] = readdirSync(temporary).filter((name) => name.endsWith('.tgz'));
  if (isSoak) install(tarball);
  else unpack(tarball);
  writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(() => rmSync(temporary, { recursive: true }));

function install(tarball: string): void {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  run('npm', ['install', ...quiet, '--prefix', home, join(temporary, tarball)], temporary);
}

/** As an installation leaves it, with the project's own copies of what the package says that it depends on, and of nothing else: npm would ask its registry, and take seconds. */
function unpack(tarball: string): void {
  const modules = join(home, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  run('tar', ['-xzf', join(temporary, tarball), '-C', temporary], temporary);
  renameSync(join(temporary, 'package'), join(modules, 'ringzero'));
  const { dependencies, bin } = JSON.parse(readFileSync(join(modules, 'ringzero/package.json'), 'utf8')) as {
    readonly dependencies: Record<string, string>;
    readonly bin: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(projectRoot, 'node_modules', name), join(modules, name));
  }
  for (const [name, file] of Object.entries(bin)) {
    const program = join(modules, 'ringzero', file);
    chmodSync(program, 0o755);
    symlinkSync(program, join(modules, '.bin', name));
  }
}

for (const [words, prints] of commands) {
  test(`ringzero ${words}`, () => {
    const { stdout, stderr } = run(join(home, 'node_modules/.bin/ringzero'), words.split(' '), home);
    expect(stderr).toBe('');
    expect(stdout).toMatch(prints);
  });
}

for (const [title, code, prints] of programs) {
  test(`a program that uses ${title}`, () => {
    writeFileSync(join(home, 'program.js'), code);
    expect(run(process.execPath, ['program.js'], home).stdout).toBe(prints);
  });
}

/** An example as somebody has it who has installed the package. */
function installed(example: string): string {
  const text = readFileSync(join(projectRoot, 'examples', example), 'utf8');
  const own = text
    .replaceAll(`'../src/index.ts'`, `'ringzero'`)
    .replaceAll(/'\.\.\/src\/(\w+)\/index\.ts'/g, `'ringzero/$1'`);
  expect(own).not.toContain('../src');
  writeFileSync(join(home, example), own);
  return example;
}

test('a live agent runs with nothing but the package', () => {
  const { stdout } = run(process.execPath, [installed('live-agent.ts')], home);
  expect(stdout).toBe(readFileSync(join(projectRoot, 'examples/live-agent.txt'), 'utf8'));
});

test('its types compile, alone and in the examples of agents', () => {
  writeFileSync(join(home, 'typed.ts'), typed);
  const compiler = join(projectRoot, 'node_modules/.bin/tsc');
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--types', ''];
  expect(run(compiler, [...strict, 'typed.ts'], home).stdout).toBe('');
  const files = ['agent.ts', 'live-agent.ts', 'memory-and-traces.ts'].map(installed);
  // The console and timers; the types of the AI SDK need others that it does not bring.
  const around = ['--lib', 'esnext,dom', '--skipLibCheck'];
  expect(run(compiler, [...strict, ...around, ...files], home).stdout).toBe('');
});

test('it holds what is needed and nothing of the tests', () => {
  const packed = readdirSync(join(home, 'node_modules/ringzero')).sort();
  expect(packed).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
});

test('exports lists every room that has an index, and nothing else', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { exports: object };
  const rooms = readdirSync(join(projectRoot, 'src')).filter((room) =>
    existsSync(join(projectRoot, 'src', room, 'index.ts')),
  );
  const expected = [
    ['.', { types: './dist/index.d.ts', default: './dist/index.js' }],
    ...rooms.map((room) => [
      `./${room}`,
      { types: `./dist/${room}/index.d.ts`, default: `./dist/${room}/index.js` },
    ]),
  ];
  expect(manifest.exports).toEqual(Object.fromEntries(expected));
});

/** Throws what the program printed unless it ends with status 0. */
function run(program: string, words: readonly string[], cwd: string): { stdout: string; stderr: string } {
  const { status, stdout, stderr, error } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: status ${status}\n${stdout}${stderr}`);
  return { stdout, stderr };
}
