/** A PostgreSQL server for tests: found on this machine, started in a folder of its own, as whoever may start it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresServer {
  readonly url: string;
  /** Of its socket, and of its `data`. */
  readonly folder: string;
  /** Every connection is lost; `start` makes it as it was. */
  halt(how: 'fast' | 'immediate'): void;
  start(): void;
  /** Ends it, and removes all of it. */
  stop(): void;
}

/** Where Debian puts its servers; undefined: there is none here. */
export function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const found = readdirSync(root).map((version) => join(root, version, 'bin'));
  return found.find((folder) => existsSync(join(folder, 'initdb')));
}

/** `fsync`: whether it syncs at all; tests do without. `settings`: more of its command line. */
export function startPostgres(bin: string, { fsync = false, settings = '' } = {}): PostgresServer {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-postgres-'));
  const data = join(folder, 'data');
  // The server refuses to run as root.
  const asRoot = process.getuid?.() === 0;
  const run = (program: string, args: readonly string[]): void => {
    const words = [join(bin, program), ...args];
    if (!asRoot) execFileSync(words[0]!, words.slice(1), { stdio: 'ignore' });
    else
      execFileSync('su', ['postgres', '-s', '/bin/sh', '-c', words.map(quoted).join(' ')], {
        stdio: 'ignore',
      });
  };
  if (asRoot) execFileSync('chown', ['postgres', folder]);
  chmodSync(folder, 0o755);
  run('initdb', ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C']);
  const options = `-k ${folder} -c listen_addresses='' -c fsync=${fsync ? 'on' : 'off'} ${settings}`;
  const start = (): void =>
    run('pg_ctl', ['-D', data, '-o', options, '-w', '-l', join(folder, 'log'), 'start']);
  const halt = (how: string): void => run('pg_ctl', ['-D', data, '-m', how, '-w', 'stop']);
  start();
  return {
    folder,
    halt,
    start,
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    stop() {
      halt('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
