/** Views of the programs that translate addresses: relocation, segmentation, translate. */
import type { LinearAddress } from '../../lessons/ostep/linear-paging.ts';
import type { MultilevelAddress } from '../../lessons/ostep/multilevel-paging.ts';
import type { RelocationProblem } from '../../lessons/ostep/relocation.ts';
import type { SegmentationProblem, SegmentedAddress } from '../../lessons/ostep/segmentation.ts';
import type { TranslateAnswer, TranslateProblem } from '../../lessons/ostep/tools/translate.ts';
import { address, figures, listed, type ToolView } from './tool-view.ts';

const question = 'the physical address of each, or that it has none.';

interface Spaces {
  readonly addressSpace: number;
  readonly physMem: number;
}

export const relocationView: ToolView<RelocationProblem & Spaces, readonly (number | null)[]> = {
  title: ({ addressSpace, physMem }) =>
    `An address space of ${addressSpace} in a physical memory of ${physMem}`,
  problem: ({ base, limit, addresses }, options) => [
    `base   ${address(base)}`,
    `limit  ${limit}`,
    '',
    ...listed('Virtual addresses:', addresses.map(address), options),
  ],
  question,
  answer: (answer, { addresses }) =>
    figures(
      ['virtual', 'physical'],
      answer.map((physical, index) => [
        address(addresses[index]!),
        physical === null ? 'out of bounds' : address(physical),
      ]),
    ),
};

export const segmentationView: ToolView<
  SegmentationProblem & { readonly physMem: number },
  readonly SegmentedAddress[]
> = {
  title: ({ addressSpace, physMem }) =>
    `An address space of ${addressSpace} in a physical memory of ${physMem}: the lower half is segment 0, the upper half segment 1`,
  problem: ({ seg0, seg1, addresses }, options) => [
    ...figures(
      ['segment', 'base', 'limit', { left: 'grows' }],
      [
        ['0', address(seg0.base), String(seg0.limit), 'up'],
        ['1', address(seg1.base), String(seg1.limit), 'down'],
      ],
    ),
    '',
    ...listed('Virtual addresses:', addresses.map(address), options),
  ],
  question,
  answer: (answer, { addresses }) =>
    figures(
      ['virtual', 'segment', 'physical'],
      answer.map(({ segment, physical }, index) => [
        address(addresses[index]!),
        String(segment),
        physical === null ? 'out of bounds' : address(physical),
      ]),
    ),
};

export const translateView: ToolView<TranslateProblem, TranslateAnswer> = {
  title: (problem) =>
    problem.kind === 'linear'
      ? `An address space of ${problem.addressSpace} in a physical memory of ${problem.physMem}, in pages of ${problem.pageSize}`
      : `A memory of ${problem.memory.length} pages of ${problem.pageSize} bytes; the page directory is in page ${problem.pdbr}`,
  problem: (problem, options) => [
    ...(problem.kind === 'linear'
      ? [
          ...figures(
            ['page', 'entry'],
            problem.pageTable.map((entry, page) => [
              String(page),
              `0x${entry.toString(16).padStart(8, '0')}`,
            ]),
          ),
          '',
          'The highest bit of an entry says that it is valid; the rest is the frame.',
        ]
      : [
          ...figures(
            ['page', { left: 'bytes' }],
            problem.memory.map((bytes, page) => [String(page), bytes]),
          ),
          '',
          'Addresses: 5 bits for the directory, 5 for the table, 5 for the byte.',
          'The highest bit of an entry says that it is valid; the rest is the page.',
        ]),
    '',
    ...listed('Virtual addresses:', problem.addresses.map(address), options),
  ],
  question,
  answer: (answer, problem) =>
    problem.kind === 'linear'
      ? linearLines(answer as readonly LinearAddress[], problem.addresses)
      : multilevelLines(answer as readonly MultilevelAddress[], problem.addresses),
};

function linearLines(answer: readonly LinearAddress[], addresses: readonly number[]): string[] {
  return figures(
    ['virtual', 'page', 'physical'],
    answer.map(({ vpn, physical }, index) => [
      address(addresses[index]!),
      String(vpn),
      physical === null ? 'not valid' : address(physical),
    ]),
  );
}

function multilevelLines(answer: readonly MultilevelAddress[], addresses: readonly number[]): string[] {
  const hex = (value: number | null): string => (value === null ? '' : `0x${value.toString(16)}`);
  return figures(
    ['virtual', 'directory', 'entry', 'table', 'entry', 'physical', 'value'],
    answer.map(({ pdeIndex, pde, pteIndex, pte, physical, value, fault }, index) => [
      address(addresses[index]!),
      String(pdeIndex),
      hex(pde),
      pteIndex === null ? '' : String(pteIndex),
      hex(pte),
      physical === null ? `fault in the ${fault === 'PDE' ? 'directory' : 'table'}` : address(physical),
      hex(value),
    ]),
  );
}
