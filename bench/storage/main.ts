/**
 * `npm run bench:storage [-- --quick] [-- --write]`: what storage costs, in bytes and in time. `--quick` takes less of each and no peer (CI: does it run); `--write` keeps the output as
 * docs/results/storage.md.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { postgresFolder, startPostgres } from '../../test/support/postgres.ts';
import { compiled, resultOf } from '../bundled-worker.ts';
import { commit, machine } from '../machine.ts';
import { ResultPage, whole } from '../result-page.ts';
import type { CrowdRow } from './crowd-worker.ts';
import type { RecoveryRow } from './recovery-worker.ts';
import type { RunRow } from './run-worker.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const isQuick = flags.quick;
const runSteps = isQuick ? 500 : 10_000;
const stepBytes = 4_096;
const agents = isQuick ? 50 : 1_000;
const crowdSteps = isQuick ? 4 : 20;
/** On SQLite, whose figures have a target. */
const rounds = isQuick ? 1 : 2;
/** Its database grows by more than a megabyte a step. */
const peerSteps = 500;
const peers = fileURLToPath(new URL('../peers/', import.meta.url));

const page = new ResultPage();
const { say, sayTable } = page;
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);
try {
  say('# Storage benchmarks');
  say();
  say(
    `Made by \`npm run bench:storage${isQuick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}, seed 1, load average ${loadavg()[0]!.toFixed(1)} at the start.`,
  );
  say('The machine is shared: compare figures of one run with each other.');
  say();
  sayRun();
  sayCrowd();
} finally {
  rmSync(folder, { recursive: true });
}
if (flags.write) page.keep('storage');

function sayRun(): void {
  say('## A long run');
  say();
  say(
    `One live agent of the loop in a window of 200,000 tokens takes ${whole(runSteps)} steps with ${whole(stepBytes)} bytes of new content each, a quarter the model’s answer and the rest what its tool says; model and tool answer at once.`,
  );
  say(
    'A step stores both, what stands in the prompt, the results of the syscalls, the start and the end of the tool call, the ledger, the audit log, and every fifth a checkpoint; two flushes, one transaction each.',
  );
  say(
    'Bytes are those of the SQLite file with all of its log in it. `words`: made-up words of random letters, which brotli at its quickest brings down to 60 % (English to 55 %); `noise`: random printable characters, 85 %.',
  );
  say(
    'LangGraph.js is a graph of a model and a tool node with its SQLite checkpointer (`durability: sync`), the same texts, and messages that leave its state when they leave our window: at 85 %, down to 50 %. Its database grows by more than a megabyte a step: it takes fewer.',
  );
  say(
    'Targets: the last tenth takes at most 1.2 times the bytes of the first, and a step at most its new content before compression and 1,024 bytes.',
  );
  say();
  const worker = program('run-worker');
  const recover = program('recovery-worker');
  const recoveries: (readonly string[])[] = [];
  const rows = (['words', 'noise'] as const).map((kind) => {
    const file = newFile();
    const row = run(worker, file, 'normal', kind, runSteps, stepBytes) as RunRow;
    recoveries.push(recovery(kind, recover, file));
    removeDatabase(file);
    return [`\`${kind}\``, ...runCells(row), whole(row.cpuUsPerStep)];
  });
  if (!isQuick) {
    if (!existsSync(join(peers, 'node_modules')))
      execFileSync('npm', ['ci', '--loglevel=error'], { cwd: peers, stdio: 'inherit' });
    const file = newFile();
    const row = run(join(peers, 'langgraph-sqlite.mjs'), file, peerSteps, stepBytes) as RunRow;
    const ours = newFile();
    const same = run(worker, ours, 'normal', 'words', peerSteps, stepBytes) as RunRow;
    rows.push([`\`words\`, ${whole(peerSteps)} steps`, ...runCells(same), whole(same.cpuUsPerStep)]);
    rows.push([`LangGraph.js, \`words\`, ${whole(peerSteps)} steps`, ...runCells(row), '']);
    removeDatabase(ours);
    removeDatabase(file);
  }
  sayTable(
    [
      '',
      'MB in all',
      'bytes a step, first tenth',
      'last',
      'last / first',
      'all',
      'steps a second',
      'processor µs a step',
    ],
    rows,
  );
  say(
    'Then its process ends in the middle, and a new one goes on until its model is asked with the whole prompt: ms, the median of three times. The target is a second.',
  );
  say();
  sayTable(['', 'opened', 'read', 'restored and asked', 'in all', 'messages'], recoveries);
}

