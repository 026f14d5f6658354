#!/usr/bin/env node
/** The process: words in, exit status out. Everything else, and so everything a test can reach, is in program.ts. */
import { commandTable } from './command-table.ts';
import { runProgram } from './program.ts';
import { processIo } from './process-io.ts';

// `ringzero replay … | head` closes our output while we still print; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: standard output: cannot be written (${error.code ?? error.message})\n`);
  process.exit(1);
});

// The status is set, not exited with: what is still in the pipe must get out first.
process.exitCode = await runProgram(process.argv.slice(2), commandTable, processIo());
