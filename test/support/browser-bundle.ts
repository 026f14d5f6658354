/** The pure rooms as a browser gets them: bundled, and run in a context that has the language and nothing of Node. */
import { createContext, runInContext } from 'node:vm';

import { build } from 'esbuild';

import { portableMath } from './portable-math.ts';
import { projectRoot } from './source.ts';

/**
 * Bundles a module written as text (its imports are relative to the project's root, such as './src/kernel/index.ts')
 * for a browser. Nothing stays outside. Rejects when something cannot be resolved there, such as `node:fs`.
 */
export async function bundleForBrowser(entry: string): Promise<string> {
  const { outputFiles, warnings } = await build({
    stdin: { contents: entry, resolveDir: projectRoot, sourcefile: 'entry.ts', loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'bundle',
    logLevel: 'silent',
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  return outputFiles[0]!.text;
}

/**
 * Runs a bundle and returns its exports. The context has no `process`, no timers, no `URL`; code from text is refused; and
 * whatever of Math differs between engines throws, in the packages that are bundled, too.
 */
export function runBare(bundle: string): Record<string, unknown> {
  const context = createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  runInContext(poison, context);
  return runInContext(`'use strict';\n${bundle};\nbundle;`, context) as Record<string, unknown>;
}

const poison = `{
  const portable = new Set(${JSON.stringify([...portableMath])});
  for (const name of Object.getOwnPropertyNames(Math)) {
    if (portable.has(name)) continue;
    Math[name] = () => { throw new Error('Math.' + name + ' is not portable'); };
  }
}`;
