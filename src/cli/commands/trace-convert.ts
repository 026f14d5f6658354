/** `ringzero trace convert FILE OUT`: the same references in another format, or the agents of a log as a workload. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { writeOutputFile } from '../../adapters/files/output-file.ts';
import { invalid } from '../../kernel/errors.ts';
import { formatCount } from '../../report/format.ts';
import type { WrittenFormat } from '../../sim/paging/write-references.ts';
import { agentLines } from '../../sim/workloads/agents-file.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import { tokensOfWorkload } from '../../sim/workloads/workload.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import { readReferences } from '../read-references.ts';
import {
  addReadFlags,
  addWriteFlags,
  checkNewFile,
  writeReferences,
  writtenLine,
  type ReadFlags,
  type WriteFlags,
} from '../trace-flags.ts';

type ConvertOptions = CommonOptions & ReadFlags & WriteFlags<WrittenFormat | 'workload'>;

export const traceConvertCommand: Command<ConvertOptions> = {
  name: 'convert',
  summary: 'Write page references in another format, or the agents of a log as a workload.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<file>',
        'page references, a log of agents (OpenTelemetry, Claude Code) or recorded agents, plain or compressed, - for standard input',
      )
      .argument('<out>', 'file to write, compressed when its name ends in .gz or .zst');
    addReadFlags(command);
    addWriteFlags(command, ['workload']);
  },
  async run({ operands: [path = '', out = ''], options }: Call<ConvertOptions>, io: Io): Promise<number> {
    checkNewFile('out', out, { ...options, inputs: [path] });
    io.progress(`reading ${path}`);
    const { to, force } = options;
    const { facts, line } =
      to === 'workload'
        ? await convertAgents(path, out, options)
        : await convertReferences(path, out, { ...options, to, force });
    if (options.json)
      io.out(
        JSON.stringify(
          { command: 'trace convert', ringzero: packageVersion(), trace: path, ...facts },
          null,
          1,
        ),
      );
    else io.out(line);
    return 0;
  },
};

interface Converted {
  readonly facts: object;
  readonly line: string;
}

async function convertReferences(
  path: string,
  out: string,
  options: ReadFlags & WriteFlags,
): Promise<Converted> {
  const { trace } = await readReferences(path, options);
  const written = await writeReferences('out', out, trace, options);
  return {
    facts: { format: trace.format, requests: trace.ids.length, unique: trace.unique, out: written },
    line: writtenLine(trace, written),
  };
}

async function convertAgents(
  path: string,
  out: string,
  { format: given, force }: Pick<ConvertOptions, 'format' | 'force'>,
): Promise<Converted> {
  if (given !== undefined)
    throw invalid('--format', given, 'none with --to workload: recorded agents are found by content');
  const workload = await readWorkload(await openInputFile(path));
  const bytes = await writeOutputFile(out, encoded(agentLines(workload)), { field: 'out', force });
  const { format, facts } = workload;
  const { agents, subAgents, modelCalls, toolCalls } = facts;
  const { tokensIn, tokensOut } = tokensOfWorkload(workload);
  return {
    facts: { format, ...facts, tokensIn, tokensOut, out: { path: out, format: 'workload', bytes } },
    line:
      `agents: ${formatCount(agents)}, sub-agents: ${formatCount(subAgents)}, model calls: ${formatCount(modelCalls)} ` +
      `(${formatCount(tokensIn)} tokens in, ${formatCount(tokensOut)} out), tool calls: ${formatCount(toolCalls)}, ` +
      `as workload in ${out}, ${formatCount(bytes)} bytes`,
  };
}

function* encoded(lines: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const line of lines) yield encoder.encode(line);
}
