/** Runs that are killed (SIGKILL) at random moments and go on in a new process, until they end: what has to be true of them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rngFor } from '../../src/base/rng.ts';

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

export interface KilledRuns {
  readonly runs: number;
  readonly kills: number;
  /** What was not as it must be, one line each. */
  readonly problems: readonly string[];
}

interface Life {
  /** The first turn that was begun, and the last; undefined: none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly end: string | undefined;
  readonly errors: string;
}

/** `store`: a file, or the URL of a PostgreSQL server, empty. Stops when so many processes have been killed. */
export async function killRuns(store: string, kills: number, seed: number): Promise<KilledRuns> {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-effects-'));
  const rng = rngFor(seed, 'kills');
  const problems: string[] = [];
  let killed = 0;
  let runs = 0;
  try {
    const undisturbed = await live(store, folder, 'undisturbed', undefined);
    if (undisturbed.end === undefined)
      return { runs: 1, kills: 0, problems: [`no end: ${undisturbed.errors}`] };
    for (; killed < kills; runs++) {
      const run = `run-${runs}`;
      let lastTurn = 0;
      for (;;) {
        const afterMs = killed < kills ? 1 + rng.integer(500) : undefined;
        const life = await live(store, folder, run, afterMs);
        if (life.first !== undefined && life.first < lastTurn)
          problems.push(`${run}: turn ${life.first} was begun again after turn ${lastTurn}`);
        lastTurn = life.last ?? lastTurn;
        if (life.end === undefined && life.errors !== '') {
          problems.push(`${run}: ${life.errors}`);
          break;
        }
        if (life.end === undefined) {
          killed++;
          continue;
        }
        if (life.end !== undisturbed.end) problems.push(`${run}: ended with ${life.end}`);
        break;
      }
      const written = effects(folder, run);
      if (JSON.stringify(written) !== JSON.stringify(effects(folder, 'undisturbed')))
        problems.push(`${run}: wrote ${written.join(', ')}`);
    }
    return { runs, kills: killed, problems };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the run did to the world, one text for each effect. */
function effects(folder: string, run: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${run}.`) && !name.endsWith('.new'));
  return files.map((name) => readFileSync(join(folder, name), 'utf8')).sort();
}

/** One process, to its end or its kill, so many ms after it has begun to work. */
function live(store: string, folder: string, run: string, afterMs: number | undefined): Promise<Life> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [worker, store, folder, run], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (afterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.on('close', () => {
      clearTimeout(timer);
      const begun = Array.from(out.matchAll(/^turn (\d+)\n/gm), ([, turn]) => Number(turn));
      const [, end] = /^end (.*)\n/m.exec(out) ?? [];
      resolve({ first: begun[0], last: begun.at(-1), end, errors });
    });
  });
}
