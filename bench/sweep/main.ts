/**
 * `npm run bench:sweep [-- --quick] [-- --rounds N] [-- --write]`: a sweep over worker threads and over worker processes on PostgreSQL, against one of each. `--quick` takes small cells (CI: does it run);
 * `--write` keeps the output as docs/results/sweep.md.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Client } from 'pg';

import { postgresFolder, startPostgres } from '../../test/support/postgres.ts';
import { commit, machine } from '../machine.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const isQuick = flags.quick;
const requests = isQuick ? 20_000 : 10_000_000;
const seedsOfCells = 6;
const policies = ['lecar'];
const smallCells = isQuick ? 40 : 1_000;
const rounds = isQuick ? 1 : Number(flags.rounds);
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};

const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
const workers = new Set<ChildProcess>();
let outputFiles = 0;
try {
  ringzero('trace', 'generate', 'zipf', '--requests', String(requests), '--to', 'binary', '--out', 'big.bin');
  ringzero(
    'trace',
    'generate',
    'zipf',
    '--requests',
    '2000',
    '--ids',
    '100',
    '--to',
    'ids',
    '--out',
    'small.ids',
  );
  say('# Sweep benchmarks');
  say();
  say(
    `Made by \`npm run bench:sweep${isQuick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}, seed 1, load average ${loadavg()[0]!.toFixed(1)} at the start.`,
  );
  say('The machine is shared: compare figures of one run with each other.');
  say();
  say(
    `Each cell replays ${whole(requests)} Zipf references (\`ringzero trace generate zipf\`) under \`${policies.join('` or `')}\`; ${policies.length * seedsOfCells * 2} cells, ${rounds} rounds with the lowest time of each row.`,
  );
  say(
    'Targets: two worker threads at least 1.8 times one, two worker processes on PostgreSQL at least 1.5 times one.',
  );
  say();
  await sayScaling();
} finally {
  for (const worker of workers) worker.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}
if (flags.write)
  writeFileSync(new URL('../../docs/results/sweep.md', import.meta.url), `${lines.join('\n').trimEnd()}\n`);

interface Timed {
  /** Of the whole command: reading, checking, starting threads, and gathering among them. */
  readonly seconds: number;
  /** Of all its threads. */
  readonly processorSeconds?: number;
}

async function sayScaling(): Promise<void> {
  const threads: Timed[][] = [[], []];
  const processes: Timed[][] = [[], []];
  const small: Timed[] = [];
  const outputs = new Set<string>();
  const bin = postgresFolder();
  const server = bin === undefined ? undefined : startPostgres(bin, { fsync: true });
  try {
    for (let round = 0; round < rounds; round++) {
      const sweep = sweepFile('big.bin', 1 + round * seedsOfCells);
      for (const [at, count] of [1, 2].entries())
        threads[at]!.push(timed(sweep, outputs, '--threads', String(count)));
      if (server !== undefined)
        for (const [at, count] of [1, 2].entries()) {
          // Results are kept by their keys: each count of workers has a database of its own.
          const url = await database(server.url, `round${round}_${count}`);
          processes[at]!.push(await onWorkers(url, count, () => timed(sweep, outputs, '--database', url)));
        }
      if (outputs.size !== 1) throw new Error('the results differ');
      outputs.clear();
    }
    if (server !== undefined) {
      const url = await database(server.url, 'small');
      const sweep = sweepFile('small.ids', 1, smallCells / 2);
      small.push(await onWorkers(url, 2, () => timed(sweep, new Set(), '--database', url)));
    }
  } finally {
    server?.stop();
  }
  say('| workers | seconds | processor seconds | processors it had | times one |');
  say('| --- | ---: | ---: | ---: | ---: |');
  sayRows('thread', '', threads);
  if (server !== undefined) sayRows('process', ' on PostgreSQL', processes);
  else say('\nThere is no PostgreSQL on this machine.');
  say();
  say(
    'All files of results were the same to the byte. Two workers that had fewer than two processors, because others used them, cannot be twice as fast as one: what they lose themselves is how much their processor seconds are above those of one.',
  );
  const [one] = small;
  if (one === undefined) return;
  say();
  say(
    `${whole(smallCells)} cells of 2,000 references each, on two processes: ${one.seconds.toFixed(2)} s, ${whole(Math.round(smallCells / one.seconds))} cells a second; what each costs is to be handed out, taken and kept, synced to the disk.`,
  );
}

/** Of each count the quickest round. */
function sayRows(what: string, where: string, counts: readonly (readonly Timed[])[]): void {
  const best = counts.map((all) => all.toSorted((a, b) => a.seconds - b.seconds)[0]!);
  for (const [at, { seconds, processorSeconds }] of best.entries()) {
    const name =
      at === 0 ? `one ${what}${where}` : `two ${what === 'thread' ? 'threads' : 'processes'}${where}`;
    const used =
      processorSeconds === undefined
        ? '– | –'
        : `${processorSeconds.toFixed(2)} | ${(processorSeconds / seconds).toFixed(2)}`;
    say(`| ${name} | ${seconds.toFixed(2)} | ${used} | ${(best[0]!.seconds / seconds).toFixed(2)} |`);
  }
}

/** Both capacities, so many seeds from this one on. */
function sweepFile(workload: string, from: number, seeds = seedsOfCells): string {
  const path = join(folder, `${workload}-${from}.json`);
  const isSmall = workload === 'small.ids';
  const grid = {
    kind: 'page',
    workloads: workload,
    policies: isSmall ? ['random'] : policies,
    capacities: ['1%', '10%'],
    seeds: { from, count: seeds },
  };
  writeFileSync(path, JSON.stringify({ grids: [grid] }));
  return path;
}

function timed(sweep: string, outputs: Set<string>, ...words: readonly string[]): Timed {
  const output = join(folder, `out-${outputFiles++}.jsonl`);
  const printed = ringzero('sweep', sweep, '--json', '--output', output, ...words);
  outputs.add(readFileSync(output, 'utf8'));
  return (JSON.parse(printed) as { readonly wall: Timed }).wall;
}

/** With so many workers that have taken up their work. */
async function onWorkers(url: string, count: number, act: () => Timed): Promise<Timed> {
  const words = [main, 'worker', '--database', url, '--threads', '1', '--runs', '0'];
  const own = Array.from({ length: count }, () =>
    spawn(process.execPath, words, { cwd: folder, stdio: 'ignore' }),
  );
  const ends = own.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  for (const worker of own) workers.add(worker);
  // Cells that nobody times: they are there, and have read the workload.
  timed(sweepFile('big.bin', 1_000_000, 1), new Set(), '--database', url);
  const { seconds } = act();
  for (const worker of own) worker.kill('SIGTERM');
  await Promise.all(ends);
  for (const worker of own) workers.delete(worker);
  return { seconds };
}

async function database(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return url.replace('/postgres?', `/${name}?`);
}

function ringzero(...words: readonly string[]): string {
  return execFileSync(process.execPath, [main, ...words], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
}

function whole(count: number): string {
  return count.toLocaleString('en-US');
}
