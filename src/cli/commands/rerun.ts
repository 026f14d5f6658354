/** `ringzero rerun RECORDING`: the same inputs to a new kernel; the event log must come out the same to the byte. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { rerun } from '../../sim/recording.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { packageVersion } from '../package-version.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import {
  addRunFileFlags,
  openRunFiles,
  runFileOutputs,
  type RunFileFlags,
  type RunFiles,
} from '../run-files.ts';
import { recordedTokenizer } from '../recorded-tokenizer.ts';
import { recordedScheduler } from '../scheduler-choice.ts';

type RerunOptions = CommonOptions & Pick<RunFlags, 'given'> & RunFileFlags;

export const rerunCommand: Command<RerunOptions> = {
  name: 'rerun',
  summary: 'Repeat a recording and compare its event log, byte for byte.',
  register(command: CommanderCommand): void {
    command.argument(
      '<recording>',
      'a file made with --record, of a simulated or a live run, plain or compressed, - for standard input',
    );
    addRunFileFlags(command);
    keepGiven(command);
  },
  async run({ operands: [file], options }: Call<RerunOptions>, io: Io): Promise<number> {
    checkOutputs(runFileOutputs(options), [file!]);
    const opened = await openInputFile(file!);
    let files: RunFiles | undefined;
    const { header, recorded, inputs, events, eventHash, isSame, virtualUs } = await rerun(
      opened.name,
      opened.lines(),
      {
        ownScheduler: recordedScheduler,
        tokenizer: recordedTokenizer,
        ...(isGiven(options, '--seed') ? { seed: options.seed } : {}),
        onStart(machine, { seed }) {
          const repeat = repeatWords('rerun', [file!], { given: [], seed }).join(' ');
          files = openRunFiles(options, machine, { ringzero: packageVersion(), seed, repeat });
        },
        onEvent: (event) => files!.onEvent(event),
      },
    ).catch((error: unknown) => {
      files?.discard();
      throw error;
    });
    files!.close(virtualUs);
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