function runCells({ bytes, bytesOfTenths, steps, stepsPerSecond }: RunRow): readonly string[] {
  const first = bytesOfTenths[0]!;
  const last = bytesOfTenths.at(-1)!;
  return [
    (bytes / 1e6).toFixed(1),
    whole(first / (steps / 10)),
    whole(last / (steps / 10)),
    (last / first).toFixed(2),
    whole(bytes / steps),
    whole(stepsPerSecond),
  ];
}

function recovery(kind: string, worker: string, file: string): readonly string[] {
  const total = ({ openMs, readMs, restoreMs }: RecoveryRow): number => openMs + readMs + restoreMs;
  const rows = Array.from({ length: 3 }, () => run(worker, file) as RecoveryRow);
  const row = rows.toSorted((a, b) => total(a) - total(b))[1]!;
  return [
    `\`${kind}\``,
    whole(row.openMs),
    whole(row.readMs),
    whole(row.restoreMs),
    whole(total(row)),
    whole(row.messages),
  ];
}

function sayCrowd(): void {
  say(`## ${whole(agents)} agents at once`);
  say();
  say(
    `Each takes ${crowdSteps} steps like those above (\`words\`), of ${whole(stepBytes)} or of 256 bytes, and goes on when what it has done is acknowledged. A live kernel runs them all; \`appends\` are the records of such a kernel without it, each agent’s next batch`,
  );
  say(
    `when the one before is acknowledged, ${isQuick ? '' : 'on SQLite the better of two; '}with four writers, by as many storage objects side by side. \`normal\` survives the end of the process, \`full\` the end of the power, too. The target is 5,000 steps a second appended to SQLite at its default level.`,
  );
  say();
  const worker = program('crowd-worker');
  const rows: (readonly string[])[] = [];
  const add = (name: string, mode: string, place: () => string, sync: string, writers = 1): void => {
    for (const bytes of [stepBytes, 256]) {
      const found = Array.from(
        { length: name.startsWith('SQLite') && mode === 'append' ? rounds : 1 },
        () => {
          const store = place();
          const row = run(worker, mode, store, sync, agents, crowdSteps, bytes, writers) as CrowdRow;
          removeDatabase(store);
          return row;
        },
      );
      const row = found.reduce((a, b) => (b.stepsPerSecond > a.stepsPerSecond ? b : a));
      rows.push([name, whole(bytes), whole(row.stepsPerSecond), whole(row.cpuUsPerStep), whole(row.flushes)]);
    }
  };
  add('memory: appends', 'append', () => 'memory', 'normal');
  add('memory: live kernel', 'live', () => 'memory', 'normal');
  add('SQLite, `normal`: appends', 'append', newFile, 'normal');
  add('SQLite, `full`: appends', 'append', newFile, 'full');
  add('SQLite, `normal`: live kernel', 'live', newFile, 'normal');
  const bin = postgresFolder();
  if (bin !== undefined) {
    const place = newSchemas(bin);
    try {
      add('PostgreSQL, `normal`: appends', 'append', place.next, 'normal');
      add('PostgreSQL, `full`: appends', 'append', place.next, 'full');
      add('PostgreSQL, `normal`: appends by four writers', 'append', place.next, 'normal', 4);
      add('PostgreSQL, `full`: appends by four writers', 'append', place.next, 'full', 4);
    } finally {
      place.stop();
    }
  }
  sayTable(['', 'bytes a step', 'steps a second', 'processor µs a step', 'flushes'], rows);
  if (bin === undefined) say('No PostgreSQL server is installed here.');
}

/** A server that syncs, and a schema of its own for each row. */
function newSchemas(bin: string): { readonly next: () => string; readonly stop: () => void } {
  const server = startPostgres(bin, { fsync: true });
  let count = 0;
  return { next: () => `${server.url}#bench${count++}`, stop: () => server.stop() };
}

function removeDatabase(file: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
}

function program(name: string): string {
  return compiled(new URL(`${name}.ts`, import.meta.url), folder);
}

function run(file: string, ...words: readonly (string | number)[]): unknown {
  return resultOf(file, words);
}
