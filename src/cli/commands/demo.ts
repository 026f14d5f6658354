/** `ringzero demo`: what examples/kernel.ts shows. */
import { runDemo } from '../../sim/demo.ts';
import type { Call, Command, Io } from '../command.ts';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'watch a kernel schedule, page, meter, checkpoint and audit three agents (virtual time)',
  register(): void {},
  run({ options }: Call, io: Io): number {
    const lines: string[] = [];
    runDemo((line) => lines.push(line));
    if (options.json) io.out(JSON.stringify({ command: 'demo', lines }, null, 1));
    else for (const line of lines) io.out(line);
    return 0;
  },
};
