/** `ringzero doctor`: is everything there that live agents need? (docs/run.md) */
import { Chalk } from 'chalk';
import type { Command as CommanderCommand } from 'commander';

import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { examine, type DoctorFlags, type Finding } from '../live/doctor-checks.ts';
import { addModelFlags } from '../live/settings.ts';
import { parseDurationUs } from '../options.ts';
import { packageVersion } from '../package-version.ts';

type DoctorOptions = CommonOptions & DoctorFlags & { readonly timeout: number };

export const doctorCommand: Command<DoctorOptions> = {
  name: 'doctor',
  summary: 'Look whether everything is there that live agents need.',
  register(command: CommanderCommand): void {
    addModelFlags(command);
    command
      .option(
        '--mcp <command>',
        'MCP server to look at: a command in quotes or a URL; can be repeated (default: none)',
        (value: string, before: readonly string[]): readonly string[] => [...before, value],
        [],
      )
      .option(
        '--timeout <time>',
        'longest wait for the endpoint (default: 30s)',
        (text) => parseDurationUs('--timeout', text),
        30_000_000,
      );
    command.addHelpText(
      'after',
      '\nExit status: 0, or 1 when something fails. The model is asked twice, for a few tokens.',
    );
  },
  async run({ options }: Call<DoctorOptions>, io: Io): Promise<number> {
    const { json, timeout: timeoutUs } = options;
    const findings: Finding[] = [];
    io.progress('looking…');
    for await (const finding of examine({ ...options, timeoutUs }, io)) {
      findings.push(finding);
      if (!json) for (const line of linesOf(finding, io)) io.out(line);
    }
    io.progress('');
    const isWell = findings.every(({ status }) => status !== 'fail');
    if (json)
      io.out(
        JSON.stringify({ command: 'doctor', ringzero: packageVersion(), ok: isWell, findings }, null, 1),
      );
    return isWell ? 0 : 1;
  },
};

function linesOf({ check, status, text, advice }: Finding, { colours }: Io): readonly string[] {
  const chalk = new Chalk({ level: colours ? 1 : 0 });
  const colour = { ok: chalk.green, warn: chalk.yellow, fail: chalk.red }[status];
  const head = `${colour(status.padEnd(4))}  ${check.padEnd(10)}  ${text}`;
  return advice === undefined ? [head] : [head, `      ${' '.repeat(10)}  ${chalk.dim(advice)}`];
}
