/** Runs the real commands without a process around them, and makes the small files that they read. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { commandTable } from '../../src/cli/command-table.ts';
import type { Io, Person } from '../../src/cli/command.ts';
import { runProgram } from '../../src/cli/program.ts';
import { projectRoot } from './source.ts';

export interface CliRun {
  readonly status: number;
  /** Without the last line end. */
  readonly out: string;
  readonly err: string;
}

export async function runCli(words: readonly string[], given: Partial<Io> = {}): Promise<CliRun> {
  let out = '';
  const err: string[] = [];
  const io = ioOf({
    out: (text) => void (out += `${text}\n`),
    write: (text) => void (out += text),
    err: (text) => void err.push(text),
    ...given,
  });
  const status = await runProgram(words, commandTable, io);
  return { status, out: out.replace(/\n$/, ''), err: err.join('\n') };
}

/** What is left out prints nowhere; there are no variables, and nobody sits in front of the terminal. */
export function ioOf(given: Partial<Io>): Io {
  return {
    out: () => {},
    write: () => {},
    err: () => {},
    progress: () => {},
    isTerminal: false,
    colours: false,
    columns: 80,
    folder: projectRoot,
    person: nobody,
    ...given,
    // What a command runs here is kept nowhere, unless the test says where.
    environment: { RINGZERO_STORE: 'memory', ...given.environment },
  };
}

/** Nobody sits in front of the terminal. */
const nobody: Person = { isThere: false, onLine: () => () => {}, onInterrupt: () => () => {} };

/** The one document that `--json` prints. Throws when the run failed or printed anything else. */
export function runJson<Report = RunReport>(...words: string[]): Promise<Report> {
  return documentOf<Report>(words, 0);
}

/** The same of a run that must end with status 1. */
export function runFailingJson(...words: string[]): Promise<RunReport> {
  return documentOf<RunReport>(words, 1);
}

async function documentOf<Report>(words: readonly string[], expected: number): Promise<Report> {
  const { status, out, err } = await runCli([...words, '--json']);
  if (status !== expected || err !== '') throw new Error(`status ${status}: ${err}`);
  return JSON.parse(out) as Report;
}

/** What the tests read of the report of a run. */
export interface RunReport {
  readonly format: string;
  readonly seed: number;
  readonly processes: number;
  readonly completed: number;
  readonly completedWithRefusedCalls: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly modelCalls: number;
  readonly modelCallsCompleted: number;
  readonly modelCallsRefused: Readonly<Record<string, number>>;
  readonly modelCallsBypassed: number;
  readonly modelCallsDegraded: number;
  readonly toolCalls: number;
  readonly toolsRefused: Readonly<Record<string, number>>;
  readonly messages: number;
  readonly eventHash: string;
  readonly events: number;
  readonly inputs: number;
  readonly virtualSeconds: number;
  readonly isCut: boolean;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly faultsByKind: { readonly compulsory: { readonly pages: number; readonly tokens: number } };
  readonly engines: readonly { readonly name: string; readonly peakResidentTokens: number }[];
  readonly microDollars: number;
  readonly budgetActions: Readonly<Record<'throttled' | 'suspended' | 'stopped', number>>;
  readonly budgetStalls: { readonly count: number; readonly us: number };
  readonly repeat: string;
  readonly options: { readonly seed: number; readonly residency: string };
  readonly perProcess: readonly {
    readonly pid: number;
    readonly name: string;
    readonly priority: number;
    readonly outcome: string;
    readonly code: string;
    readonly message: string;
    readonly turnaroundUs: number;
    readonly split: {
      readonly running: Readonly<Record<string, number>>;
      readonly readyUs: number;
      readonly waiting: Readonly<Record<string, number>>;
      readonly suspendedUs: number;
    };
    readonly usage: {
      readonly modelCalls: number;
      readonly modelCallsCompleted: number;
      readonly modelCallsRefused: number;
      readonly tokensIn: number;
    };
  }[];
  readonly wall?: unknown;
}

/** The same in every run of one command: all but the wall-clock fields. */
export function repeatable({ wall: _wall, ...rest }: RunReport): Omit<RunReport, 'wall'> {
  return rest;
}

/** An empty folder that is deleted after the tests of the file. */
export function scratch(): { path(name: string): string; write(name: string, text: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write(name, text) {
      writeFileSync(path(name), text);
      return path(name);
    },
  };
}

/** A recorded trace, and whether it is there: tests of it are skipped, saying so, when it is not. */
export function sharedTrace(name: string): { readonly path: string; readonly isThere: boolean } {
  const path = join(projectRoot, '../shared/traces', name);
  return { path, isThere: existsSync(path) };
}

/** Hand-written recordings, one of each format: two agents or requests each. */
export const fixtures: Readonly<Record<string, string>> = {
  'tau-bench': JSON.stringify([
    {
      task_id: 0,
      trial: 0,
      traj: [
        { role: 'system', content: 'You help travellers.' },
        { role: 'user', content: 'Book me a flight.' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'search_flights', arguments: '{"to":"Oslo"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', name: 'search_flights', content: 'one at nine' },
        { role: 'assistant', content: 'There is one at nine.' },
        { role: 'user', content: 'Take it.' },
        { role: 'assistant', content: 'Done.' },
      ],
    },
    {
      task_id: 1,
      trial: 0,
      traj: [
        { role: 'system', content: 'You help travellers.' },
        { role: 'user', content: 'Hello.' },
        { role: 'assistant', content: 'Hello.' },
      ],
    },
  ]),
  weka: [
    {
      id: 'one',
      tool: 0,
      sys: 1,
      r: [
        [0, 200, 20, 0, [[1, 3]], null, 2, 'end'],
        [5, 300, 30, 3, [[4, 1]], 3, 4, 'end'],
      ],
    },
    {
      id: 'two',
      tool: 0,
      sys: 1,
      r: [
        [0, 128, 10, 0, [[1, 2]], null, 1, 'end'],
        {
          agent_id: 'sub',
          t: 9,
          duration_ms: 6000,
          status: 'completed',
          sub: [[0, 64, 5, 0, [[1, 1]], null, 1, 'end']],
        },
        [10, 130, 10, 2, [], 9, 1, 'end'],
      ],
    },
  ]
    .map((session) => JSON.stringify(session))
    .join('\n'),
  'swe-agent': JSON.stringify({
    environment: 'small',
    trajectory: [
      { response: 'I look.', action: 'ls', observation: 'a.py', execution_time: 0.2 },
      { response: 'I am done.', action: '', observation: '', execution_time: 0 },
    ],
    history: [
      { role: 'system', content: 'You mend programs.' },
      { role: 'user', content: 'Mend a.py.' },
    ],
  }),
  mooncake: [
    { timestamp: 0, input_length: 1000, output_length: 50, hash_ids: [0, 1] },
    { timestamp: 3000, input_length: 1200, output_length: 60, hash_ids: [0, 1, 2] },
  ]
    .map((request) => JSON.stringify(request))
    .join('\n'),
  azure: [
    'TIMESTAMP,ContextTokens,GeneratedTokens',
    '2023-11-16 18:15:46.6805900,374,44',
    '2023-11-16 18:15:50.9951690,396,109',
  ].join('\n'),
};
