/** `--perfetto` and `--csv`: files that show a run, written while it goes on. */
import type { Command as CommanderCommand } from 'commander';

import type { KernelEvent } from '../kernel/events.ts';
import { intervalCsvHeader, intervalCsvLine } from '../report/interval-csv.ts';
import { IntervalReader } from '../report/intervals.ts';
import { PerfettoWriter, type PerfettoOptions, type TraceMachine } from '../report/perfetto.ts';
import { LineFile, type Outputs } from './line-file.ts';

export interface RunFileFlags {
  readonly perfetto?: string;
  readonly csv?: string;
}

export function addRunFileFlags(command: CommanderCommand): void {
  command
    .option(
      '--perfetto <file>',
      'write the run as a trace for ui.perfetto.dev: cores, processes, why they waited; compressed if it ends in .gz',
    )
    .option('--csv <file>', 'write where each process’s time went, a line for each stretch and each wait');
}

/** For checkOutputs. */
export function runFileOutputs({ perfetto, csv }: RunFileFlags): Outputs {
  return { '--perfetto': perfetto, '--csv': csv };
}

/** Takes every event of a run, and the time of its end. */
export interface RunFiles {
  onEvent(event: KernelEvent): void;
  close(endUs: number): void;
  /** There is nothing to show: the files go. */
  discard(): void;
}

/** Opens what is asked for, which checkOutputs has allowed. */
export function openRunFiles(
  { perfetto, csv }: RunFileFlags,
  { engines, budgets }: TraceMachine,
  about: PerfettoOptions['about'],
): RunFiles {
  const files: RunFiles[] = [];
  if (perfetto !== undefined) {
    const file = new LineFile('--perfetto', perfetto);
    const writer = new PerfettoWriter({ engines, budgets, about, write: (text) => file.write(text) });
    files.push({
      onEvent: (event) => writer.onEvent(event),
      close(endUs) {
        writer.end(endUs);
        file.close();
      },
      discard: () => file.discard(),
    });
  }
  if (csv !== undefined) files.push(csvFile(csv));
  return {
    onEvent(event) {
      for (const file of files) file.onEvent(event);
    },
    close(endUs) {
      for (const file of files) file.close(endUs);
    },
    discard() {
      for (const file of files) file.discard();
    },
  };
}

function csvFile(path: string): RunFiles {
  const file = new LineFile('--csv', path);
  file.write(intervalCsvHeader);
  const intervals = new IntervalReader({ interval: (interval) => file.write(intervalCsvLine(interval)) });
  return {
    onEvent: (event) => intervals.read(event),
    close(endUs) {
      intervals.end(endUs);
      file.close();
    },
    discard: () => file.discard(),
  };
}
