/** Recordings of simulated runs: all inputs of one kernel with their times, and what a rerun of them must reproduce. */
import { KernelError } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import type { Input } from '../kernel/inputs.ts';
import { Kernel } from '../kernel/kernel.ts';
import { recordingVersion, type RecordingFooter, type RecordingHeader } from '../kernel/records.ts';
import { EventHash } from './event-hash.ts';
import { kernelOptionsOf, type SimulationSpec } from './spec.ts';

/** Writes a recording line by line: header, inputs, footer. */
export class RecordingWriter {
  private readonly write: (line: string) => void;
  private inputs = 0;

  constructor(
    { ringzero, spec }: { readonly ringzero: string; readonly spec: SimulationSpec },
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

export interface RerunResult {
  readonly header: RecordingHeader;
  readonly recorded: RecordingFooter;
  readonly inputs: number;
  readonly events: number;
  readonly eventHash: string;
  /** The rerun's event log equals the recorded one to the byte. */
  readonly isSame: boolean;
}

/**
 * Feeds a recording to a new kernel, which needs nothing else. Throws KernelError INVALID_FILE, with the line, when the recording is of another format
 * or version, damaged, or cut off.
 */
export async function rerun(name: string, lines: AsyncIterable<string>): Promise<RerunResult> {
  let header: RecordingHeader | undefined;
  let footer: RecordingFooter | undefined;
  let kernel: Kernel | undefined;
  const hash = new EventHash();
  let inputs = 0;
  let number = 0;
  for await (const line of lines) {
    number++;
    const value = parseLine(name, number, line);
    if (footer !== undefined) throw damaged(name, number, 'a line behind the last one');
    if (kernel === undefined) {
      header = checkHeader(name, value);
      kernel = new Kernel({
        ...kernelOptionsOf(header.options as unknown as SimulationSpec),
        records: false,
      });
    } else if (value['end'] === true) footer = value as unknown as RecordingFooter;
    else {
      if (typeof value['type'] !== 'string' || !Number.isSafeInteger(value['atUs']))
        throw damaged(name, number, 'not an input with type and atUs');
      inputs++;
      const { events } = kernel.step(value as unknown as Input);
      for (const event of events) hash.add(event);
    }
  }
  if (header === undefined || footer === undefined)
    throw damaged(name, number, 'the recording is cut off: its last line is missing');
  if (footer.inputs !== inputs)
    throw damaged(name, number, `${inputs} inputs, but the last line says ${footer.inputs}`);
  const eventHash = hash.digest();
  return {
    header,
    recorded: footer,
    inputs,
    events: hash.count,
    eventHash,
    isSame: eventHash === footer.eventHash && hash.count === footer.events,
  };
}

function parseLine(name: string, number: number, line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw damaged(name, number, 'not a JSON object');
}

function checkHeader(name: string, value: Record<string, unknown>): RecordingHeader {
  if (value['format'] !== 'ringzero-recording')
    throw damaged(
      name,
      1,
      `format: ${JSON.stringify(value['format'] ?? null)} is not allowed; allowed: "ringzero-recording"`,
    );
  if (value['v'] !== recordingVersion)
    throw damaged(
      name,
      1,
      `v: ${JSON.stringify(value['v'] ?? null)} is not allowed; allowed: ${recordingVersion}`,
    );
  return value as unknown as RecordingHeader;
}

const damaged = (name: string, line: number, what: string): KernelError =>
  new KernelError('INVALID_FILE', `${name} line ${line}: ${what}`);
