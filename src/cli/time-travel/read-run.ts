/** The events of a run, from a file of any kind or from the store: recordings are fed to new kernels, a scenario or recorded agents are run in virtual time. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { isLiveSpec } from '../../sim/live-spec.ts';
import { rerun } from '../../sim/recording.ts';
import { runWorkload } from '../../sim/run-workload.ts';
import { kernelOptionsOf, type SimulationSpec } from '../../sim/spec.ts';
import type { TimelineMachine } from '../../sim/timeline/folded-state.ts';
import { isRecording, isScenario } from '../../sim/workloads/detect.ts';
import type { Io } from '../command.ts';
import { addKernelFlags, kernelFlagNames, type KernelFlags } from '../kernel-flags.ts';
import { parseDurationUs } from '../options.ts';
import { recordedTokenizer } from '../recorded-tokenizer.ts';
import { isGiven, keepGiven } from '../run-flags.ts';
import { recordingsOfRun, type OpenRecording } from '../store/open-recordings.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';
import { replayInput, scenarioInput, type RunInput } from '../run-input.ts';
import { parseScheduler, recordedScheduler, schedulersAllowed } from '../scheduler-choice.ts';

export interface SourceFlags extends KernelFlags, Pick<StoreFlags, 'store'> {
  readonly scheduler?: string;
  readonly until?: number;
}

/** A kernel is made: what takes its events. */
export type Watch = (machine: TimelineMachine) => (event: KernelEvent) => void;

export interface ReadRun {
  /** As it was typed; of a run that is kept its whole name. */
  readonly name: string;
  readonly kind: 'run' | 'recording' | 'scenario' | 'agents';
  readonly seed: number;
  /** When it ended, or was cut off, µs: not before its last event. */
  readonly endUs: number;
  /** What clocks count from, µs: 0 in virtual time; of a live run, whose times are those of the calendar, its first event. */
  readonly zeroUs: number;
}

type RunFacts = Omit<ReadRun, 'name' | 'kind'>;

export const runFile =
  'a recording (made with --record), a scenario, or recorded agents, plain or compressed, - for standard input, found by content; or a run that is kept';

export function addSourceFlags(command: CommanderCommand): void {
  command
    .option(
      '--scheduler <policy>',
      `of a scenario or of recorded agents, scheduling policy (default: the scenario’s own, or priority): ${schedulersAllowed}`,
      (text: string) => parseScheduler('--scheduler', text),
    )
    .option(
      '--until <time>',
      'of a scenario or of recorded agents, stop at this virtual time, such as 90s or 2h (default: the scenario’s own, or the end)',
      (text) => parseDurationUs('--until', text),
    );
  addKernelFlags(command);
  addStoreFlag(command);
  keepGiven(command);
}

/** Throws KernelError: a file that is none of these, flags that mean nothing for it, a recording that does not come out the same. */
export async function readRun(word: string, flags: SourceFlags, io: Io, watch: Watch): Promise<ReadRun> {
  io.progress(`reading ${word}`);
  const stored = await recordingsOfRun(word, flags, io, 'branch');
  if (stored !== undefined)
    return { name: stored[0]!.run!, kind: 'run', ...(await recorded(stored, flags, watch)) };
  const file = await openInputFile(word);
  const head = await file.head();
  if (isRecording(head)) {
    const whole = { name: file.name, lines: () => file.lines(), mayBeCut: false };
    return { name: word, kind: 'recording', ...(await recorded([whole], flags, watch)) };
  }
  if (isScenario(head)) {
    refuse(flags, kernelFlagNames(), file.name, 'a scenario, which has a kernel and arrivals of its own');
    return { name: word, kind: 'scenario', ...simulated(await scenarioInput(file, flags), io, watch) };
  }
  const others = '; or a scenario (JSON object with agents), or a recording';
  const input = await replayInput(file, { ...flags, scheduler: flags.scheduler ?? 'priority' }, others);
  const { until } = flags;
  const played = until === undefined ? input : { ...input, untilUs: until };
  return { name: word, kind: 'agents', ...simulated(played, io, watch) };
}

