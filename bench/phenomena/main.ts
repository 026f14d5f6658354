/** `npm run results [-- NAME…]`: the pages of docs/results on phenomena, or those of these names, with their charts and inputs; all of them with their list. */
import { mkdirSync, writeFileSync } from 'node:fs';

import { filesOf, indexOf } from './page.ts';
import { pages } from './pages.ts';

const folder = new URL('../../docs/results/', import.meta.url);
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(pages, name));
if (unknown === undefined) {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: string): void => {
    writeFileSync(new URL(file, folder), content);
    console.log(`docs/results/${file}`);
  };
  const made = Object.entries(pages)
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([, make]) => make());
  for (const page of made) for (const [file, content] of filesOf(page)) write(file, content);
  if (names.length === 0) write('README.md', indexOf(made));
} else {
  console.error(`page: ${JSON.stringify(unknown)} is not allowed; allowed: ${Object.keys(pages).join(', ')}`);
  process.exitCode = 2;
}
