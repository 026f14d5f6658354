/** Recordings, of simulated and of live runs: all inputs of one kernel with their times, and what a rerun of them must reproduce. */
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import { invalid, KernelError, messageOf } from '../kernel/errors.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Json } from '../kernel/ids.ts';
import type { Input } from '../kernel/inputs.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { KernelOptions } from '../kernel/options.ts';
import type { StepOutput } from '../kernel/outbox.ts';
import { recordingVersion, type RecordingFooter, type RecordingHeader } from '../kernel/records.ts';
import { EventHash } from './event-hash.ts';
import { isLiveSpec, liveKernelOptions, type CountTokens, type LiveSpec } from './live-spec.ts';
import { kernelOptionsOf, type SimulationSpec } from './spec.ts';
import { fieldError, integerAt, jsonAt, objectAt, stringAt, type JsonObject } from './workloads/fields.ts';

/** Writes a recording line by line: header, inputs, footer. */
export class RecordingWriter {
  private readonly write: (line: string) => void;
  private inputs = 0;

  constructor(
    { ringzero, spec }: { readonly ringzero: string; readonly spec: SimulationSpec | LiveSpec },
    write: (line: string) => void,
  ) {
    this.write = write;
    const header: RecordingHeader = {
      format: 'ringzero-recording',
      v: recordingVersion,
      ringzero,
      seed: spec.seed,
      options: spec as unknown as Json,
    };
    write(`${JSON.stringify(header)}\n`);
  }

  add(input: Input): void {
    this.inputs++;
    this.write(`${JSON.stringify(input)}\n`);
  }

  end(events: number, eventHash: string): void {
    const footer: RecordingFooter = { end: true, inputs: this.inputs, events, eventHash };
    this.write(`${JSON.stringify(footer)}\n`);
  }
}

/** Records a live run: what the live driver tells of its inputs and its events goes here. */
export class LiveRecorder {
  private readonly writer: RecordingWriter;
  private readonly hash = new EventHash();

  constructor(header: { readonly ringzero: string; readonly spec: LiveSpec }, write: (line: string) => void) {
    this.writer = new RecordingWriter(header, write);
  }

  readonly onInput = (input: Input): void => this.writer.add(input);
  readonly onEvent = (event: KernelEvent): void => this.hash.add(event);

  /** Nothing more was or will be told; returns the hash of the events. */
  end(): string {
    const { count } = this.hash;
    const eventHash = this.hash.digest();
    this.writer.end(count, eventHash);
    return eventHash;
  }
}

export interface RerunResult {
  readonly header: RecordingHeader;
  /** Undefined: its last line is missing, so that there is nothing to compare with. */
  readonly recorded: RecordingFooter | undefined;
  readonly inputs: number;
  readonly events: number;
  readonly eventHash: string;
  /** The rerun's event log equals the recorded one to the byte. */
  readonly isSame: boolean;
  /** Time of the last input, µs. */
  readonly virtualUs: number;
}

export interface RerunOptions {
  /** What somebody takes for its seed; another one is refused, because a recording has its own. */
  readonly seed?: number;
  /** Called when the kernel is made, before the first event. */
  readonly onStart?: (options: KernelOptions, header: RecordingHeader) => void;
  readonly onEvent?: (event: KernelEvent) => void;
  /** Every step, before its events are told. */
  readonly onStep?: (kernel: Kernel, input: Input, output: StepOutput) => void;
  /** Whether the kernel makes records, which hold the texts of prompts; default: it does not. */
  readonly records?: boolean;
  /** Its end may be missing, as of a program that died. */
  readonly mayBeCut?: boolean;
  /** The tokenizer of a live recording, by its name. */
  readonly tokenizer?: (name: string) => Promise<CountTokens>;
  /** Imports the policy of the description's `schedulerFile`, where it has one. */
  readonly ownScheduler?: (spec: SimulationSpec) => Promise<CreateSchedulingPolicy | undefined>;
}

/**
 * Feeds a recording to a new kernel, which needs nothing else but a scheduler of the user's own. Throws KernelError INVALID_FILE, with the line, when the
 * recording is of another format or version, damaged, or cut off.
 */
