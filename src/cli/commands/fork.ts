/** `ringzero fork RUN --after STEP`: another branch of a kept run, from one of its steps on (docs/time-travel.md). */
import type { Command as CommanderCommand } from 'commander';

import type { Call, Command, Io } from '../command.ts';
import { addBranchFlags, branchRun, type BranchFlags } from '../store/make-branch.ts';

export const forkCommand: Command<BranchFlags> = {
  name: 'fork',
  summary: 'Let a kept run go on another way from one of its steps, beside the first.',
  register(command: CommanderCommand): void {
    addBranchFlags(command);
    command
      .option('--edit <text>', 'another result of that step: TEXT, or @FILE with it')
      .option('--model <name>', 'another model in the place of the first that its agents ask')
      .option('--model-url <url>', 'endpoint of that model (default: that of the settings)')
      .option('--prices <file>', 'prices of models, in place of those that are built in or beside them')
      .option('--config <file>', 'settings of models (default: ringzero.json)')
      .addHelpText('after', after);
  },
  run: ({ operands: [name = ''], options }: Call<BranchFlags>, io: Io): Promise<number> =>
    branchRun('fork', name, options, io),
};

const after = `
The result is that of a model, a tool or a person. An answer that asks for tools: {"text": …, "toolCalls": [{"tool": …, "arguments": {…}}]}.
Tools, limits and budget are those of the run, which the branches share: what one of them spends, the others cannot. What tools did to
the world behind that step stays as it is, and is listed.`;
