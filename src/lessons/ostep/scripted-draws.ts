/** Draws that a problem lists, in place of a generator. */
import { invalid } from '../../kernel/errors.ts';
import type { RandomSource } from './mersenne-twister.ts';

/** `draws`: numbers in [0, 1) in the order in which they are used. Throws KernelError when more are drawn than there are. */
export function scriptedDraws(draws: readonly number[]): RandomSource {
  let at = 0;
  const uniform = (): number => {
    const drawn = draws[at++];
    if (drawn === undefined) throw invalid('draws', draws.length, 'as many numbers as the problem draws');
    return drawn;
  };
  return { uniform, below: (count) => Math.floor(uniform() * count) };
}