export async function rerun(
  name: string,
  lines: AsyncIterable<string>,
  {
    seed,
    onStart,
    onEvent,
    onStep,
    records = false,
    mayBeCut = false,
    ownScheduler,
    tokenizer,
  }: RerunOptions = {},
): Promise<RerunResult> {
  let header: RecordingHeader | undefined;
  let footer: RecordingFooter | undefined;
  let kernel: Kernel | undefined;
  /** What the kernel made of a line that can't be; the rest is only counted. */
  let misfit = '';
  const hash = new EventHash();
  let inputs = 0;
  let number = 0;
  let lastUs = 0;
  for await (const line of lines) {
    number++;
    const value = parseLine(name, number, line);
    if (footer !== undefined) throw damaged(name, number, 'a line behind the last one');
    if (kernel === undefined) {
      header = checkHeader(name, value);
      if (seed !== undefined && seed !== header.seed)
        throw invalid('--seed', seed, `${header.seed}, the seed of the recording`);
      const own = await ownScheduler?.(header.options as unknown as SimulationSpec);
      const { tokenizer: counter } = header.options as { readonly tokenizer?: string };
      const countTokens = counter === undefined ? undefined : await tokenizer?.(counter);
      kernel = kernelOf(name, header, { own, countTokens, records });
      onStart?.(kernel.options, header);
    } else if (value['end'] === true) footer = checkFooter(name, number, value);
    else {
      lastUs = checkInput(name, number, value, lastUs);
      inputs++;
      if (misfit !== '') continue;
      const input = value as unknown as Input;
      let output: StepOutput;
      try {
        output = kernel.step(input);
      } catch (error) {
        // The recorded kernel took all its inputs: this line is not what it got.
        misfit = `line ${number} does not follow from the lines before (${messageOf(error)})`;
        continue;
      }
      onStep?.(kernel, input, output);
      for (const event of output.events) {
        hash.add(event);
        onEvent?.(event);
      }
    }
  }
  if (header === undefined || (footer === undefined && !mayBeCut))
    throw damaged(name, number, 'the recording is cut off: its last line is missing');
  if (footer !== undefined && footer.inputs !== inputs)
    throw damaged(
      name,
      number,
      `${inputs} inputs, but the last line says ${footer.inputs}${misfit === '' ? '' : `; ${misfit}`}`,
    );
  if (misfit !== '') throw new KernelError('INVALID_FILE', `${name} ${misfit}`);
  const eventHash = hash.digest();
  return {
    header,
    recorded: footer,
    inputs,
    events: hash.count,
    eventHash,
    isSame: eventHash === footer?.eventHash && hash.count === footer.events,
    virtualUs: lastUs,
  };
}

function parseLine(name: string, number: number, line: string): JsonObject {
  const place = { file: name, at: `line ${number}` };
  return objectAt(place, 'document', jsonAt(place, line));
}

function checkHeader(name: string, value: JsonObject): RecordingHeader {
  const place = { file: name, at: 'line 1' };
  const { format, v } = value;
  if (format !== 'ringzero-recording') throw fieldError(place, 'format', format, '"ringzero-recording"');
  if (v !== recordingVersion) throw fieldError(place, 'v', v, String(recordingVersion));
  stringAt(place, 'ringzero', value['ringzero']);
  integerAt(place, 'seed', value['seed']);
  objectAt(place, 'options', value['options']);
  return value as unknown as RecordingHeader;
}

/** What a description names and does not hold. */
interface KernelParts {
  readonly records: boolean;
  readonly own: CreateSchedulingPolicy | undefined;
  readonly countTokens: CountTokens | undefined;
}

/** The kernel of a recording, as it was when its first input came. */
function kernelOf(name: string, { options }: RecordingHeader, { records, ...parts }: KernelParts): Kernel {
  const spec = options as unknown as SimulationSpec | LiveSpec;
  try {
    return isLiveSpec(spec)
      ? new Kernel({ ...liveKernelOptions(spec, parts), records })
      : new Kernel({ ...kernelOptionsOf(spec, parts.own), records });
  } catch (error) {
    throw damaged(name, 1, `options: no kernel can be made of them (${messageOf(error)})`);
  }
}

/** Returns the time of the input, µs. What else is in it, the kernel takes or not. */
function checkInput(name: string, number: number, value: JsonObject, lastUs: number): number {
  const place = { file: name, at: `line ${number}` };
  stringAt(place, 'type', value['type']);
  return integerAt(place, 'atUs', value['atUs'], lastUs);
}

function checkFooter(name: string, number: number, value: JsonObject): RecordingFooter {
  const place = { file: name, at: `line ${number}` };
  integerAt(place, 'inputs', value['inputs']);
  integerAt(place, 'events', value['events']);
  stringAt(place, 'eventHash', value['eventHash']);
  return value as unknown as RecordingFooter;
}

const damaged = (name: string, line: number, what: string): KernelError =>
  new KernelError('INVALID_FILE', `${name} line ${line}: ${what}`);
