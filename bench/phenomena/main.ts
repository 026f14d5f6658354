/**
 * `npm run results [-- NAME…]`: the pages of docs/results on phenomena, or those of these names, with their charts and inputs; all of them with their list. A page on a
 * recording that is not there stays as it is, and so does the list.
 */
import { mkdirSync, writeFileSync } from 'node:fs';

import { filesOf, indexOf, type ResultPage } from './page.ts';
import { longPages, quickPages } from './pages.ts';

const pages = { ...quickPages, ...longPages };
const folder = new URL('../../docs/results/', import.meta.url);
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(pages, name));
if (unknown === undefined) {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: string): void => {
    writeFileSync(new URL(file, folder), content);
    console.log(`docs/results/${file}`);
  };
  const made: ResultPage[] = [];
  for (const [name, make] of Object.entries(pages)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const page = await make();
    if (page === undefined) {
      console.error(`note: ${name} is left as it is: ../shared/traces is not there`);
      continue;
    }
    made.push(page);
    for (const [file, content] of filesOf(page)) write(file, content);
  }
  if (made.length === Object.keys(pages).length) write('README.md', indexOf(made));
} else {
  console.error(`page: ${JSON.stringify(unknown)} is not allowed; allowed: ${Object.keys(pages).join(', ')}`);
  process.exitCode = 2;
}
