/** What a command is, and the little of the world that it gets. A command checks its input before any work starts. */
import type { Command as CommanderCommand } from 'commander';

export interface Command<Options extends CommonOptions = CommonOptions> {
  /** As typed on the command line: `ringzero NAME`, or behind its group's name. */
  readonly name: string;
  /** One line for `ringzero --help`, or for its group's. */
  readonly summary: string;
  /** Adds arguments and options. `--json`, `--seed` and `--help` are there already. */
  register(command: CommanderCommand): void;
  /**
   * Returns the exit status: 0, or 1 for a run that failed. Bad input throws a KernelError, which becomes one line and
   * status 2. A method rather than a function property, so that a command may name its own options.
   */
  run(call: Call<Options>, io: Io): number | Promise<number>;
}

/** Several commands under one name: `ringzero NAME COMMAND`. */
export interface CommandGroup {
  readonly name: string;
  /** One line for `ringzero --help`. */
  readonly summary: string;
  /** In the order of its help. */
  readonly commands: readonly Command[];
}

/** One use of a command: `operands` are the words that are not options, in order. */
export interface Call<Options extends CommonOptions = CommonOptions> {
  readonly operands: readonly string[];
  readonly options: Options;
}

/** Options that every command has. */
export interface CommonOptions {
  /** Print one JSON document on standard output and nothing else there. */
  readonly json: boolean;
  /** What all chance of the run is derived from. Printed in every report. */
  readonly seed: number;
}

/** Where a command prints, and what it knows of the process that it runs in, which it never touches itself. */
export interface Io {
  /** Prints a line (or several, with newlines inside) on standard output. */
  out(text: string): void;
  /** Prints on standard output without ending the line. */
  write(text: string): void;
  /** Prints a line on standard error. */
  err(text: string): void;
  /** Replaces the one passing line on standard error when that is a terminal, else does nothing. Plain text; '' takes it away. */
  progress(text: string): void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether standard output may carry colours. */
  readonly colours: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
  /** The variables of the environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where it was started: relative paths begin here. */
  readonly folder: string;
  readonly person: Person;
}

/** Who sits in front of the terminal while a command runs. */
export interface Person {
  /** Somebody can be asked: standard input and standard error are a terminal. */
  readonly isThere: boolean;
  /** Of the account; absent: nobody says. */
  readonly name?: string;
  /** Calls `listener` with each line typed from now on, and with undefined when there will be no more. Returns what ends it; then what is typed is nobody's. */
  onLine(listener: (line: string | undefined) => void): () => void;
  /** Calls `listener` for each Ctrl-C (or request to end) instead of ending the process. Returns what ends that. */
  onInterrupt(listener: () => void): () => void;
}
