/** process-run.py: processes of CPU instructions and I/Os. */
import { invalid } from '../../../kernel/errors.ts';
import type { RandomSource } from '../mersenne-twister.ts';
import {
  type Instruction,
  type ProcessRunAnswer,
  type ProcessRunProblem,
  solveProcessRun,
} from '../process-run.ts';
import { type GivenFlags, mostThings, mostTicks, parseNumber } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from './tool.ts';

export const processRunTool: HomeworkTool<ProcessRunProblem, ProcessRunAnswer> = {
  name: 'process-run',
  program: 'process-run.py',
  summary: 'States of processes that compute and wait for I/O (process-run.py).',
  flags: [
    {
      flag: '-P',
      value: 'programs',
      help: 'programs with colons between, such as c7,i,c1:c3 (c: CPU, i: I/O)',
    },
    {
      flag: '-l',
      value: 'list',
      help: 'programs to draw as INSTRUCTIONS:PERCENT-CPU with commas, such as 4:50',
    },
    { flag: '-L', value: 'ticks', help: 'time of an I/O', default: '5' },
    { flag: '-S', value: 'rule', help: 'SWITCH_ON_IO, SWITCH_ON_END', default: 'SWITCH_ON_IO' },
    { flag: '-I', value: 'rule', help: 'IO_RUN_LATER, IO_RUN_IMMEDIATE', default: 'IO_RUN_LATER' },
    { flag: '-p', help: 'with -c: print the totals, too' },
    seedFlag,
    computeFlag,
  ],
  read: (given, { random }) => ({
    switch: given.choice('-S', ['SWITCH_ON_IO', 'SWITCH_ON_END']),
    ioDone: given.choice('-I', ['IO_RUN_LATER', 'IO_RUN_IMMEDIATE']),
    ioLength: given.integer('-L', { min: 0, max: mostTicks }),
    instructions: readInstructions(given, random),
  }),
  solve: solveProcessRun,
};

function readInstructions(given: GivenFlags, random: RandomSource): Instruction[][] {
  if (!given.has('-l')) return given.text('-P').split(':').map(readProgram);
  if (given.has('-P')) throw invalid('-l', given.text('-l'), 'either -P or -l');
  return given.list('-l', (item) => {
    const [count = 0, percent = 0] = given.numbers('-l', item, 'INSTRUCTIONS:PERCENT-CPU', [
      { min: 0, max: mostThings },
      { min: 0, max: 100 },
    ]);
    return Array.from({ length: count }, () => (random.uniform() < percent / 100 ? cpu : io)).flat();
  });
}

const cpu: readonly Instruction[] = ['cpu'];
const io: readonly Instruction[] = ['io', 'io_done'];

function readProgram(program: string): Instruction[] {
  return program.split(',').flatMap((step): Instruction[] => {
    if (step === 'i') return [...io];
    if (!step.startsWith('c'))
      throw invalid('-P', program, 'steps like c7 (CPU) and i (I/O) with commas between');
    return Array.from({ length: parseNumber('-P', step.slice(1), { min: 0, max: mostTicks }) }, () => 'cpu');
  });
}
