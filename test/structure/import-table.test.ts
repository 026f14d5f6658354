/**
 * Who may import whom. A room imports only rooms above it that its row names, and only the packages of its row.
 * The table is the architecture: change it in the design first, then here.
 */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';

import { expect, test } from 'vitest';

import { importsOf, projectRoot, sourceFiles } from '../support/source.ts';
import type { ImportUse } from '../support/source.ts';

interface Row {
  /** Rooms that may be imported freely. */
  readonly rooms: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types?: readonly string[];
  /** Files that may be imported all the same: the one class in which bad input is told. */
  readonly files?: readonly string[];
  /** npm packages. */
  readonly packages: readonly string[];
  /** Whether `node:` modules are allowed. */
  readonly node: boolean;
}

const pureRow = (rooms: readonly string[], packages: readonly string[] = []): Row => ({
  rooms,
  packages,
  node: false,
});

const anywhere = ['base', 'kernel', 'policies', 'agents', 'sim'];
const belowServer = [...anywhere, 'lessons', 'report', 'host', 'adapters'];

/** Top to bottom: no row names a room below itself. `index` is src/index.ts, what `import 'ringzero'` gives. */
const table: Readonly<Record<string, Row>> = {
  base: pureRow([], ['tinyqueue', 'nanoid']),
  kernel: pureRow(['base'], ['zod']),
  // Policies see the kernel's contracts and its default costs, never its code: a policy that could call the kernel could grade itself.
  policies: {
    ...pureRow(['base']),
    types: ['kernel'],
    files: ['kernel/contracts.ts', 'kernel/engine-options.ts', 'kernel/errors.ts'],
  },
  agents: pureRow(['base', 'kernel'], ['expr-eval-fork', 'lru-cache']),
  sim: pureRow(['base', 'kernel', 'policies', 'agents']),
  lessons: pureRow(anywhere),
  report: { ...pureRow(['base']), types: ['kernel'] },
  host: pureRow(['base', 'kernel', 'agents']),
  client: pureRow(['base']),
  adapters: {
    rooms: ['base', 'kernel'],
    types: ['host', 'agents'],
    packages: [
      'hyparquet',
      '@resvg/resvg-js',
      '@ai-sdk/provider',
      '@ai-sdk/openai-compatible',
      '@modelcontextprotocol/client',
      '@modelcontextprotocol/server',
      '@opentelemetry/api',
      '@opentelemetry/exporter-metrics-otlp-proto',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace-base',
      'gpt-tokenizer',
      'minisearch',
      'pg',
      'pg-boss',
    ],
    node: true,
  },
  server: {
    rooms: belowServer,
    packages: ['hono', '@hono/node-server', '@hono/zod-openapi', 'lru-cache', 'ws'],
    node: true,
  },
  cli: {
    rooms: [...belowServer, 'server', 'client'],
    packages: ['chalk', 'cli-table3', 'commander', 'nanoid'],
    node: true,
  },
  web: { rooms: [...anywhere, 'lessons', 'report', 'client'], packages: [], node: false },
  index: pureRow([...anywhere, 'report', 'host']),
};

/** What is wrong with the imports of one file, one line each. */
function violations(file: string, text: string): string[] {
  const room = roomOf(file);
  const row = table[room];
  if (row === undefined) return [`${file}: no room "${room}" in the import table`];
  return importsOf(file, text).flatMap((use) => {
    const problem = problemOf(file, room, row, use);
    return problem === undefined ? [] : [`${file}:${use.line}: ${problem}`];
  });
}

function problemOf(file: string, room: string, row: Row, use: ImportUse): string | undefined {
  const { specifier, typeOnly } = use;
  if (specifier === undefined) return row.node ? undefined : 'a computed import cannot be checked';
  if (!specifier.startsWith('.')) return packageProblem(room, row, specifier);
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (!target.startsWith('src/')) return `${room} may not leave src/ (${specifier})`;
  const to = roomOf(target);
  if (to === room || row.rooms.includes(to)) return undefined;
  if ((row.files ?? []).some((path) => target === `src/${path}`)) return undefined;
  if (!(row.types ?? []).includes(to)) return `${room} may not import ${to}`;
  return typeOnly ? undefined : `${room} may import only types of ${to}`;
}

function packageProblem(room: string, row: Row, specifier: string): string | undefined {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return row.node ? undefined : `${room} may not import ${specifier}`;
  }
  const name = packageName(specifier);
  return row.packages.includes(name) ? undefined : `${room} may not import the package ${name}`;
}

