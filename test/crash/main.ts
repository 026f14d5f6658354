/** `npm run crash [-- --kills N] [--seed N] [--store sqlite|postgres]`: kills running agents at random moments, with each store, and checks that nothing is lost or done twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { postgresFolder, startPostgres } from '../support/postgres.ts';
import { killRuns } from './killed-runs.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', multiple: true, default: ['sqlite', 'postgres'] },
  },
});

let hasFailed = false;
for (const store of flags.store) {
  const startMs = performance.now();
  const { runs, kills, problems } = await inStore(store, (place) =>
    killRuns(place, Number(flags.kills), Number(flags.seed)),
  );
  for (const problem of problems) console.log(`${store}: ${problem}`);
  hasFailed ||= problems.length > 0;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  console.log(
    `${store}: ${kills} kills in ${runs} runs, ${problems.length} problems, seed ${flags.seed}, ${seconds} s`,
  );
}
process.exitCode = hasFailed ? 1 : 0;

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
