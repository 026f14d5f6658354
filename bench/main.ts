/**
 * `npm run bench [-- --quick] [-- --write]`: every benchmark of the project, with seed, commit and machine. `--quick` takes smaller sizes (CI: does it run);
 * `--write` keeps the output as docs/results/kernel.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { dispatchBench } from './dispatch.ts';
import { evictionBenchDefaults, measureEvictions } from './evictions.ts';
import { commit, machine } from './machine.ts';
import { phases } from './phases.ts';
import { timelineBench } from './timeline.ts';

const isQuick = process.argv.includes('--quick');
const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};

say('# Kernel benchmarks');
say();
say(
  `Made by \`npm run bench${isQuick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}; seed 1.`,
);
say('The machine is shared: compare figures of one run with each other.');

say();
say('## Dispatches a second');
say();
say(
  'Three bursts of 1 s each, slice 100 ms, 8 cores, policies priority and importance-lru, one budget node, four pages each; events are built and',
);
say(
  `counted, not stored; no records. ${isQuick ? 'One run of each' : 'The best of ten runs, of four for the largest'}. The bare loop pops and pushes`,
);
say('two tinyqueues of as many entries: the ready queue and the event queue alone.');
say();
say('| processes | dispatches | a second | a second of processor time | bare loop | ratio |');
say('| ---: | ---: | ---: | ---: | ---: | ---: |');
for (const row of dispatchBench(isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000], isQuick ? 1 : 10)) {
  const { processes, dispatches, perSecond, perCpuSecond, bareLoopPerSecond } = row;
  say(
    `| ${[processes, dispatches, perSecond, perCpuSecond, bareLoopPerSecond].map(count).join(' | ')} | ${(perSecond / bareLoopPerSecond).toFixed(2)} |`,
  );
}

say();
say('## Bytes per idle process');
say();
for (const processes of isQuick ? [10_000] : [10_000, 100_000])
  say(`- ${count(processes)} processes: ${count(idle(processes))} bytes each`);

say();
say('## Seeking in a run');
say();
say(
  'The dispatches above as a timeline (src/sim/timeline): to any event and one event back, each with the view of all processes there,',
);
say('in ms of 300 samples; processor time is that of all threads.');
say();
say(
  '| events | processes | events taken in a second | bytes an event | with snapshots | seek | processor time | 99 % | one back | processor time | 99 % |',
);
say('| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const processes of isQuick ? [1_000] : [11_000]) {
  const { events, perSecond, storedBytes, heapBytes, seek, back } = timelineBench(processes);
  const times = [seek, back].flatMap(({ mean, cpuMean, cpuP99 }) => [mean, cpuMean, cpuP99]);
  say(
    `| ${[events, processes, perSecond, storedBytes, heapBytes].map(count).join(' | ')} | ${times.map((ms) => ms.toFixed(1)).join(' | ')} |`,
  );
}

say();
say('## Where the time of a dispatch goes');
say();
say('Share of samples by part of the source, 10,000 processes.');
say();
for (const { part, share } of await phases(isQuick ? 1 : 4))
  say(`- ${(share * 100).toFixed(1).padStart(4)} %  ${part}`);

say();
say('## Evictions a second, importance-lru');
say();
say('| | resident pages | until empty | evict and admit | until empty, all keys stale |');
say('| --- | ---: | ---: | ---: | ---: |');
const evictions = isQuick
  ? { ...evictionBenchDefaults, pages: 100_000, scannedPages: 1_000 }
  : evictionBenchDefaults;
for (const {
  policy,
  pages,
  evictAllPerSecond,
  evictAdmitPerSecond,
  evictTouchedPerSecond,
} of measureEvictions(evictions))
  say(
    `| ${policy} | ${[pages, evictAllPerSecond, evictAdmitPerSecond, evictTouchedPerSecond].map(count).join(' | ')} |`,
  );

if (process.argv.includes('--write')) {
  mkdirSync(new URL('../docs/results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('../docs/results/kernel.md', import.meta.url), `${lines.join('\n')}\n`);
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function idle(processes: number): number {
  const file = fileURLToPath(new URL('./idle.ts', import.meta.url));
  return Number(
    execFileSync(process.execPath, ['--expose-gc', file, String(processes)], { encoding: 'utf8' }),
  );
}
