/** `ringzero sweep FILE`: policies × workloads × capacities × seeds, over the threads of this machine or the workers of many (docs/sweep.md). */
import { writeFileSync } from 'node:fs';

import type { Command as CommanderCommand } from 'commander';

import { AssertionError } from '../../base/assert.ts';
import { invalid, messageOf } from '../../kernel/errors.ts';
import type { KeyedCell } from '../../sim/sweep/cells.ts';
import type { Outcome } from '../../sim/sweep/outcomes.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import { CellThreads } from '../sweep/cell-threads.ts';
import { failuresIn, ResultFile } from '../sweep/result-file.ts';
import { openJobs } from '../jobs/job-flags.ts';
import { runSweep } from '../sweep/run-sweep.ts';
import { submitSweep } from '../sweep/submit-sweep.ts';
import { planSweep } from '../sweep/sweep-plan.ts';
import { sweepDocument, sweepFiles, sweepLines, type SweepFindings } from '../sweep/sweep-report.ts';
import { addThreadsFlag } from '../thread-pool.ts';

interface SweepOptions extends CommonOptions {
  readonly given: RunFlags['given'];
  readonly threads: number;
  readonly database?: string;
  readonly output?: string;
  readonly csv?: string;
  readonly report?: string;
}

export const sweepCommand: Command<SweepOptions> = {
  name: 'sweep',
  summary: 'Run policies × workloads × capacities × seeds over all cores, or over many machines.',
  register(command: CommanderCommand): void {
    command.argument('<file>', 'the sweep, as JSON');
    addThreadsFlag(command);
    command
      .option('--database <url>', 'a postgres:// URL: workers on any machines compute it (ringzero worker)')
      .option(
        '--output <file>',
        'keep each result as it comes, a line of JSON each; a sweep that was cut off goes on with what is missing there',
      )
      .option('--csv <file>', 'write a row for each cell, comma-separated')
      .option('--report <file>', 'write the tables as one HTML page');
    keepGiven(command);
  },
  async run({ operands, options }: Call<SweepOptions>, io: Io): Promise<number> {
    const [path = ''] = operands;
    if (options.database !== undefined && isGiven(options, '--threads'))
      throw invalid('--threads', options.threads, 'none with --database: its workers have their own');
    // One thread is this one.
    const isAlone = options.threads === 1 || options.database !== undefined;
    const pool = new CellThreads(options.threads, { isAlone });
    try {
      return await sweep(path, { options, pool, io });
    } finally {
      await pool.stop();
    }
  },
};

interface Sweeping {
  readonly options: SweepOptions;
  readonly pool: CellThreads;
  readonly io: Io;
}

/** Returns the exit status. */
async function sweep(path: string, { options, pool, io }: Sweeping): Promise<number> {
  const { output, csv, report } = options;
  const started = performance.now();
  const used = process.cpuUsage();
  const seed = isGiven(options, '--seed') ? options.seed : undefined;
  const plan = await planSweep(path, {
    seed,
    onReading(name) {
      pool.warm();
      io.progress(`reading ${name}`);
    },
  });
  const inputs = [path, ...[...plan.workloads.values()].map((file) => file.path)];
  checkOutputs({ '--output': output, '--csv': csv, '--report': report }, inputs);
  const jobs = options.database === undefined ? undefined : await openJobs(options, io);
  const outcomes = new Map<string, Outcome>();
  let reused = 0;
  try {
    const file = output === undefined ? undefined : new ResultFile(output, plan.cells, inputs);
    const found = file?.found ?? new Map<string, Outcome>();
    for (const [key, outcome] of found) outcomes.set(key, outcome);
    reused = found.size;
    const onOutcome = (cell: KeyedCell, outcome: Outcome): void => {
      outcomes.set(cell.key, outcome);
      file?.add(cell, outcome);
    };
    if (jobs === undefined) await runSweep(plan, { found, pool, onOutcome, io });
    else await submitSweep(plan, jobs, { found, onOutcome, io });
    file?.finish(plan.cells, outcomes);
  } catch (error) {
    throw jobs === undefined || error instanceof AssertionError ? error : jobs.error(error);
  } finally {
    await jobs?.close();
  }
  const repeat = repeatWords('sweep', [path], { given: options.given, seed }).join(' ');
  const findings: SweepFindings = { plan, outcomes, repeat };
  const files = sweepFiles(findings);
  if (csv !== undefined) write('--csv', csv, files.csv());
  if (report !== undefined) write('--report', report, files.html());
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(used);
  const wall = {
    seconds,
    // Of this process with all its threads.
    processorSeconds: (user + system) / 1_000_000,
    computed: plan.cells.length - reused,
    reused,
  };
  if (options.json) io.out(JSON.stringify({ ...sweepDocument(findings), wall }, null, 1));
  else for (const line of sweepLines(findings, io)) io.out(line);
  return failuresIn(outcomes.values()) === 0 ? 0 : 1;
}

function write(option: string, path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw invalid(option, path, `a file that can be written (${messageOf(error)})`);
  }
}
