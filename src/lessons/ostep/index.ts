/** Exercises of OSTEP (R. Arpaci-Dusseau, A. Arpaci-Dusseau, "Operating Systems: Three Easy Pieces") and of other textbooks, solved by their own rules. */
import { invalid } from '../../kernel/errors.ts';
import { MersenneTwister } from './mersenne-twister.ts';
import { sectionNames, solveSection } from './sections.ts';
import { type SeededProblem, solveSeeded } from './seeded-problems.ts';

/**
 * The answer to a problem of a section: `scheduling`, `mlfq`, `paging`, …, or `seededProblems`, whose problems are command lines of homework programs.
 * What a problem leaves to chance and lists no draws for is drawn as the homework does with seed 0. Throws KernelError (INVALID_ARGUMENT) for
 * a section that there is not and for a malformed problem.
 */
export function solve(section: string, problem: unknown): unknown {
  if (section === seededSection) return solveSeeded(problem as SeededProblem);
  if (!sectionNames.includes(section))
    throw invalid('section', section, [...sectionNames, seededSection].join(', '));
  return solveSection(section, problem, new MersenneTwister(0));
}

const seededSection = 'seededProblems';
