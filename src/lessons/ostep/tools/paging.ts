/** paging-policy.py: page replacement. */
import { invalid, KernelError } from '../../../kernel/errors.ts';
import {
  defaultClockbits,
  type PagingAnswer,
  type PagingProblem,
  pagingRuleNames,
  solvePaging,
} from '../paging.ts';
import { type GivenFlags, mostThings, mostTicks, parseNumber } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag, type Surroundings } from './tool.ts';

export const pagingTool: HomeworkTool<PagingProblem, PagingAnswer> = {
  name: 'paging',
  program: 'paging-policy.py',
  summary: 'Page replacement: FIFO, LRU, MRU, OPT, UNOPT, RAND, CLOCK (paging-policy.py).',
  flags: [
    { flag: '-a', value: 'list', help: 'pages with commas between, such as 1,2,3,1' },
    { flag: '-f', value: 'file', help: 'pages in a file, one a line' },
    { flag: '-n', value: 'n', help: 'without -a and -f: accesses to draw', default: '10' },
    { flag: '-m', value: 'n', help: 'without -a and -f: pages below this', default: '10' },
    { flag: '-p', value: 'policy', help: pagingRuleNames.join(', '), default: 'FIFO' },
    { flag: '-C', value: 'frames', help: 'frames, from 1', default: '3' },
    { flag: '-b', value: 'n', help: 'CLOCK: largest counter', default: String(defaultClockbits) },
    { flag: '-N', help: 'with -c: totals only' },
    seedFlag,
    computeFlag,
  ],
  read(given, surroundings) {
    const policy = given.choice('-p', pagingRuleNames);
    return {
      policy,
      cacheSize: given.integer('-C', { min: 1, max: mostTicks }),
      references: readReferences(given, surroundings),
      ...(policy === 'CLOCK' ? { clockbits: given.integer('-b', { min: 0, max: mostTicks }) } : {}),
    };
  },
  solve: solvePaging,
};

const pages = { min: 0, max: Number.MAX_SAFE_INTEGER };

function readReferences(given: GivenFlags, { random, lines }: Surroundings): number[] {
  // The homework's own word for "draw them".
  const isListed = given.has('-a') && given.text('-a') !== '-1';
  if (isListed && given.has('-f')) throw invalid('-f', given.text('-f'), 'either -a or -f');
  if (isListed) return given.list('-a', (item) => parseNumber('-a', item, pages));
  if (given.has('-f')) {
    const path = given.text('-f');
    const filled = lines('-f', path).flatMap((line, index) =>
      line.trim() === '' ? [] : [parseNumber(`-f: ${path} line ${index + 1}`, line.trim(), pages)],
    );
    if (filled.length > 0) return filled;
    throw new KernelError('INVALID_FILE', `-f: ${path}: no page in it; allowed: one page a line`);
  }
  const bound = given.integer('-m', { min: 1, max: mostTicks });
  const count = given.integer('-n', { min: 1, max: mostThings });
  return Array.from({ length: count }, () => Math.floor(bound * random.uniform()));
}
