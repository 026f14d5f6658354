/** `ringzero cancel RUN`: a run that is not over ends for good, without its world: no model is asked and no tool called. */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { KernelError } from '../../kernel/errors.ts';
import { historyVersion, type ProcessEnded } from '../../kernel/records.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { branchWords, findBranch } from '../store/find-run.ts';
import { openStoreThere } from '../store/open-store.ts';
import { takeRun } from '../store/run-lease.ts';
import { addStoreFlags, type StoreFlags } from '../store/store-place.ts';

type CancelOptions = CommonOptions & Omit<StoreFlags, 'config'>;

export const cancelCommand: Command<CancelOptions> = {
  name: 'cancel',
  summary: 'End a run for good that was parked, or whose program died.',
  register(command: CommanderCommand): void {
    command.argument('<run>', 'its name, or how it begins; RUN@BRANCH for one of its branches');
    addStoreFlags(command);
  },
  async run({ operands: [name = ''], options }: Call<CancelOptions>, io: Io): Promise<number> {
    const { storage } = await openStoreThere(options, io);
    try {
      const found = await findBranch(storage, name);
      const { run } = found;
      // A run ends with all of its branches, a branch that is named alone.
      const filter = name.includes('@') ? { branch: found.branch } : {};
      const shown = name.includes('@') ? branchWords(found) : run;
      const clock = new SystemClock();
      const lease = await takeRun({ storage, run, clock, onLost: () => {} });
      try {
        const alive = (await storage.processes(run, filter)).filter(({ end }) => end === undefined);
        if (alive.length === 0) throw new KernelError('INVALID_ARGUMENT', `run ${shown}: is over already`);
        const atUs = clock.nowUs();
        // Children before their parents, as a kernel ends them.
        const ends = alive.toReversed().map(({ branch, pid }): ProcessEnded => ({
          v: historyVersion,
          type: 'process.ended',
          run,
          branch,
          pid,
          outcome: 'cancelled',
          value: null,
          atUs,
        }));
        await storage.append(ends);
        if (options.json) io.out(JSON.stringify({ command: 'cancel', run, cancelled: ends.length }, null, 1));
        else io.out(`${shown} is cancelled`);
        return 0;
      } finally {
        await lease.release();
      }
    } finally {
      await storage.close();
    }
  },
};
