/** Runs a workload with the flags that commands share, and prints what came of it: for people, or as one JSON document. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

import { invalid } from '../kernel/errors.ts';
import type { KernelEvent } from '../kernel/events.ts';
import { eventLine } from '../sim/event-hash.ts';
import { RecordingWriter } from '../sim/recording.ts';
import { runWorkload, type WorkloadResult } from '../sim/run-workload.ts';
import type { SimulationSpec } from '../sim/spec.ts';
import type { Workload } from '../sim/workloads/workload.ts';
import type { Io } from './command.ts';
import { packageVersion } from './package-version.ts';
import { summaryLines } from './run-summary.ts';

export interface RunFlags {
  readonly check: boolean;
  readonly record?: string;
  readonly events?: string;
}

export interface RunRequest {
  readonly command: string;
  readonly file: string;
  readonly workload: Workload;
  readonly spec: SimulationSpec;
  readonly program: 'replayed' | 'scripted';
  readonly untilUs?: number;
  readonly flags: RunFlags;
  readonly io: Io;
  readonly isJson: boolean;
}

/** Exit status 0, also when agents failed: that is a result, not a fault of the run. */
export async function runAndReport(request: RunRequest): Promise<number> {
  const { workload, spec, flags, io } = request;
  const started = performance.now();
  const events = flags.events === undefined ? undefined : new LineFile('--events', flags.events);
  const recording = flags.record === undefined ? undefined : new LineFile('--record', flags.record);
  const version = packageVersion();
  const writer = recording && new RecordingWriter({ ringzero: version, spec }, (line) => recording.write(line));
  const result = runWorkload({
    spec,
    agents: workload.agents,
    program: request.program,
    check: flags.check,
    keepRecords: false,
    ...(request.untilUs === undefined ? {} : { untilUs: request.untilUs }),
    ...(events === undefined ? {} : { onEvent: (event: KernelEvent) => events.write(eventLine(event)) }),
    ...(writer === undefined ? {} : { onInput: (input) => writer.add(input) }),
    onProgress: progressOf(io),
  });
  writer?.end(result.events, result.eventHash);
  await Promise.all([events?.close(), recording?.close()]);
  io.progress('');
  const seconds = (performance.now() - started) / 1000;
  if (request.isJson) io.out(JSON.stringify(document(request, result, version, seconds), null, 1));
  else for (const line of summaryLines(request, result, seconds)) io.out(line);
  return 0;
}

/** What `--json` prints. Everything but `wall` is the same in every run of the same command. */
function document(request: RunRequest, result: WorkloadResult, version: string, seconds: number): object {
  const { workload, spec } = request;
  const { metrics } = result;
  const { perProcess, modelCalls, callsFailed, callsRefused, callsBypassed, faults, startUs: _start, endUs: _end, ...rest } = metrics;
  const pages = faults.compulsory.pages + faults.capacity.pages + faults.hole.pages;
  return {
    command: request.command,
    ringzero: version,
    file: request.file,
    format: workload.format,
    seed: spec.seed,
    options: spec,
    ...rest,
    processes: metrics.processes,
    completed: metrics.completed,
    modelCalls: result.callsRequested,
    modelCallsCompleted: modelCalls,
    modelCallsFailed: callsFailed,
    modelCallsRefused: callsRefused,
    modelCallsBypassed: callsBypassed,
    toolCalls: metrics.toolCalls,
    messages: workload.facts.messages,
    eventHash: result.eventHash,
    events: result.events,
    inputs: result.inputs,
    virtualSeconds: result.virtualUs / 1_000_000,
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

/** A file that is written line by line, in blocks; the run itself is synchronous, so that what it writes waits in memory until close. */
class LineFile {
  private readonly stream: ReturnType<typeof createWriteStream>;
  private readonly failed: Promise<never>;
  private block: string[] = [];

  constructor(option: string, path: string) {
    this.stream = createWriteStream(path);
    this.failed = once(this.stream, 'error').then(([error]) => {
      throw invalid(option, path, `a file that can be written (${(error as Error).message})`);
    });
    this.failed.catch(() => {});
  }

  write(line: string): void {
    this.block.push(line);
    if (this.block.length === 4_096) this.flush();
  }

  async close(): Promise<void> {
    this.flush();
    await Promise.race([new Promise<void>((resolve) => void this.stream.end(resolve)), this.failed]);
  }

  private flush(): void {
    this.stream.write(this.block.join(''));
    this.block = [];
  }
}
