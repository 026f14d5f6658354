/** `ringzero rerun RECORDING`: the same inputs to a new kernel; the event log must come out the same to the byte. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { rerun } from '../../sim/recording.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { isGiven, keepGiven, type RunFlags } from '../run-flags.ts';
import { recordedScheduler } from '../scheduler-choice.ts';

type RerunOptions = CommonOptions & Pick<RunFlags, 'given'>;

export const rerunCommand: Command<RerunOptions> = {
  name: 'rerun',
  summary: 'Repeat a recording and compare its event log, byte for byte.',
  register(command: CommanderCommand): void {
    command.argument('<recording>', 'a file made with --record, plain or compressed, - for standard input');
    keepGiven(command);
  },
  async run({ operands: [file], options }: Call<RerunOptions>, io: Io): Promise<number> {
    const opened = await openInputFile(file!);
    const { header, recorded, inputs, events, eventHash, isSame } = await rerun(opened.name, opened.lines(), {
      ownScheduler: recordedScheduler,
      ...(isGiven(options, '--seed') ? { seed: options.seed } : {}),
    });
    if (options.json) {
      io.out(
        JSON.stringify(
          {
            command: 'rerun',
            recording: file,
            ringzero: header.ringzero,
            seed: header.seed,
            inputs,
            events,
            eventHash,
            recordedHash: recorded.eventHash,
            same: isSame,
          },
          null,
          1,
        ),
      );
    } else {
      io.out(`${file!}: ${inputs} inputs of ringzero ${header.ringzero}, seed ${header.seed}`);
      io.out(`recorded  ${recorded.events} events  ${recorded.eventHash}`);
      io.out(`rerun     ${events} events  ${eventHash}`);
      io.out(
        isSame
          ? 'the same, to the byte'
          : 'NOT the same: this version does something else with these inputs, or they were edited',
      );
    }
    return isSame ? 0 : 1;
  },
};
