/** Flags of every command that runs a workload, and the words that repeat such a run. */
import type { Command as CommanderCommand } from 'commander';

import type { Call } from './command.ts';
import { parseChoice } from './options.ts';

export interface RunFlags {
  readonly check: boolean;
  readonly record?: string;
  readonly events?: string;
}

export function addRunFlags(command: CommanderCommand): void {
  command
    .option('--check', 'watch every promise of the design while it runs', false)
    .option('--record <file>', 'keep all inputs, for ringzero rerun')
    .option('--events <file>', 'write every event, one JSON document a line');
}

/** A parser for commander: one of `choices`. */
export function choice(option: string, choices: readonly string[]): (text: string) => string {
  return (text) => parseChoice(option, text, choices);
}

/** Whether the option stands on the command line, even with its default as value. */
export function isGiven({ words }: Call, option: string): boolean {
  return words.some((word) => word === option || word.startsWith(`${option}=`));
}

/** The command line that repeats the run: as typed, with its seed, without what only says where to print. */
export function repeatOf(call: Call, seed: number): string {
  const kept: string[] = [];
  for (let index = 0; index < call.words.length; index++) {
    const word = call.words[index]!;
    const [option] = word.split('=', 1);
    if (option === '--json') continue;
    if (option === '--record' || option === '--events') {
      if (option === word) index++; // its file
      continue;
    }
    kept.push(quoted(word));
  }
  const seeded = isGiven(call, '--seed') ? kept : [...kept, '--seed', String(seed)];
  return ['ringzero', ...seeded].join(' ');
}

/** As a shell reads it as one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
