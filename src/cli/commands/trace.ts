/** `ringzero trace …`: page reference strings looked at, converted, generated (docs/traces.md). */
import type { CommandGroup } from '../command.ts';
import { traceConvertCommand } from './trace-convert.ts';
import { traceGenerateCommand } from './trace-generate.ts';
import { traceInfoCommand } from './trace-info.ts';

export const traceCommands: CommandGroup = {
  name: 'trace',
  summary: 'Look at, convert and generate page reference strings.',
  commands: [traceInfoCommand, traceConvertCommand, traceGenerateCommand],
};
