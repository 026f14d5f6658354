import type { PlantedMistake } from './mistakes.ts';

/** The source with the mistake in it. Throws when its text does not stand there exactly once. */
export function plant({ name, file, find, put }: PlantedMistake, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${name}: its text stands ${parts.length - 1} times in ${file}; allowed: once`);
  return parts.join(put);
}
