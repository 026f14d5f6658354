import type { Rng } from '../../../base/rng.ts';

/** Words for texts that mean nothing, some with characters of more than one byte. */
const words =
  'the a of to and in page frame fault agent model tool queue core slice budget result file answer time plan step read write search list Zürich café naïve 東京 Δx 🌍'.split(
    ' ',
  );

/** `count` words, drawn at random. */
export function randomText(rng: Rng, count: number): string {
  return Array.from({ length: count }, () => words[rng.integer(words.length)]).join(' ');
}
