/** What docs/storage.md says of storages that are refused, by the storage. */
import { DocsPage } from './docs-page.ts';

export function refusals(): ReadonlyMap<string, string> {
  const [, part = ''] = new DocsPage('docs/storage.md').text.split('## What is refused');
  const rows = part.split('\n## ')[0]!.matchAll(/^\| (.*?) +\| `(.*)` +\|$/gm);
  return new Map(Array.from(rows, ([, storage, said]) => [storage!, said!]));
}

/** `places`: what stands for the page's words, the longest first. */
export async function saidOf(
  open: Promise<unknown>,
  places: Readonly<Record<string, string>>,
): Promise<string> {
  const error = await open.then(
    () => new Error('was opened'),
    (reason: unknown) => reason as Error,
  );
  return Object.entries(places).reduce((text, [word, place]) => text.replaceAll(place, word), error.message);
}