/** `@scope/name/sub` → `@scope/name`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `src/kernel/x.ts` is of room `kernel`; `src/index.ts` of room `index`. */
function roomOf(file: string): string {
  const [, first = ''] = file.split('/');
  return first.replace(/\.ts$/, '');
}

const files = sourceFiles('src');

test('every import in src is in the table', () => {
  const found = files.flatMap((file) => violations(file, readFileSync(join(projectRoot, file), 'utf8')));
  expect(files.length).toBeGreaterThan(0);
  expect(found).toEqual([]);
});

test('no row of the table names a room below itself', () => {
  const order = Object.keys(table);
  for (const [room, { rooms, types = [] }] of Object.entries(table)) {
    for (const named of [...rooms, ...types]) {
      expect(order.indexOf(named), `${room} names ${named}`).toBeGreaterThanOrEqual(0);
      expect(order.indexOf(named), `${room} names ${named}`).toBeLessThan(order.indexOf(room));
    }
  }
});

test('every package that src imports is a dependency, so that a user gets it', () => {
  const manifest = readFileSync(join(projectRoot, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const imported = files
    .flatMap((file) => importsOf(file, readFileSync(join(projectRoot, file), 'utf8')))
    .flatMap(({ specifier }) =>
      specifier === undefined || /^(\.|node:)/.test(specifier) ? [] : [specifier],
    );
  const missing = new Set(imported.map(packageName).filter((name) => !(name in dependencies)));
  expect([...missing]).toEqual([]);
});

const planted: readonly [file: string, code: string, expected: string][] = [
  ['src/base/x.ts', `import { y } from '../kernel/y.ts';`, 'base may not import kernel'],
  ['src/base/x.ts', `import type { Y } from '../kernel/y.ts';`, 'base may not import kernel'],
  ['src/base/x.ts', `type Y = import('../kernel/y.ts').Y;`, 'base may not import kernel'],
  ['src/kernel/x.ts', `export * from '../sim/y.ts';`, 'kernel may not import sim'],
  ['src/kernel/x.ts', `export { y } from '../agents/y.ts';`, 'kernel may not import agents'],
  ['src/kernel/deep/x.ts', `import '../../sim/y.ts';`, 'kernel may not import sim'],
  [
    'src/kernel/x.ts',
    `import { readFile } from 'node:fs/promises';`,
    'kernel may not import node:fs/promises',
  ],
  ['src/kernel/x.ts', `import fs from 'fs';`, 'kernel may not import fs'],
  ['src/sim/x.ts', `const zlib = await import('node:zlib');`, 'sim may not import node:zlib'],
  ['src/sim/x.ts', 'const zlib = await import(`node:zlib`);', 'sim may not import node:zlib'],
  ['src/sim/x.ts', `const name = 'node:' + 'fs'; await import(name);`, 'a computed import cannot be checked'],
  ['src/sim/x.ts', `import { z } from 'zod';`, 'sim may not import the package zod'],
  ['src/sim/x.ts', `import { z } from '@scope/pkg/sub';`, 'sim may not import the package @scope/pkg'],
  [
    'src/policies/x.ts',
    `import { step } from '../kernel/step.ts';`,
    'policies may import only types of kernel',
  ],
  ['src/policies/x.ts', `import '../kernel/step.ts';`, 'policies may import only types of kernel'],
  ['src/sim/x.ts', `import data from '../../package.json' with { type: 'json' };`, 'sim may not leave src/'],
  ['src/cli/x.ts', `import { page } from '../web/page.ts';`, 'cli may not import web'],
  ['src/tools/x.ts', '', 'no room "tools" in the import table'],
];

for (const [file, code, expected] of planted) {
  test(`planted in ${dirname(file)}: ${code || 'a new room'}`, () => {
    expect(violations(file, code).join('\n')).toContain(expected);
  });
}

test('what the table allows is not reported', () => {
  const allowed: [file: string, code: string][] = [
    [
      'src/kernel/x.ts',
      `import { z } from 'zod';\nimport { a } from '../base/a.ts';\nimport { b } from './b.ts';`,
    ],
    [
      'src/policies/lru.ts',
      `import type { A } from '../kernel/a.ts';\nimport { type B } from '../kernel/b.ts';`,
    ],
    [
      'src/agents/x.ts',
      `import { Parser } from 'expr-eval-fork';\n// import 'node:fs'\nconst s = "import 'node:fs'";`,
    ],
    [
      'src/cli/x.ts',
      `import chalk from 'chalk';\nimport { join } from 'node:path';\nawait import('../sim/a.ts');`,
    ],
  ];
  for (const [file, code] of allowed) expect(violations(file, code)).toEqual([]);
});
