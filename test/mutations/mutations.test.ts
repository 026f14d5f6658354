import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { plantedMistakes } from './mistakes.ts';
import { plant } from './plant.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test.each(plantedMistakes.map((mistake) => [mistake.name, mistake] as const))(
  'the text of the planted mistake %s stands once in its file',
  (_, mistake) => {
    const source = read(mistake.file);
    expect(plant(mistake, source)).not.toBe(source);
  },
);

test('there are at least 30 planted mistakes, each with a name of its own', () => {
  const names = plantedMistakes.map(({ name }) => name);
  expect(names.length).toBeGreaterThanOrEqual(30);
  expect(new Set(names).size).toBe(names.length);
});

test('the page of planted mistakes names each of them, and what found it', () => {
  const rows = read('docs/decisions/mutations.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.map(([, name, what, file]) => [name, what, file])).toEqual(
    plantedMistakes.map(({ name, what, file }) => [`\`${name}\``, what, `\`${file}\``]),
  );
  for (const [, name, , , seed] of rows) expect(Number(seed), name).toBeGreaterThan(0);
});
