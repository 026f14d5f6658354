/**
 * The command line without the process around it: takes the words, prints through `io`, returns the exit status.
 *
 * Status 0: done. 1: the run failed, or the program is wrong (a broken assertion: the line has the seed that repeats it).
 * 2: bad input, told in exactly one line on standard error that begins with `error: `.
 */
import { Command as CommanderCommand, CommanderError, type Option } from 'commander';

import { assert, AssertionError } from '../base/assert.ts';
import { invalid, KernelError } from '../kernel/errors.ts';
import type { CommandTable } from './command-table.ts';
import type { Command, CommandGroup, CommonOptions, Io } from './command.ts';
import { parseInteger } from './options.ts';
import { packageVersion } from './package-version.ts';

/** The seed of a run that names none. Every run is repeatable, so it is a constant. */
const defaultSeed = 1;

/** Runs `ringzero ...words` and returns the exit status. Never throws. */
export async function runProgram(words: readonly string[], table: CommandTable, io: Io): Promise<number> {
  let status = 0;
  let seed = defaultSeed;
  const program = createProgram(io);
  try {
    for (const entry of await loadCommands(words, table)) {
      const parent = 'commands' in entry ? addGroup(program, entry) : program;
      for (const command of 'commands' in entry ? entry.commands : [entry])
        addCommand(parent, command).action(async (...given: unknown[]) => {
          const self = given.at(-1) as CommanderCommand;
          const options = self.opts<CommonOptions>();
          seed = options.seed;
          status = await command.run({ operands: self.args, options }, io);
        });
    }
    await parse(program, words, table);
    return status;
  } catch (error) {
    return reportError(error, { command: askedFor(program, words), seed, io });
  } finally {
    io.progress('');
  }
}

async function parse(
  program: CommanderCommand,
  words: readonly string[],
  table: CommandTable,
): Promise<void> {
  const [first, second] = words;
  if (first === undefined) return program.outputHelp();
  // Commander's own messages don't say what there is.
  const commands = Object.keys(table).join(', ');
  if (first === 'help' && second !== undefined && !Object.hasOwn(table, second))
    throw invalid('help', second, commands);
  if (!first.startsWith('-') && first !== 'help' && !Object.hasOwn(table, first))
    throw invalid('command', first, commands);
  const asked = askedFor(program, words);
  if (asked.commands.length > 0 && asked !== program) {
    // The name of a group alone, or with what is none of its commands.
    if (second === undefined) return asked.outputHelp();
    if (!second.startsWith('-') && second !== 'help')
      throw invalid(first, second, asked.commands.map((command) => command.name()).join(', '));
  }
  await program.parseAsync(words, { from: 'user' });
}

function createProgram(io: Io): CommanderCommand {
  const program = new CommanderCommand('ringzero');
  program
    .description('An operating-system kernel for LLM agents, on a clock you control.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ optionDescription })
    .exitOverride() // throw instead of ending the process: reportError decides what a usage error looks like
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      writeErr: () => {},
      outputError: () => {},
      getOutHelpWidth: () => io.columns,
      getOutHasColors: () => io.colours,
    });
  return program;
}

/** With its default, unless the text says in words what that is. */
function optionDescription({ description, defaultValue }: Option): string {
  if (defaultValue === undefined || description.includes('(default: ')) return description;
  return `${description} (default: ${JSON.stringify(defaultValue)})`;
}

/** The command, or else the group, that the first words name, or else the program. */
function askedFor(program: CommanderCommand, words: readonly string[]): CommanderCommand {
  let asked = program;
  for (const word of words) {
    const next = asked.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    asked = next;
  }
  return asked;
}

/** The one command that is asked for, or all of them where help or a suggestion may need them. */
async function loadCommands(
  words: readonly string[],
  table: CommandTable,
): Promise<(Command | CommandGroup)[]> {
  const [first = ''] = words;
  const names = Object.hasOwn(table, first) ? [first] : Object.keys(table);
  return Promise.all(
    names.map(async (name) => {
      const command = await table[name]!();
      assert(command.name === name, `the table's "${name}" is called "${command.name}"`);
      return command;
    }),
  );
}

function addGroup(program: CommanderCommand, { name, summary }: CommandGroup): CommanderCommand {
  return program.command(name).description(summary);
}

function addCommand(program: CommanderCommand, command: Command): CommanderCommand {
  const added = program.command(command.name).description(command.summary).allowExcessArguments(false);
  command.register(added);
  added.option('--json', 'print one JSON document on standard output, nothing else', false);
  // The homework programs have a seed of their own, with its own name and default.
  return added.options.some(({ long }) => long === '--seed')
    ? added
    : added.option(
        '--seed <n>',
        'what all chance is derived from',
        (text: string) => parseInteger('--seed', text, { min: 0 }),
        defaultSeed,
      );
}

interface Failing {
  /** As far as the words named one. */
  readonly command: CommanderCommand;
  readonly seed: number;
  readonly io: Io;
}

/** Prints what went wrong and returns the exit status. */
function reportError(error: unknown, { command, seed, io }: Failing): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help and --version end this way
    return printError(usageProblem(error, command), 2, io);
  }
  if (error instanceof KernelError) return printError(error.message, 2, io);
  if (isFileError(error)) return printError(`${error.path}: ${fileProblem(error)}`, 2, io);
  if (error instanceof AssertionError) {
    return printError(
      `broken assertion: ${error.message} (version ${packageVersion()}, seed ${seed})`,
      1,
      io,
    );
  }
  // Anything else is a mistake of ours: the stack says where.
  return printError(error instanceof Error ? (error.stack ?? error.message) : String(error), 1, io, '\n');
}

/** What commander says, with what is allowed where it says only what is missing. */
function usageProblem({ code, message }: CommanderError, command: CommanderCommand): string {
  const problem = message.replace(/^error: /, '');
  const [, name = ''] = /'(.*)'/.exec(problem) ?? [];
  if (command.commands.length > 0) return problem;
  switch (code) {
    case 'commander.optionMissingArgument':
    case 'commander.missingMandatoryOptionValue': {
      const option = command.options.find(({ flags }) => flags === name);
      return `${name}: missing; allowed: ${option?.description ?? 'a value'}`;
    }
    case 'commander.missingArgument': {
      const argument = command.registeredArguments.find((one) => one.name() === name);
      return `${name}: missing; allowed: ${argument?.description ?? 'a value'}`;
    }
    case 'commander.unknownOption':
      return problem.includes('(Did you mean')
        ? problem
        : `${problem}; allowed: ${command.options.map(({ long, short }) => long ?? short).join(', ')}`;
    default:
      return problem;
  }
}

/** One line, whatever the message holds; `lineBreak` keeps a stack readable. */
function printError(message: string, status: number, io: Io, lineBreak = ' '): number {
  io.progress('');
  io.err(`error: ${message.trim().replaceAll(/\s*\n\s*/g, lineBreak)}`);
  return status;
}

interface FileError extends Error {
  readonly code: string;
  readonly path: string;
}

/** What Node throws for a file that the user named: not there, a folder, not readable. */
function isFileError(error: unknown): error is FileError {
  return error instanceof Error && 'code' in error && 'path' in error && 'syscall' in error;
}

function fileProblem({ code, message }: FileError): string {
  const known: Record<string, string> = {
    EACCES: 'no permission',
    EISDIR: 'is a folder; allowed: a file',
    ENOENT: 'no such file',
    ENOTDIR: 'a part of the path is not a folder',
  };
  return known[code] ?? message;
}
