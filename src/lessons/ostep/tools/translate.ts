/**
 * paging-linear-translate.py and paging-multilevel-translate.py: addresses through page tables. The homework draws its tables; here they are given, by flags of our
 * own: `--page-table` for a linear one, `--memory` and `--pdbr` for one of two levels.
 */
import { invalid, KernelError } from '../../../kernel/errors.ts';
import {
  type LinearAddress,
  type LinearPagingProblem,
  solveLinearPaging,
  validEntry,
} from '../linear-paging.ts';
import {
  type MultilevelAddress,
  multilevelPageSize,
  type MultilevelPagingProblem,
  solveMultilevelPaging,
} from '../multilevel-paging.ts';
import { addressesFlag, memoryFlag, readAddresses, readSize, spaceFlag } from './address-flags.ts';
import { type GivenFlags, parseNumber } from './flags.ts';
import {
  computeFlag,
  drawingFlag,
  type HomeworkTool,
  noSeedFlag,
  refuseDrawing,
  type Surroundings,
} from './tool.ts';

export type TranslateProblem =
  | (LinearPagingProblem & {
      readonly kind: 'linear';
      readonly addressSpace: number;
      readonly physMem: number;
    })
  | (MultilevelPagingProblem & { readonly kind: 'multilevel'; readonly pageSize: number });

export type TranslateAnswer = readonly LinearAddress[] | readonly MultilevelAddress[];

export const translateTool: HomeworkTool<TranslateProblem, TranslateAnswer> = {
  name: 'translate',
  program: 'paging-linear-translate.py',
  summary: 'Addresses through page tables of one or two levels (paging-…-translate.py).',
  flags: [
    addressesFlag,
    {
      flag: '--page-table',
      value: 'list',
      help: 'one level: an entry for each virtual page, such as 0x8000000c,0',
    },
    { flag: '-P', value: 'size', help: 'one level: size of a page', default: '4k' },
    { ...spaceFlag, help: 'one level: size of the address space', default: '16k' },
    { ...memoryFlag, help: 'one level: size of the physical memory', default: '64k' },
    {
      flag: '--memory',
      value: 'file',
      help: 'two levels: the memory, a line of 64 hexadecimal digits a page',
    },
    { flag: '--pdbr', value: 'page', help: 'two levels: the page that holds the directory' },
    drawingFlag('-n', 'number of drawn addresses'),
    drawingFlag('-u', 'share of drawn pages that are valid'),
    noSeedFlag,
    computeFlag,
  ],
  read(given, surroundings) {
    refuseDrawing(
      given,
      ['-s', '-n', '-u'],
      'give the table with --page-table, or --memory and --pdbr, and addresses with -A',
    );
    return given.has('--memory') ? readMultilevel(given, surroundings) : readLinear(given);
  },
  solve: (problem) =>
    problem.kind === 'linear' ? solveLinearPaging(problem) : solveMultilevelPaging(problem),
};

function readLinear(given: GivenFlags): TranslateProblem {
  if (given.has('--pdbr'))
    throw invalid('--pdbr', given.text('--pdbr'), 'only with --memory, for a table of two levels');
  const [pageSize, addressSpace, physMem] = ['-P', '-a', '-p'].map((flag) => readSize(given, flag)) as [
    number,
    number,
    number,
  ];
  const pages = addressSpace / pageSize;
  const frames = physMem / pageSize;
  if (!Number.isInteger(pages))
    throw invalid('-a', given.text('-a'), `a multiple of the page size ${pageSize}`);
  if (!Number.isInteger(frames))
    throw invalid('-p', given.text('-p'), `a multiple of the page size ${pageSize}`);
  const pageTable = given.list('--page-table', (item) => {
    const entry = parseNumber('--page-table', item, { min: 0, max: 2 * validEntry - 1 });
    if (entry >= validEntry && entry - validEntry >= frames)
      throw invalid('--page-table', item, `entries whose frame is below ${frames}`);
    return entry;
  });
  if (pageTable.length !== pages)
    throw invalid(
      '--page-table',
      pageTable.length,
      `${pages} entries, one for each page of the address space`,
    );
  const addresses = readAddresses(given, addressSpace);
  return { kind: 'linear', pageSize, addressSpace, physMem, pageTable, addresses };
}

/** A page number comes of 7 bits, a virtual address has 15. */
const mostPages = 128;

function readMultilevel(given: GivenFlags, { lines }: Surroundings): TranslateProblem {
  for (const flag of ['--page-table', '-P', '-a', '-p'])
    if (given.has(flag))
      throw invalid(flag, given.text(flag), 'only without --memory, for a table of one level');
  const path = given.text('--memory');
  const memory = lines('--memory', path).flatMap((line, index) => {
    // The homework prints each page behind its number.
    const digits = line.replace(/^page\s+\d+\s*:/, '').replaceAll(/\s+/g, '');
    if (digits === '') return [];
    if (!/^[\da-f]{64}$/i.test(digits))
      throw new KernelError(
        'INVALID_FILE',
        `--memory: ${path} line ${index + 1}: not a page; allowed: 64 hexadecimal digits`,
      );
    return [digits];
  });
  if (memory.length !== mostPages)
    throw new KernelError('INVALID_FILE', `--memory: ${path}: ${memory.length} pages; allowed: ${mostPages}`);
  return {
    kind: 'multilevel',
    pageSize: multilevelPageSize,
    pdbr: given.integer('--pdbr', { min: 0, max: mostPages - 1 }),
    memory,
    addresses: readAddresses(given, multilevelPageSize * multilevelPageSize * multilevelPageSize),
  };
}
