/**
 * `npm run crash [-- --kills N] [--seed N] [--store sqlite|postgres]`: kills running agents at random moments, with each store, and checks that nothing is lost or done twice. `--commands N`: so many runs of the
 * command line, each killed up to four times, in their place.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { postgresFolder, startPostgres } from '../support/postgres.ts';
import { killedCommand } from './killed-commands.ts';
import { killRuns } from './killed-runs.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    commands: { type: 'string' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', multiple: true, default: ['sqlite', 'postgres'] },
  },
});

let hasFailed = false;
for (const store of flags.store) {
  const startMs = performance.now();
  const { runs, kills, problems } = await inStore(store, (place) =>
    flags.commands === undefined
      ? killRuns(place, Number(flags.kills), Number(flags.seed))
      : killCommands(store, place, Number(flags.commands)),
  );
  for (const problem of problems) console.log(`${store}: ${problem}`);
  hasFailed ||= problems.length > 0;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  console.log(
    `${store}: ${kills} kills in ${runs} runs, ${problems.length} problems, seed ${flags.seed}, ${seconds} s`,
  );
}
process.exitCode = hasFailed ? 1 : 0;

async function killCommands(
  store: string,
  place: string,
  runs: number,
): Promise<{ readonly runs: number; readonly kills: number; readonly problems: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-commands-'));
  const problems: string[] = [];
  let kills = 0;
  try {
    for (let run = 0; run < runs; run++) {
      const seed = Number(flags.seed) + run;
      const words = store === 'postgres' ? ['--store', place] : [];
      const one = await killedCommand(folder, { seed, most: 4, store: words });
      kills += one.kills;
      for (const problem of one.problems) problems.push(`seed ${seed}: ${problem}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { runs, kills, problems };
}

async function inStore<Result>(store: string, act: (place: string) => Promise<Result>): Promise<Result> {
  if (store === 'postgres') {
    const bin = postgresFolder();
    if (bin === undefined) throw new Error('no PostgreSQL server is installed here');
    const server = startPostgres(bin);
    try {
      return await act(server.url);
    } finally {
      server.stop();
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-crash-'));
  try {
    return await act(join(folder, 'runs.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
