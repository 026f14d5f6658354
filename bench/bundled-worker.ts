/** Programs that a benchmark measures, each in a process of its own. */
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';

/** Bundled into `folder`, as an installed package is compiled. Returns its path. */
export function compiled(entry: URL, folder: string): string {
  const path = fileURLToPath(entry);
  const outfile = join(folder, `${basename(path, '.ts')}.mjs`);
  buildSync({
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    // The driver of PostgreSQL is no ES module.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** What it prints, as JSON: one process after another, so that none disturbs another. `options`: of Node. */
export function resultOf(
  file: string,
  words: readonly (string | number)[],
  options: readonly string[] = [],
): unknown {
  const all = [...options, file, ...words.map(String)];
  return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8' }));
}
