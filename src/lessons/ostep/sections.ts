/** The sections of exercises that are solved from their figures alone; adding one is a file and a row. */
import { invalid } from '../../kernel/errors.ts';
import { solveFreespace } from './freespace.ts';
import { solveLinearPaging } from './linear-paging.ts';
import { solveLottery } from './lottery.ts';
import type { RandomSource } from './mersenne-twister.ts';
import { solveMlfq } from './mlfq.ts';
import { solveMulti } from './multi.ts';
import { solveMultilevelPaging } from './multilevel-paging.ts';
import { solvePaging } from './paging.ts';
import { solveProcessRun } from './process-run.ts';
import { solveRelocation } from './relocation.ts';
import { solveScheduling } from './scheduling.ts';
import { solveSegmentation } from './segmentation.ts';
import { solveTextbookPaging } from './textbook-paging.ts';
import { solveTextbookScheduling } from './textbook-scheduling.ts';

/** Takes the section's problem; `random`: what is drawn where the problem lists no draws. */
type Solver = (problem: never, random: RandomSource) => unknown;

const sections: Readonly<Record<string, Solver>> = {
  scheduling: solveScheduling,
  mlfq: solveMlfq,
  lottery: solveLottery,
  multi: solveMulti,
  processRun: solveProcessRun,
  paging: solvePaging,
  textbookScheduling: solveTextbookScheduling,
  textbookPaging: solveTextbookPaging,
  freespace: solveFreespace,
  relocation: solveRelocation,
  segmentation: solveSegmentation,
  linearPaging: solveLinearPaging,
  multilevelPaging: solveMultilevelPaging,
};

export const sectionNames = Object.keys(sections);

/** Throws KernelError for a section that there is not and for a malformed problem. */
export function solveSection(section: string, problem: unknown, random: RandomSource): unknown {
  if (!Object.hasOwn(sections, section)) throw invalid('section', section, sectionNames.join(', '));
  return sections[section]!(problem as never, random);
}
