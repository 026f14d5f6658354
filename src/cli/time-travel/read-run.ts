/** The events of a run, from a file of any kind: a recording is fed to a new kernel, a scenario or recorded agents are run in virtual time. */
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
import { replayInput, scenarioInput, type RunInput } from '../run-input.ts';
import { parseScheduler, recordedScheduler, schedulersAllowed } from '../scheduler-choice.ts';
import { keptRecordings, type OpenRecording } from '../store/open-recordings.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

export interface SourceFlags extends KernelFlags, Pick<StoreFlags, 'store'> {
  readonly scheduler?: string;
  readonly until?: number;
}

/** A kernel is made: what takes its events. */
export type Watch = (machine: TimelineMachine) => (event: KernelEvent) => void;

export interface ReadRun {
  readonly kind: 'recording' | 'scenario' | 'agents';
  readonly seed: number;
  /** When it ended, or was cut off, µs: not before its last event. */
  readonly endUs: number;
  /** What clocks count from, µs: 0 in virtual time; of a live run, whose times are those of the calendar, its first event. */
  readonly zeroUs: number;
}

export const runFile =
  'a recording (made with --record), a scenario, or recorded agents, plain or compressed, - for standard input, found by content; or a run that is kept, of which it is what the last program did';

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
  addStoreFlag(command);
  addKernelFlags(command);
  keepGiven(command);
}

/** Throws KernelError: a file that is none of these, flags that mean nothing for it, a recording that does not come out the same. */
export async function readRun(path: string, flags: SourceFlags, io: Io, watch: Watch): Promise<ReadRun> {
  io.progress(`reading ${path}`);
  const kept = (await keptRecordings(path, flags, io))?.at(-1);
  if (kept !== undefined) return recorded(kept, flags, watch);
  const file = await openInputFile(path);
  const head = await file.head();
  if (isRecording(head))
    return recorded({ name: file.name, lines: () => file.lines(), mayBeCut: false }, flags, watch);
  if (isScenario(head)) {
    refuse(flags, kernelFlagNames(), file.name, 'a scenario, which has a kernel and arrivals of its own');
    return simulated('scenario', await scenarioInput(file, flags), io, watch);
  }
  const others = '; or a scenario (JSON object with agents), or a recording';
  const input = await replayInput(file, { ...flags, scheduler: flags.scheduler ?? 'priority' }, others);
  const { until } = flags;
  return simulated('agents', until === undefined ? input : { ...input, untilUs: until }, io, watch);
}

async function recorded(file: OpenRecording, flags: SourceFlags, watch: Watch): Promise<ReadRun> {
  const settings = ['--scheduler', '--until', ...kernelFlagNames()];
  refuse(flags, settings, file.name, 'a recording, which has settings of its own');
  let onEvent: ReturnType<Watch> | undefined;
  let firstUs: number | undefined;
  const {
    header,
    recorded: end,
    isSame,
    virtualUs,
  } = await rerun(file.name, file.lines(), {
    mayBeCut: file.mayBeCut,
    ownScheduler: recordedScheduler,
    tokenizer: recordedTokenizer,
    ...(isGiven(flags, '--seed') ? { seed: flags.seed } : {}),
    onStart: ({ engines, budgets }) => (onEvent = watch({ engines, budgets })),
    onEvent(event) {
      firstUs ??= event.atUs;
      onEvent!(event);
    },
  });
  // Of a program that died there is no end to compare with.
  if (end !== undefined && !isSame)
    throw new KernelError(
      'INVALID_FILE',
      `${file.name}: a rerun of it comes out otherwise (see ringzero rerun), so that it does not say what happened; allowed: a recording of this version`,
    );
  const isLive = isLiveSpec(header.options as unknown as SimulationSpec);
  return { kind: 'recording', seed: header.seed, endUs: virtualUs, zeroUs: isLive ? (firstUs ?? 0) : 0 };
}

function simulated(kind: 'scenario' | 'agents', input: RunInput, io: Io, watch: Watch): ReadRun {
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
  return { kind, seed: spec.seed, endUs: virtualUs, zeroUs: 0 };
}

function refuse(flags: SourceFlags, names: readonly string[], file: string, what: string): void {
  const stray = names.find((name) => isGiven(flags, name));
  if (stray !== undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${stray}: means nothing with ${file}, ${what}; allowed with recorded agents`,
    );
}

/** `recording day.rec, seed 1`; of a live run with its date. */
export function titleOf(file: string, { kind, seed, zeroUs }: ReadRun): string {
  const date =
    zeroUs === 0
      ? ''
      : `, ${new Date(Math.floor(zeroUs / 1000)).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return `${kind} ${file}, seed ${seed}${date}`;
}
