/** Flags of `ringzero serve` that say who may ask for what. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { invalid, KernelError } from '../../kernel/errors.ts';
import { isLoopbackHost } from '../../server/auth/browsers.ts';
import { entryOf, parseTokens, Tokens, type TokenEntry } from '../../server/auth/tokens.ts';
import { guardDefaults, type GuardOptions } from '../../server/guards.ts';
import type { Io } from '../command.ts';
import { parseInteger } from '../options.ts';

export interface GuardFlags {
  readonly host: string;
  readonly tokens?: string;
  readonly allowOrigin: readonly string[];
  readonly rate: number;
  readonly maxBody: number;
}

/** A token of scope admin for who needs just one. */
export const tokenVariable = 'RINGZERO_TOKEN';
/** Of a token that somebody chose, characters. */
const shortestToken = 16;

export function addGuardFlags(command: CommanderCommand): void {
  const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  command
    .option('--host <address>', 'where it listens; others than loopback need tokens', '127.0.0.1')
    .option('--tokens <file>', 'who may do what, as ringzero token writes it')
    .option(
      '--allow-origin <origin>',
      'pages of this site may ask, such as https://console.example.org; can be repeated',
      repeated,
      [],
    )
    .option(
      '--rate <n>',
      'requests of one caller a second, at most',
      (text) => parseInteger('--rate', text, { min: 1, max: 1_000_000 }),
      guardDefaults.requestsPerSecond,
    )
    .option(
      '--max-body <bytes>',
      'of one request, at most',
      (text) => parseInteger('--max-body', text, { min: 1_024, max: 1_073_741_824 }),
      guardDefaults.bodyBytes,
    );
}

/** Throws KernelError INVALID_ARGUMENT: whoever can reach the server over a network has to show a token. */
export function guardOptions(flags: GuardFlags, io: Pick<Io, 'folder' | 'environment'>): GuardOptions {
  const { host, allowOrigin, rate, maxBody } = flags;
  const entries = tokenEntries(flags, io);
  const isLocal = isLoopbackHost(host);
  if (!isLocal && entries.length === 0)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `--host: ${host} can be reached from other machines, and there is no token; allowed: with --tokens FILE or ${tokenVariable}, or 127.0.0.1`,
    );
  for (const origin of allowOrigin)
    if (!isOrigin(origin))
      throw invalid('--allow-origin', origin, 'an origin, such as https://console.example.org');
  return {
    isLocal,
    origins: allowOrigin,
    requestsPerSecond: rate,
    bodyBytes: maxBody,
    ...(entries.length === 0 ? {} : { tokens: new Tokens(entries) }),
  };
}

function tokenEntries(
  { tokens: file }: GuardFlags,
  { folder, environment }: Pick<Io, 'folder' | 'environment'>,
): readonly TokenEntry[] {
  const entries = file === undefined ? [] : readTokens(resolve(folder, file), file);
  if (file !== undefined && entries.length === 0)
    throw invalid('--tokens', file, 'a file with at least one token');
  const own = environment[tokenVariable];
  if (own === undefined) return entries;
  // It is not shown: it is a secret.
  if (own.length < shortestToken || /\s/.test(own))
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${tokenVariable}: too short, or with spaces; allowed: at least ${shortestToken} characters`,
    );
  return [...entries, entryOf(own, { name: tokenVariable, scope: 'admin' })];
}

/** Throws KernelError for what can't be read, and for a file that others may write to: whoever does can do everything. */
export function readTokens(path: string, shown: string): readonly TokenEntry[] {
  let text: string;
  try {
    if ((statSync(path).mode & 0o022) !== 0)
      throw invalid('--tokens', shown, 'a file that nobody but its owner may write to (chmod 600)');
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof KernelError) throw error;
    throw invalid(
      '--tokens',
      shown,
      `a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    );
  }
  return parseTokens(shown, text);
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
