/** The pure rooms run in a browser: they bundle without anything left outside, and load without anything of Node. */
import { expect, test } from 'vitest';

import { bundleForBrowser, runBare } from '../support/browser-bundle.ts';
import { pureRooms, sourceFiles } from '../support/source.ts';

const pureFiles = sourceFiles('src').filter((file) =>
  pureRooms.some((room) => file.startsWith(`src/${room}/`)),
);

test('every file of the pure rooms bundles for a browser and loads without Node', async () => {
  const entry = pureFiles.map((file, index) => `export * as file${index} from './${file}';`).join('\n');
  const exports = runBare(await bundleForBrowser(entry));
  expect(pureFiles.length).toBeGreaterThan(0);
  expect(Object.keys(exports)).toHaveLength(pureFiles.length);
});

test('a planted import of Node does not bundle', async () => {
  await expect(bundleForBrowser(`import 'node:fs';`)).rejects.toThrow('node:fs');
  await expect(bundleForBrowser(`export const fs = import('node:fs');`)).rejects.toThrow('node:fs');
});

/** What a module does while it loads → the error that shows it. */
const planted: readonly [code: string, error: string][] = [
  ['export const x = process.pid;', 'process is not defined'],
  ['export const x = new URL("https://example.org");', 'URL is not defined'],
  ['export const x = setTimeout(() => {}, 0);', 'setTimeout is not defined'],
  ['export const x = Buffer.alloc(1);', 'Buffer is not defined'],
  ['export const x = new Function("return 1");', 'Code generation from strings disallowed'],
  ['export const x = Math.random();', 'Math.random is not portable'],
  ['export const x = Math.log(2);', 'Math.log is not portable'],
];

for (const [code, error] of planted) {
  test(`planted: ${code}`, async () => {
    const bundle = await bundleForBrowser(code);
    expect(() => runBare(bundle)).toThrow(error);
  });
}

test('the languages own parts work there, and the packages of the pure rooms load', async () => {
  const { answer } = runBare(
    await bundleForBrowser(`
      import { fromJSONSchema } from 'zod';
      import { Parser } from 'expr-eval-fork';
      const schema = fromJSONSchema({ type: 'object', properties: { text: { type: 'string' } }, required: ['text'] });
      const given = schema.safeParse({ text: '6 * 7' }, { jitless: true });
      export const answer = given.success ? Parser.evaluate(given.data.text) : given.error.message;
    `),
  );
  expect(answer).toBe(42);
});
