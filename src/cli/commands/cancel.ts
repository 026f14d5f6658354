/** `ringzero cancel RUN`: a run that is not over ends for good, without its world: no model is asked and no tool called. */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { KernelError } from '../../kernel/errors.ts';
import { historyVersion, type AuditRecord, type ProcessEnded } from '../../kernel/records.ts';
import type { ProcessAddress, StorageManager } from '../../kernel/storage.ts';
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
        const records: (AuditRecord | ProcessEnded)[] = [];
        // Children before their parents, as a kernel ends them.
        for (const { branch, pid } of alive.toReversed())
          records.push(...(await cancelled(storage, { run, branch, pid }, atUs, io.person.name)));
        await storage.append(records);
        if (options.json)
          io.out(JSON.stringify({ command: 'cancel', run, cancelled: alive.length }, null, 1));
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

/** Its end, and who has brought it about, told of the syscall that was under way. `person`: by the name of the account. */
async function cancelled(
  storage: StorageManager,
  process: ProcessAddress,
  atUs: number,
  person: string | undefined,
): Promise<readonly (AuditRecord | ProcessEnded)[]> {
  const { run, branch, pid } = process;
  const { lastN } = await storage.tally(process);
  return [
    {
      v: historyVersion,
      type: 'audit',
      run,
      pid,
      n: lastN + 1,
      action: 'person/cancel',
      input: '',
      output: '',
      microDollars: 0,
      ...(person === undefined ? {} : { person }),
      atUs,
    },
    {
      v: historyVersion,
      type: 'process.ended',
      run,
      branch,
      pid,
      outcome: 'cancelled',
      value: null,
      atUs,
    },
  ];
}
