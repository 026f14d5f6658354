/** `ringzero sweep FILE`: policies × workloads × capacities × seeds, over the threads of this machine or the workers of many (docs/sweep.md). */
import { writeFileSync } from 'node:fs';

import type { Command as CommanderCommand } from 'commander';

import { invalid, messageOf } from '../../kernel/errors.ts';
import type { KeyedCell } from '../../sim/sweep/cells.ts';
import type { Outcome } from '../../sim/sweep/outcomes.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import { failuresIn, ResultFile } from '../sweep/result-file.ts';
import { openJobs } from '../jobs/job-flags.ts';
import { runSweep } from '../sweep/run-sweep.ts';
import { submitSweep } from '../sweep/submit-sweep.ts';
import { planSweep, type SweepPlan } from '../sweep/sweep-plan.ts';
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
    const { output, csv, report } = options;
    if (options.database !== undefined && isGiven(options, '--threads'))
      throw invalid('--threads', options.threads, 'none with --database: its workers have their own');
    const seed = isGiven(options, '--seed') ? options.seed : undefined;
    const plan = await planSweep(path, { seed, onReading: (name) => io.progress(`reading ${name}`) });
    const inputs = [path, ...[...plan.workloads.values()].map((file) => file.path)];
    checkOutputs({ '--output': output, '--csv': csv, '--report': report }, inputs);
    const file = output === undefined ? undefined : new ResultFile(output, plan.cells, inputs);
    const started = performance.now();
    const outcomes = await outcomesOf(plan, file, options, io);
    file?.finish(plan.cells, outcomes);
    const findings: SweepFindings = {
      plan,
      outcomes,
      repeat: repeatWords('sweep', operands, { given: options.given, seed }).join(' '),
    };
    const files = sweepFiles(findings);
    if (csv !== undefined) write('--csv', csv, files.csv());
    if (report !== undefined) write('--report', report, files.html());
    const reused = file?.found.size ?? 0;
    const wall = {
      seconds: (performance.now() - started) / 1_000,
      computed: plan.cells.length - reused,
      reused,
    };
    if (options.json) io.out(JSON.stringify({ ...sweepDocument(findings), wall }, null, 1));
    else for (const line of sweepLines(findings, io)) io.out(line);
    return failuresIn(outcomes.values()) === 0 ? 0 : 1;
  },
};

/** Of every cell, by key: what the file has, and what comes of the others. */
async function outcomesOf(
  plan: SweepPlan,
  file: ResultFile | undefined,
  { threads, database }: SweepOptions,
  io: Io,
): Promise<ReadonlyMap<string, Outcome>> {
  const found = file?.found ?? new Map<string, Outcome>();
  const outcomes = new Map(found);
  const onOutcome = (cell: KeyedCell, outcome: Outcome): void => {
    outcomes.set(cell.key, outcome);
    file?.add(cell, outcome);
  };
  if (database === undefined) {
    await runSweep(plan, { found, threads, onOutcome, io });
    return outcomes;
  }
  const jobs = await openJobs({ database }, io);
  try {
    await submitSweep(plan, jobs, { found, onOutcome, io });
  } catch (error) {
    throw jobs.error(error);
  } finally {
    await jobs.close();
  }
  return outcomes;
}

function write(option: string, path: string, content: string): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw invalid(option, path, `a file that can be written (${messageOf(error)})`);
  }
}
