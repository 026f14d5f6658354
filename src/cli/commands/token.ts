/** `ringzero token NAME`: a token for whoever asks a server (docs/security.md). */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { invalid } from '../../kernel/errors.ts';
import type { Scope } from '../../server/caller.ts';
import { newToken, scopes } from '../../server/auth/tokens.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseChoice } from '../options.ts';
import { readTokens } from '../serve/guard-flags.ts';

interface TokenOptions extends CommonOptions {
  readonly file: string;
  readonly scope: Scope;
  readonly tenant?: string;
  readonly revoke: boolean;
}

export const tokenCommand: Command<TokenOptions> = {
  name: 'token',
  summary: 'Make a token for a server, or take one back.',
  register(command: CommanderCommand): void {
    command.argument('<name>', 'whose it is, for the audit log');
    command
      .option('--file <file>', 'where its hash is kept, for ringzero serve --tokens', 'tokens.json')
      .option(
        '--scope <scope>',
        'read: look; run: start, stop and answer, too; admin: all',
        (text) => parseChoice('--scope', text, scopes),
        'run',
      )
      .option('--tenant <name>', 'it sees and starts the runs of this tenant alone')
      .option('--revoke', 'take it back; a server that runs knows it until it is started again', false);
  },
  run({ operands: [name = ''], options }: Call<TokenOptions>, io: Io): number {
    const { file, scope, tenant, revoke, json } = options;
    const path = resolve(io.folder, file);
    const entries = existsSync(path) ? readTokens(path, file) : [];
    const isThere = entries.some((entry) => entry.name === name);
    if (revoke) {
      if (!isThere)
        throw invalid(
          'name',
          name,
          entries.map((entry) => entry.name).join(', ') || 'none: there is no token',
        );
      write(
        path,
        entries.filter((entry) => entry.name !== name),
      );
      io.out(json ? JSON.stringify({ name, revoked: true }) : `${name}: taken back`);
      return 0;
    }
    if (isThere) throw invalid('name', name, 'a name that no other token has');
    const { token, entry } = newToken({ name, scope, ...(tenant === undefined ? {} : { tenant }) });
    write(path, [...entries, entry]);
    // It is kept nowhere.
    if (json) io.out(JSON.stringify({ ...entry, token, file }));
    else {
      io.out(token);
      io.err(
        `${name}: ${scope}${tenant === undefined ? '' : `, of ${tenant}`}; its hash is in ${file}; it is shown this once`,
      );
    }
    return 0;
  },
};

/** Whole or not at all. */
function write(path: string, tokens: readonly unknown[]): void {
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, `${JSON.stringify({ tokens }, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(beside, path);
}
