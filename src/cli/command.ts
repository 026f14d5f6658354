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

/** Where a command prints. It never touches the process itself. */
export interface Io {
  /** Prints a line (or several, with newlines inside) on standard output. */
  out(text: string): void;
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
}
