/** A process that runs the commands of a page one after another, each as if it had a process of its own: `page-commands.ts [[WORD, …], …]` prints what each has printed, as JSON. */
import { commandTable } from '../../src/cli/command-table.ts';
import { processIo } from '../../src/cli/process-io.ts';
import { runProgram } from '../../src/cli/program.ts';

const commands = JSON.parse(process.argv[2]!) as readonly (readonly string[])[];
const screens: string[] = [];
for (const words of commands) {
  // Both outputs in the order in which they came, as on a terminal.
  let screen = '';
  const write = (text: string): void => void (screen += text);
  const line = (text: string): void => write(`${text}\n`);
  await runProgram(words, commandTable, { ...processIo(), write, out: line, err: line, progress: () => {} });
  screens.push(screen);
}
process.stdout.write(JSON.stringify(screens));