/** The kernels of a run one after the other. */
async function recorded(
  recordings: readonly OpenRecording[],
  flags: SourceFlags,
  watch: Watch,
): Promise<RunFacts> {
  const settings = ['--scheduler', '--until', ...kernelFlagNames()];
  refuse(flags, settings, recordings[0]!.name, 'a recording, which has settings of its own');
  const kernels: RecordedKernel[] = [];
  for (const recording of recordings) kernels.push(await recordedKernel(recording, flags));
  const [first] = kernels;
  const onEvent = watch(first!.machine);
  for (const [index, { events }] of kernels.entries()) {
    // What a kernel did after another one had taken its run over, nobody has heard of.
    const nextUs = kernels[index + 1]?.events[0]?.atUs ?? Infinity;
    for (const event of events) if (event.atUs <= nextUs) onEvent(event);
  }
  const { seed, isLive } = first!;
  const zeroUs = isLive ? (kernels.find(({ events }) => events.length > 0)?.events[0]!.atUs ?? 0) : 0;
  return { seed, endUs: Math.max(...kernels.map((kernel) => kernel.endUs)), zeroUs };
}

interface RecordedKernel {
  readonly machine: TimelineMachine;
  readonly events: readonly KernelEvent[];
  readonly seed: number;
  readonly isLive: boolean;
  readonly endUs: number;
}

async function recordedKernel(
  { name, lines, mayBeCut }: OpenRecording,
  flags: SourceFlags,
): Promise<RecordedKernel> {
  const events: KernelEvent[] = [];
  let machine: TimelineMachine | undefined;
  const {
    header,
    recorded: footer,
    isSame,
    virtualUs,
  } = await rerun(name, lines(), {
    ownScheduler: recordedScheduler,
    tokenizer: recordedTokenizer,
    mayBeCut,
    ...(isGiven(flags, '--seed') ? { seed: flags.seed } : {}),
    onStart: ({ engines, budgets }) => (machine = { engines, budgets }),
    onEvent: (event) => events.push(event),
  });
  if (footer !== undefined && !isSame)
    throw new KernelError(
      'INVALID_FILE',
      `${name}: a rerun of it comes out otherwise (see ringzero rerun), so that it does not say what happened; allowed: a recording of this version`,
    );
  const isLive = isLiveSpec(header.options as unknown as SimulationSpec);
  return { machine: machine!, events, seed: header.seed, isLive, endUs: virtualUs };
}

function simulated(input: RunInput, io: Io, watch: Watch): RunFacts {
  const { spec, ownScheduler, workload, program, untilUs } = input;
  const { engines, budgets } = new Kernel({ ...kernelOptionsOf(spec, ownScheduler), records: false }).options;
  let shownMs = 0;
  const { virtualUs } = runWorkload({
    spec,
    ...(ownScheduler === undefined ? {} : { ownScheduler }),
    agents: workload.agents,
    program,
    check: false,
    keepRecords: false,
    hashEvents: false,
    ...(untilUs === undefined ? {} : { untilUs }),
    onEvent: watch({ engines, budgets }),
    onProgress(ended, of) {
      if (performance.now() - shownMs < 100) return;
      shownMs = performance.now();
      io.progress(`${ended} of ${of} agents`);
    },
  });
  io.progress('');
  return { seed: spec.seed, endUs: virtualUs, zeroUs: 0 };
}

function refuse(flags: SourceFlags, names: readonly string[], file: string, what: string): void {
  const stray = names.find((name) => isGiven(flags, name));
  if (stray !== undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${stray}: means nothing with ${file}, ${what}; allowed with recorded agents`,
    );
}

/** `recording day.rec, seed 1`, or `run-…, seed 1`; of a live run with its date. */
export function titleOf({ name, kind, seed, zeroUs }: ReadRun): string {
  const date =
    zeroUs === 0
      ? ''
      : `, ${new Date(Math.floor(zeroUs / 1000)).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return `${kind === 'run' ? '' : `${kind} `}${name}, seed ${seed}${date}`;
}
