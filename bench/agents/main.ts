/**
 * `npm run bench:agents [-- --quick] [-- --write]`: what a step of a live agent costs, beside LangGraph.js' prebuilt agent with its in-memory checkpointer, which is installed from its own
 * lockfile. `--quick` takes fewer steps and no peer (CI: does it run); `--write` keeps the output as docs/results/agents.md.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildSync } from 'esbuild';

import { commit, machine } from '../machine.ts';
import type { LoopRow } from './loop-worker.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const sizes = flags.quick ? [100] : [100, 1_000, 10_000];
/** It takes the square of the steps: 10,000 of them would be hours. */
const peerSizes = [100, 1_000];
const rounds = flags.quick ? 1 : 3;
const peers = fileURLToPath(new URL('../peers/', import.meta.url));

const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
try {
  say('# Agent benchmarks');
  say();
  say(
    `Made by \`npm run bench:agents${flags.quick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}; best of ${rounds}.`,
  );
  say();
  saySteps();
} finally {
  rmSync(folder, { recursive: true });
}
if (flags.write)
  writeFileSync(new URL('../../docs/results/agents.md', import.meta.url), `${lines.join('\n')}\n`);

function saySteps(): void {
  say('## A step of the loop');
  say();
  say(
    'One live agent: model turn, one tool call, its state saved in memory after each step; model and tool answer at once. The first and the last steps are a tenth of all each.',
  );
  say();
  say(
    '| steps | steps a second | µs a step, first | last | last / first | MB | LangGraph.js: steps a second | MB | times as many |',
  );
  say('| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  const worker = join(folder, 'loop-worker.mjs');
  const entry = fileURLToPath(new URL('loop-worker.ts', import.meta.url));
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: worker });
  if (!flags.quick && !existsSync(join(peers, 'node_modules')))
    execFileSync('npm', ['ci', '--loglevel=error'], { cwd: peers, stdio: 'inherit' });
  for (const steps of sizes) {
    const ours = best(Array.from({ length: rounds }, () => run(worker, steps)));
    const peer =
      flags.quick || !peerSizes.includes(steps) ? undefined : run(join(peers, 'langgraph.mjs'), steps);
    const cells = [
      whole(steps),
      whole(ours.stepsPerSecond),
      whole(ours.firstUs),
      whole(ours.lastUs),
      (ours.lastUs / ours.firstUs).toFixed(2),
      whole(ours.megabytes),
      peer === undefined ? '' : whole(peer.stepsPerSecond),
      peer === undefined ? '' : whole(peer.megabytes),
      peer === undefined ? '' : whole(ours.stepsPerSecond / peer.stepsPerSecond),
    ];
    say(`| ${cells.join(' | ')} |`);
  }
}

/** A peer's row has no more than steps a second and megabytes. */
function run(file: string, steps: number): LoopRow {
  return JSON.parse(execFileSync(process.execPath, [file, String(steps)], { encoding: 'utf8' })) as LoopRow;
}

function best(rows: readonly LoopRow[]): LoopRow {
  return rows.reduce((first, row) => (row.stepsPerSecond > first.stepsPerSecond ? row : first));
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
