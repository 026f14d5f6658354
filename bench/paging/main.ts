/**
 * `npm run bench:paging [-- --quick] [-- --write]`: every paging policy on all traces, its speed, curves and sessions. `--quick` takes smaller sizes (CI: does it
 * run); `--write` keeps the output as docs/results/paging.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commit, machine } from '../machine.ts';
import { curveLines } from './curves.ts';
import { hitRatioLines } from './hit-ratios.ts';
import { sessionLines } from './sessions.ts';
import { layOut, speedLines } from './speed.ts';
import { speedWorkloads } from './speed-workloads.ts';
import { wholeCommandLines } from './whole-command.ts';
import { generatedTraces, recordedTrace, recordedTraces, zipfTrace } from './workloads.ts';

const isQuick = process.argv.includes('--quick');
const lines: string[] = [];
const say = (line = ''): void => {
  console.log(line);
  lines.push(line);
};
const sayAll = async (all: Iterable<string> | AsyncIterable<string>): Promise<void> => {
  for await (const line of all) say(line);
};
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
try {
  say('# Paging benchmarks');
  say();
  say(
    `Made by \`npm run bench:paging${isQuick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}; seed 1.`,
  );
  say('The machine is shared: compare figures of one run with each other.');

  const recorded = await recordedTraces();
  say();
  say('## Hit ratios');
  say();
  await sayAll(
    hitRatioLines(
      [...(isQuick ? recorded.slice(4, 6) : recorded), ...generatedTraces(isQuick ? 20_000 : 1_000_000)],
      isQuick ? [0.1] : [0.01, 0.1],
    ),
  );

  const zipf = zipfTrace(isQuick ? 500_000 : 10_000_000, isQuick ? 50_000 : 1_000_000);
  for (const { workload } of speedWorkloads) {
    const trace = workload === 'zipf' ? zipf : await recordedTrace(workload);
    if (trace !== undefined) layOut(folder, workload, trace);
  }
  say();
  say('## Speed');
  say();
  say(
    'Policy work alone, the trace in memory as dense ids, one process for each policy; the best run of five rounds, of one where there is nothing to compare with. The calibration is a minimal LRU (two Int32Array links), on the Zipf workload,',
  );
  say(
    'in the same process. The peer in C was measured by others, on a machine of this kind where a calibration did 22 to 31 M/s: its share is of 26. How fast the calibration is depends on how ids are numbered, here by first use, which puts what is hot side by side; a chained hash table gains nothing by that. So the ratio of the absolute figures is that of a machine as fast as theirs, and the relative one errs on the strict side. lru-cache and mnemonist are LRUs from npm.',
  );
  say();
  await sayAll(speedLines(folder, isQuick ? 1 : 5));

  say();
  say('## Miss-ratio curves');
  say();
  await sayAll(curveLines(zipf, isQuick ? 1 : 3));

  say();
  say('## Sessions');
  say();
  await sayAll(sessionLines(isQuick));

  say();
  say('## The whole command');
  say();
  await sayAll(wholeCommandLines(folder, zipf, isQuick ? 1 : 3));
} finally {
  rmSync(folder, { recursive: true });
}

if (process.argv.includes('--write')) {
  mkdirSync(new URL('../../docs/results/', import.meta.url), { recursive: true });
  writeFileSync(new URL('../../docs/results/paging.md', import.meta.url), `${lines.join('\n')}\n`);
}
