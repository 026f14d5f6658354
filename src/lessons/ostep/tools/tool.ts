/** A homework program: its flags, how they become a problem, and who solves that. */
import { invalid } from '../../../kernel/errors.ts';
import { largestSeed, type RandomSource } from '../mersenne-twister.ts';
import type { GivenFlags, HomeworkFlag } from './flags.ts';

export interface HomeworkTool<Problem = unknown, Answer = unknown> {
  /** Of the command: `process-run`. */
  readonly name: string;
  /** Of the homework: `process-run.py`. */
  readonly program: string;
  readonly summary: string;
  readonly flags: readonly HomeworkFlag[];
  /** Throws KernelError for bad flags. Methods, so that each tool names its own problem. */
  read(given: GivenFlags, surroundings: Surroundings): Problem;
  /** Throws KernelError for a problem that is not what it may be. `random`: the generator that the problem came from, where that left it. */
  solve(problem: Problem, random: RandomSource): Answer;
}

/** What a problem can be made of besides flags. */
export interface Surroundings {
  readonly random: RandomSource;
  /** The lines of the file that `flag` names. Throws KernelError where there is none. */
  readonly lines: (flag: string, path: string) => readonly string[];
}

export const computeFlag: HomeworkFlag = { flag: '-c', help: 'compute the answer' };

export const seedFlag: HomeworkFlag = {
  flag: '-s',
  long: '--seed',
  value: 'seed',
  help: 'what all chance is derived from: the homework’s own generator',
  default: '0',
};

export function seedOf(given: GivenFlags): number {
  return given.integer(seedFlag.flag, { min: 0, max: largestSeed });
}

/** A flag of the homework that only matters for problems it draws, where this project draws none. */
export function drawingFlag(flag: string, help: string): HomeworkFlag {
  return { flag, value: 'n', help: `${help}: not here, problems are explicit` };
}

/** The seed of such a program: also not here. */
export const noSeedFlag: HomeworkFlag = { ...drawingFlag('-s', 'seed of drawn problems'), long: '--seed' };

/** Throws KernelError when a flag is given that only matters for drawn problems. */
export function refuseDrawing(given: GivenFlags, flags: readonly string[], allowed: string): void {
  for (const flag of flags)
    if (given.has(flag))
      throw invalid(flag, given.text(flag), `explicit problems only, nothing is drawn: ${allowed}`);
}
