/**
 * `npm run bench:sched [-- --quick] [-- --write] [-- --policy NAME,…]`: a million calls under every scheduling policy, and what one decision costs however many are ready. `--quick` takes
 * smaller sizes (CI: does it run); `--write` keeps the output as docs/results/scheduling.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildSync } from 'esbuild';

import { schedulingPolicies, schedulingPolicy } from '../../src/policies/index.ts';
import { commit, machine } from '../machine.ts';
import type { CallsRow } from './calls-worker.ts';
import type { DecisionRow } from './decisions-worker.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    policy: { type: 'string', default: Object.keys(schedulingPolicies).join() },
  },
});
const policies = flags.policy.split(',');
for (const name of policies) schedulingPolicy(name);

const seed = 1;
const agents = flags.quick ? 200 : 10_000;
const calls = flags.quick ? 10 : 100;
const sizes = flags.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
const rounds = flags.quick ? 1 : 2;
const decisions = flags.quick ? 2_000 : 50_000;

const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
try {
  say('# Scheduling benchmarks');
  say();
  say(
    `Made by \`npm run bench:sched${flags.quick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}; seed ${seed}.`,
  );
  say(
    'The machine is shared: seconds of processor time are closer to what a quiet machine takes than those on the wall, and still too many.',
  );
  say();
  sayCalls();
  say();
  sayDecisions();
} finally {
  rmSync(folder, { recursive: true });
}

if (flags.write) {
  mkdirSync(new URL('../../docs/results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('../../docs/results/scheduling.md', import.meta.url), `${lines.join('\n')}\n`);
}

function sayCalls(): void {
  const worker = compiled('calls-worker');
  say(`## ${count(agents * calls)} calls`);
  say();
  say(
    `${count(agents)} agents with ${calls} model calls each, on one engine of 8 cores that holds all contexts; every policy with its own defaults. An agent asks for its next call at once, so that`,
  );
  say(
    'all are always ready; or calls a tool first, which is as many tool calls again, with their locks, timers and events. It is what `ringzero compare` does for each policy and seed: all',
  );
  say(
    `metrics and figures, no records, no event hash. Without tools the best of ${rounds}, with them once, each in a process of its own; the making of the agents is not in it. The target is 20 s for a million calls.`,
  );
  say();
  say('| policy | processor s | wall s | calls a processor s | with tools: processor s | wall s |');
  say('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const policy of policies) {
    const alone = bestOf(worker, policy);
    const withTools = run(worker, policy, agents, calls, 'yes', seed) as CallsRow;
    const cells = [
      alone.cpuSeconds.toFixed(1),
      alone.wallSeconds.toFixed(1),
      count((agents * calls) / alone.cpuSeconds),
      withTools.cpuSeconds.toFixed(1),
      withTools.wallSeconds.toFixed(1),
    ];
    say(`| ${policy} | ${cells.join(' | ')} |`);
  }
}

function bestOf(worker: string, policy: string): CallsRow {
  const rows = Array.from(
    { length: rounds },
    () => run(worker, policy, agents, calls, 'no', seed) as CallsRow,
  );
  return rows.reduce((best, row) => (row.cpuSeconds < best.cpuSeconds ? row : best));
}

function sayDecisions(): void {
  const worker = compiled('decisions-worker');
  say('## What a decision costs');
  say();
  say(
    'The policy alone, without a kernel: 8 cores, so many ready processes, and whoever ends its call asks for the next at once. A decision is all that the policy is asked and told from one',
  );
  say(
    `pick to the next. Comparisons are those of keys in its queues, on the average of ${count(decisions)} decisions after everybody may have had a turn; nanoseconds are of processor time, the`,
  );
  say('best of five rounds of as many. Beyond the caches, a step of the same search takes longer.');
  say();
  const columns = [
    'policy',
    ...sizes.map((size) => `comparisons at ${count(size)}`),
    'per log₂ n',
    ...sizes.map((size) => `ns at ${count(size)}`),
  ];
  say(`| ${columns.join(' | ')} |`);
  say(`| --- |${' ---: |'.repeat(columns.length - 1)}`);
  for (const policy of policies) {
    const rows = run(worker, policy, sizes.join(), decisions, seed) as readonly DecisionRow[];
    const perLevel = rows.map(({ ready, comparisons }) => comparisons / Math.log2(ready));
    const cells = [
      ...rows.map(({ comparisons }) => comparisons.toFixed(1)),
      [perLevel[0]!, perLevel.at(-1)!].map((each) => each.toFixed(1)).join(' to '),
      ...rows.map(({ nanoseconds }) => count(nanoseconds)),
    ];
    say(`| ${policy} | ${cells.join(' | ')} |`);
  }
}

/** Bundled as an installed package is compiled; where Node strips types itself, every access to a typed array is checked once more. */
function compiled(name: string): string {
  const outfile = join(folder, `${name}.mjs`);
  const entry = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile });
  return outfile;
}

/** One process after another, so that none disturbs another. */
function run(worker: string, ...words: readonly (string | number)[]): unknown {
  const out = execFileSync(process.execPath, [worker, ...words.map(String)], { encoding: 'utf8' });
  return JSON.parse(out);
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}
