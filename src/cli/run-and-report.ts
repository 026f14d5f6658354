/** Runs a workload with the flags that commands share, and prints what came of it: for people, or as one JSON document. */
import { NativeTextHash } from '../adapters/storage/native-sha256.ts';
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import { Kernel } from '../kernel/kernel.ts';
import { eventLine } from '../sim/event-hash.ts';
import { RecordingWriter } from '../sim/recording.ts';
import { runWorkload, type WorkloadResult } from '../sim/run-workload.ts';
import { kernelOptionsOf, type SimulationSpec } from '../sim/spec.ts';
import type { Workload } from '../sim/workloads/workload.ts';
import type { Call, CommonOptions, Io } from './command.ts';
import { checkOutputs, LineFile } from './line-file.ts';
import { packageVersion } from './package-version.ts';
import { openRunFiles, runFileOutputs } from './run-files.ts';
import { repeatWords, type RunFlags } from './run-flags.ts';
import { summaryLines } from './run-summary.ts';
import { troubleLines } from './run-verdict.ts';

export interface RunRequest {
  readonly command: string;
  readonly call: Call<CommonOptions & RunFlags>;
  readonly workload: Workload;
  readonly spec: SimulationSpec;
  /** The policy of the description's `schedulerFile`. */
  readonly ownScheduler?: CreateSchedulingPolicy | undefined;
  readonly program: 'replayed' | 'scripted';
  readonly untilUs?: number;
  readonly io: Io;
}

/** Returns the exit status: 1 when the run went wrong (run-verdict.ts), else 0. */
export function runAndReport(request: RunRequest): number {
  const { workload, spec, io } = request;
  const { options, operands } = request.call;
  // Everything is checked before any file is touched.
  const machine = new Kernel({ ...kernelOptionsOf(spec, request.ownScheduler), records: false }).options;
  const { record, events: log } = options;
  checkOutputs({ '--record': record, '--events': log, ...runFileOutputs(options) }, operands);
  const started = performance.now();
  const events = log === undefined ? undefined : new LineFile('--events', log);
  const recording = record === undefined ? undefined : new LineFile('--record', record);
  const version = packageVersion();
  const { seed } = spec;
  const repeat = repeatWords(request.command, operands, { given: options.given, seed }).join(' ');
  const files = openRunFiles(options, machine, { ringzero: version, seed, repeat });
  const writer =
    recording && new RecordingWriter({ ringzero: version, spec }, (line) => recording.write(line));
  let nowUs = 0;
  const run: Parameters<typeof runWorkload>[0] = {
    spec,
    ...(request.ownScheduler === undefined ? {} : { ownScheduler: request.ownScheduler }),
    agents: workload.agents,
    program: request.program,
    check: options.check,
    keepRecords: false,
    textHash: new NativeTextHash(),
    ...(request.untilUs === undefined ? {} : { untilUs: request.untilUs }),
    onEvent(event) {
      nowUs = event.atUs;
      events?.write(eventLine(event));
      files.onEvent(event);
    },
    ...(writer === undefined ? {} : { onInput: (input) => writer.add(input) }),
    onProgress: progressOf(io),
  };
  let result: WorkloadResult;
  try {
    result = runWorkload(run);
  } catch (error) {
    // The way to what went wrong is shown; a recording without an end could not be rerun.
    closeAll(
      () => files.close(nowUs),
      () => events?.close(),
      () => recording?.discard(),
    );
    throw error;
  }
  writer?.end(result.events, result.eventHash);
  files.close(result.virtualUs);
  events?.close();
  recording?.close();
  io.progress('');
  const seconds = (performance.now() - started) / 1000;
  if (options.json) io.out(JSON.stringify(document(request, result, version, seconds), null, 1));
  else for (const line of summaryLines(request, result, seconds)) io.out(line);
  return troubleLines(result).length > 0 ? 1 : 0;
}

/** As far as it can be: what went wrong first is what is told. */
function closeAll(...closers: readonly (() => void)[]): void {
  for (const close of closers)
    try {
      close();
    } catch {
      // A disk that is full has no room for the end of a file, either.
    }
}

/** What `--json` prints. Everything but `wall` is the same in every run of the same command. */
function document(request: RunRequest, result: WorkloadResult, version: string, seconds: number): object {
  const { workload, spec } = request;
  const {
    operands,
    options: { given },
  } = request.call;
  const { metrics } = result;
  const { perProcess, faults, startUs: _start, endUs: _end, ...rest } = metrics;
  const pages = faults.compulsory.pages + faults.capacity.pages + faults.hole.pages;
  return {
    command: request.command,
    ringzero: version,
    file: operands[0],
    format: workload.format,
    seed: spec.seed,
    repeat: repeatWords(request.command, operands, { given, seed: spec.seed }).join(' '),
    options: spec,
    ...rest,
    messages: workload.facts.messages,
    eventHash: result.eventHash,
    events: result.events,
    inputs: result.inputs,
    virtualSeconds: result.virtualUs / 1_000_000,
    isCut: result.isCut,
    faults: pages,
    faultsByKind: faults,
    perProcess,
    wall: { seconds, eventsPerSecond: Math.round(result.events / seconds) },
  };
}

function progressOf(io: Io): (ended: number, of: number, virtualUs: number) => void {
  let shownMs = 0;
  return (ended, of) => {
    const nowMs = performance.now();
    if (nowMs - shownMs < 100) return;
    shownMs = nowMs;
    const width = 30;
    const filled = Math.round((ended / of) * width);
    io.progress(`${'█'.repeat(filled)}${'·'.repeat(width - filled)}  ${ended} of ${of} agents`);
  };
}
