/** `ringzero page` as a user runs it: process start, reading and numbering included. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { binaryTraceParts } from '../../src/sim/paging/binary-trace.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';
import { writeOracleGeneral } from '../../src/sim/paging/writers/oracle-general.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Markdown rows: seconds from start to end, best of `rounds`. */
export function* wholeCommandLines(folder: string, trace: ReferenceTrace, rounds: number): Generator<string> {
  const files = { binary: join(folder, 'zipf.bin'), oracleGeneral: join(folder, 'zipf.oracleGeneral') };
  writeFileSync(files.binary, Buffer.concat(binaryTraceParts(trace)));
  writeFileSync(files.oracleGeneral, Buffer.concat([...writeOracleGeneral(trace)]));
  yield `${trace.ids.length.toLocaleString('en')} references to ${trace.unique.toLocaleString('en')} pages under lru, capacity 76,260: \`npx tsx src/cli/main.ts page\`, best of ${rounds}.`;
  yield '';
  yield '| format | wall seconds | of them reading and numbering | policy work |';
  yield '| --- | ---: | ---: | ---: |';
  for (const [format, file] of Object.entries(files)) {
    let best = { wall: Infinity, reading: 0, work: 0 };
    for (let round = 0; round < rounds; round++) {
      const words = [
        'tsx',
        'src/cli/main.ts',
        'page',
        '--trace',
        file,
        '--policy',
        'lru',
        '--capacity',
        '76260',
        '--json',
      ];
      const start = performance.now();
      const report = JSON.parse(
        execFileSync('npx', [...words, '--no-cache'], {
          cwd: root,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      ) as { wall: { readSeconds: number }; results: [{ seconds: number }] };
      const wall = (performance.now() - start) / 1_000;
      if (wall < best.wall)
        best = { wall, reading: report.wall.readSeconds, work: report.results[0].seconds };
    }
    yield `| ${format} | ${best.wall.toFixed(2)} | ${best.reading.toFixed(2)} | ${best.work.toFixed(2)} |`;
  }
}
