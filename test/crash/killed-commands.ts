/** `ringzero run` and `ringzero resume` killed (SIGKILL) at random moments, until the run ends: what it did, and what it says, against an undisturbed one. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { rngFor, type Rng } from '../../src/base/rng.ts';
import { projectRoot } from '../support/source.ts';

export interface KilledCommand {
  readonly kills: number;
  /** What was not as it must be; empty: all was. */
  readonly problems: readonly string[];
}

const effects = 3;
const task = Array.from({ length: effects }, (_, index) => {
  const command = `echo ${index} >> done.txt; sleep 0.1`;
  return `shell ${JSON.stringify({ command })} calculator {"expression":"${index}+1"} write_file {"path":"file-${index}.txt","text":"${index}"}`;
}).join(' ');
const first = [
  'run',
  task,
  '--model',
  'scripted',
  '--shell',
  '--root',
  '.',
  '--approve',
  'always',
  '--tool-calls',
  '20',
];

/** One run in a new folder below `place`, killed so often at most. `store`: of its commands. */
export async function killedCommand(
  place: string,
  {
    seed,
    most,
    store = [],
  }: { readonly seed: number; readonly most: number; readonly store?: readonly string[] },
): Promise<KilledCommand> {
  const rng = rngFor(seed, 'killed-commands');
  const folder = join(place, `run-${seed}`);
  mkdirSync(folder);
  let kills = 0;
  let words = [...first, ...store];
  for (let attempt = 0; attempt < most + 3; attempt++) {
    const { wasKilled, status, out, err } = await command(folder, words, kills < most ? rng : undefined);
    if (wasKilled) kills++;
    else if (status === 0) return { kills, problems: problemsOf(folder, `${out}\n${err}`, kills) };
    else if (!/no runs here|is left to go on with/.test(err))
      return { kills, problems: [`status ${status}: ${err}`] };
    if (wasKilled) {
      words = ['resume', ...store];
      continue;
    }
    // Killed before it had started anything, or after its end was stored.
    const listed = await command(folder, ['runs', '--json', '--last', '1', ...store], undefined);
    const [last] = listed.status === 0 ? (JSON.parse(listed.out) as Listed).runs : [];
    if (last === undefined || !existsSync(join(folder, 'done.txt'))) words = [...first, ...store];
    else {
      const shown = await command(folder, ['show', last.run, '--json', ...store], undefined);
      const answer = (JSON.parse(shown.out) as Shown).processes[0]!.steps.at(-1)!.data.value.answer;
      return { kills, problems: problemsOf(folder, answer, kills) };
    }
  }
  return { kills, problems: ['it came to no end'] };
}

interface Listed {
  readonly runs: readonly { readonly run: string }[];
}
interface Shown {
  readonly processes: readonly {
    readonly steps: readonly { readonly data: { readonly value: { readonly answer: string } } }[];
  }[];
}

/** Kills it at a line of its output, or some time behind it, where `rng` is given. */
function command(
  folder: string,
  words: readonly string[],
  rng: Rng | undefined,
): Promise<{
  readonly wasKilled: boolean;
  readonly status: number;
  readonly out: string;
  readonly err: string;
}> {
  const { RINGZERO_STORE: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(projectRoot, 'src/cli/main.ts'), ...words], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let left = rng === undefined ? Infinity : rng.integer(8);
  let wasKilled = false;
  const heard = (text: string): void => {
    left -= text.split('\n').length - 1;
    if (left > 0 || wasKilled || rng === undefined) return;
    wasKilled = true;
    setTimeout(() => child.kill('SIGKILL'), rng.integer(60));
  };
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    heard(text.toString());
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
    heard(text.toString());
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) =>
      resolve({ wasKilled: signal === 'SIGKILL', status: code ?? -1, out, err }),
    );
  });
}

function problemsOf(folder: string, screen: string, kills: number): readonly string[] {
  const problems: string[] = [];
  const answer = screen.slice(screen.lastIndexOf('The tools gave:'));
  const log = join(folder, 'done.txt');
  const written = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  const unknown = answer.match(/- shell failed: TOOL_INTERRUPTED/g)?.length ?? 0;
  if (unknown > kills) problems.push(`${unknown} writes are unknown after ${kills} kills`);
  const gave = answer.match(/- shell: \{"status":0,/g)?.length ?? 0;
  if (gave + unknown !== effects)
    problems.push(`${gave} commands gave something, ${unknown} are unknown, of ${effects}`);
  for (let index = 0; index < effects; index++) {
    const count = written.filter((line) => line === String(index)).length;
    if (count > 1) problems.push(`command ${index} acted ${count} times`);
    if (!answer.includes(`- calculator: ${index + 1}`))
      problems.push(`the answer lacks calculation ${index}`);
    if (!existsSync(join(folder, `file-${index}.txt`))) problems.push(`file ${index} is not written`);
  }
  if (written.length < gave) problems.push(`${gave} commands gave something, ${written.length} have acted`);
  return problems;
}
