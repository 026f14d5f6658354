/** What agents and tools say in the benchmark: drawn by a seed, never the same twice. */
import { rngFor, type Rng } from '../../src/base/rng.ts';

/** `words`: made-up words of 2 to 9 letters, each drawn evenly. `noise`: printable ASCII, drawn evenly: what text can be that is compressed least. */
export type TextKind = 'words' | 'noise';

const poolLength = 1 << 20;

/** Texts are cut from one long one, at places drawn by the seed, so that making them costs nothing that would count. */
export function stepTexts(kind: TextKind, seed: number): (length: number) => string {
  const rng = rngFor(seed, `text.${kind}`);
  const pool = kind === 'words' ? words(rng) : noise(rng);
  return (length) => {
    const start = rng.integer(pool.length - length);
    return pool.slice(start, start + length);
  };
}

function words(rng: Rng): string {
  const letters: number[] = [];
  while (letters.length < poolLength) {
    for (let left = 2 + rng.integer(8); left > 0; left--) letters.push(97 + rng.integer(26));
    letters.push(32);
  }
  return Buffer.from(letters).toString('latin1');
}

/** Without quotes and backslashes, which JSON writes as two characters. */
const printable = Array.from({ length: 95 }, (_, code) => 32 + code).filter(
  (code) => code !== 34 && code !== 92,
);

function noise(rng: Rng): string {
  const codes = Array.from({ length: poolLength }, () => printable[rng.integer(printable.length)]!);
  return Buffer.from(codes).toString('latin1');
}
