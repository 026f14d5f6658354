/** `ringzero rewind RUN --after STEP`: a kept run goes back behind a step (docs/time-travel.md). */
import type { Command as CommanderCommand } from 'commander';

import type { Call, Command, Io } from '../command.ts';
import { addBranchFlags, branchRun, type BranchFlags } from '../store/make-branch.ts';

export const rewindCommand: Command<BranchFlags> = {
  name: 'rewind',
  summary: 'Take a kept run back behind one of its steps.',
  register(command: CommanderCommand): void {
    addBranchFlags(command);
    command.addHelpText('after', after);
  },
  run: ({ operands: [name = ''], options }: Call<BranchFlags>, io: Io): Promise<number> =>
    branchRun('rewind', name, options, io),
};

const after = `
It keeps model, tools, limits and budget. Nothing is deleted: what it was is another branch, which ringzero show and diff can read. What
tools did to the world behind that step stays as it is, and is listed; tokens and money that were spent stay spent.`;
