/**
 * `npm run mutations [-- --only NAME,…] [--seeds N] [--write]`: plants one mistake after the other in a copy of the source, and runs the simulation over it until a seed shows it. Prints by which seed and which
 * promise each was found; the exit status is 1 when one was not. `--write`: the page of the planted mistakes is written anew.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { plantedMistakes, type PlantedMistake } from './mistakes.ts';
import { pageOf, type Finding } from './page.ts';
import { plant } from './plant.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    write: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '../..');
/** A simulation that takes longer runs in a circle. */
const longestMs = 600_000;

const chosen = chosenMistakes();
const findings = new Map<string, Finding>();
let next = 0;
// Two at a time: one for each core of a small machine.
await Promise.all([work(), work()]);
const missed = chosen.filter(({ name }) => findings.get(name)!.seed === undefined);
console.log(
  `${chosen.length - missed.length} of ${chosen.length} planted mistakes found within ${flags.seeds} seeds`,
);
for (const { name } of missed) console.log(`not found: ${name}`);
if (flags.write && flags.only === undefined)
  writeFileSync(join(root, 'docs/decisions/mutations.md'), pageOf(plantedMistakes, findings, flags.seeds));
process.exitCode = missed.length > 0 ? 1 : 0;

function chosenMistakes(): readonly PlantedMistake[] {
  if (flags.only === undefined) return plantedMistakes;
  const names = flags.only.split(',');
  const unknown = names.find((name) => plantedMistakes.every((mistake) => mistake.name !== name));
  if (unknown === undefined) return plantedMistakes.filter(({ name }) => names.includes(name));
  const known = plantedMistakes.map(({ name }) => name).join(', ');
  console.error(`--only: ${JSON.stringify(unknown)} is not allowed; allowed: ${known}`);
  process.exit(2);
}

/** A copy of the source, in which it plants one mistake after the other. */
async function work(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-mutations-'));
  try {
    for (const part of ['src', 'test', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (let mistake = chosen[next++]; mistake !== undefined; mistake = chosen[next++]) {
      const file = join(folder, mistake.file);
      const sound = readFileSync(file, 'utf8');
      writeFileSync(file, plant(mistake, sound));
      const finding = await simulate(folder);
      writeFileSync(file, sound);
      findings.set(mistake.name, finding);
      const { seed, promise, seconds } = finding;
      const found = seed === undefined ? `NOT FOUND: ${promise}` : `seed ${seed}: ${promise}`;
      console.log(`${mistake.name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s  ${found}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Until a promise is broken. */
function simulate(folder: string): Promise<Finding> {
  const startMs = performance.now();
  const child = spawn(
    process.execPath,
    [join(folder, 'test/simulation/main.ts'), '--seeds', flags.seeds, '--no-shrink'],
    { cwd: folder, timeout: longestMs },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const seconds = (performance.now() - startMs) / 1_000;
      const [, seed, promise] = /^seed (\d+): ((?:(?:error|assertion): .{1,60})|[^:\n]+)/m.exec(output) ?? [];
      if (seed !== undefined) resolve({ seed: Number(seed), promise: promise!.trim(), seconds });
      else resolve({ seed: undefined, promise: output.trim().split('\n').at(-1) ?? '', seconds });
    });
  });
}
