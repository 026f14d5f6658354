/** `--plot`, `--report` and `--csv`: files that show what a command of a laboratory found. */
import { writeFileSync } from 'node:fs';

import type { Command as CommanderCommand } from 'commander';

import { invalid, messageOf } from '../kernel/errors.ts';
import { checkOutputs } from './line-file.ts';
import { checkPlotName, writePlot } from './plot-file.ts';

export interface ResultFileFlags {
  readonly plot?: string;
  readonly report?: string;
  readonly csv?: string;
}

/** Made when they are asked for. */
export interface ResultFiles {
  /** The drawing as SVG. */
  readonly plot: () => string;
  readonly html: () => string;
  readonly csv: () => string;
}

/** `drawn`: what the plot shows; `input`: what the report tells of beside the results. */
export function addResultFileFlags(
  command: CommanderCommand,
  { drawn, input }: { readonly drawn: string; readonly input: string },
): void {
  command
    .option('--plot <file>', `draw ${drawn} into this file: .svg or .png`)
    .option(
      '--report <file>',
      `write one HTML page with everything: ${input}, tables, charts, how to repeat it`,
    )
    .option('--csv <file>', 'write the rows of the results, comma-separated');
}

/** Checks, before any work, that the files can be written; touches none. `inputs` must not be written over. */
export function checkResultFiles({ plot, report, csv }: ResultFileFlags, inputs: readonly string[]): void {
  if (plot !== undefined) checkPlotName(plot);
  checkOutputs({ '--plot': plot, '--report': report, '--csv': csv }, inputs);
}

export async function writeResultFiles(flags: ResultFileFlags, files: ResultFiles): Promise<void> {
  if (flags.plot !== undefined) await writePlot(flags.plot, files.plot());
  if (flags.report !== undefined) write('--report', flags.report, files.html());
  if (flags.csv !== undefined) write('--csv', flags.csv, files.csv());
}

function write(option: string, path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw invalid(option, path, `a file that can be written (${messageOf(error)})`);
  }
}
