/** `ringzero rerun RECORDING`: the same inputs to a new kernel; the event log must come out the same to the byte. */
import type { Command as CommanderCommand } from 'commander';

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
import { openRecordings, type OpenRecording } from '../store/open-recordings.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

type RerunOptions = CommonOptions & Pick<RunFlags, 'given'> & RunFileFlags & Pick<StoreFlags, 'store'>;

export const rerunCommand: Command<RerunOptions> = {
  name: 'rerun',
  summary: 'Repeat a recording and compare its event log, byte for byte.',
  register(command: CommanderCommand): void {
    command.argument(
      '<recording>',
      'a file made with --record, of a simulated or a live run, plain or compressed, - for standard input; or a run that is kept',
    );
    addStoreFlag(command);
    addRunFileFlags(command);
    keepGiven(command);
  },
  async run({ operands: [word = ''], options }: Call<RerunOptions>, io: Io): Promise<number> {
    checkOutputs(runFileOutputs(options), [word]);
    const recordings = await openRecordings(word, options, io);
    // Each of several kernels begins anew: what is drawn is that of the last.
    const last = recordings.at(-1);
    const documents: object[] = [];
    let isSame = true;
    for (const recording of recordings) {
      const { document, isDifferent } = await again(word, recording, options, recording === last, io);
      documents.push(document);
      isSame &&= !isDifferent;
    }
    if (options.json)
      io.out(
        JSON.stringify(
          documents.length === 1 ? documents[0] : { command: 'rerun', recordings: documents, same: isSame },
          null,
          1,
        ),
      );
    return isSame ? 0 : 1;
  },
};

async function again(
  word: string,
  { name, lines, mayBeCut }: OpenRecording,
  options: RerunOptions,
  isDrawn: boolean,
  io: Io,
): Promise<{ readonly document: object; readonly isDifferent: boolean }> {
  let files: RunFiles | undefined;
  const { header, recorded, inputs, events, eventHash, isSame, virtualUs } = await rerun(name, lines(), {
    ownScheduler: recordedScheduler,
    tokenizer: recordedTokenizer,
    mayBeCut,
    ...(isGiven(options, '--seed') ? { seed: options.seed } : {}),
    onStart(machine, { seed }) {
      if (!isDrawn) return;
      const repeat = repeatWords('rerun', [word], { given: [], seed }).join(' ');
      files = openRunFiles(options, machine, { ringzero: packageVersion(), seed, repeat });
    },
    onEvent: (event) => files?.onEvent(event),
  }).catch((error: unknown) => {
    files?.discard();
    throw error;
  });
  files?.close(virtualUs);
  if (!options.json) {
    io.out(`${name}: ${inputs} inputs of ringzero ${header.ringzero}, seed ${header.seed}`);
    if (recorded !== undefined) io.out(`recorded  ${recorded.events} events  ${recorded.eventHash}`);
    io.out(`rerun     ${events} events  ${eventHash}`);
    io.out(verdictOf(recorded !== undefined, isSame));
  }
  const document = {
    command: 'rerun',
    recording: name,
    ringzero: header.ringzero,
    seed: header.seed,
    inputs,
    events,
    eventHash,
    recordedHash: recorded?.eventHash ?? null,
    same: recorded === undefined ? null : isSame,
  };
  return { document, isDifferent: recorded !== undefined && !isSame };
}

function verdictOf(hasEnd: boolean, isSame: boolean): string {
  if (!hasEnd) return 'its program died: there is no end of it to compare with';
  return isSame
    ? 'the same, to the byte'
    : 'NOT the same: this version does something else with these inputs, or they were edited';
}
