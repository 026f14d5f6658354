import { readFileSync } from 'node:fs';

/** From package.json, which lies two folders up in a checkout (src/cli) and in the package (dist/cli) alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
