/**
 * Keeps the recording of a kernel beside its records: lines gather and go out together, at most a second later, in a part of their own. Nothing waits for them: a crash costs the last
 * instants of a recording, never a step.
 */
import { KernelError } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';
import { historyVersion, type RecordingRecord } from '../kernel/records.ts';
import type { StorageManager } from '../kernel/storage.ts';
import type { Clock } from './ports.ts';

export interface RunRecorderOptions {
  readonly storage: Pick<StorageManager, 'append'>;
  readonly clock: Clock;
  readonly run: string;
  /** Names the kernel within the run. */
  readonly session: string;
  /** Once: nothing more of the recording is kept. */
  readonly onFailure: (why: unknown) => void;
}

/** What has gathered goes out so long after the first of it, µs, or when it is so much. */
const delayUs = 1_000_000;
const mostLines = 256;

export class RunRecorder {
  private readonly options: RunRecorderOptions;
  /** As JSON: what they tell of may change. */
  private lines: string[] = [];
  /** Parts of which nobody knows whether they are stored: they come again as they are, before any other. */
  private unsure: readonly RecordingRecord[] = [];
  private parts = 0;
  private isOver = false;
  private cancelTimer: (() => void) | undefined;
  /** Behind the part that is on its way. */
  private last: Promise<void> = Promise.resolve();

  constructor(options: RunRecorderOptions) {
    this.options = options;
  }

  /** A line as JSON. */
  readonly add = (line: string): void => {
    if (this.isOver) return;
    this.lines.push(line);
    if (this.lines.length >= mostLines) return this.flush();
    const { clock } = this.options;
    this.cancelTimer ??= clock.at(clock.nowUs() + delayUs, () => this.flush());
  };

  /** Resolves when all of it is durable, or cannot be. */
  async close(): Promise<void> {
    this.flush();
    await this.last;
    this.isOver = true;
  }

  private flush(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const { lines } = this;
    if (lines.length === 0 && this.unsure.length === 0) return;
    this.lines = [];
    this.last = this.last.then(() => this.store(lines));
  }

  private async store(lines: readonly string[]): Promise<void> {
    if (this.isOver) return;
    const { storage, onFailure } = this.options;
    const parts = lines.length === 0 ? this.unsure : [...this.unsure, this.part(lines)];
    try {
      await storage.append(parts);
      this.unsure = [];
    } catch (error) {
      // What is unavailable now may be there when the next part comes.
      if (error instanceof KernelError && error.code === 'STORAGE_UNAVAILABLE') {
        this.unsure = parts;
        return;
      }
      this.isOver = true;
      onFailure(error);
    }
  }

  private part(lines: readonly string[]): RecordingRecord {
    const { clock, run, session } = this.options;
    this.parts++;
    return {
      v: historyVersion,
      type: 'recording',
      run,
      session,
      part: this.parts,
      lines: lines.map((line) => JSON.parse(line) as Json),
      atUs: clock.nowUs(),
    };
  }
}
