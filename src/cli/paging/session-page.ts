/** `ringzero page --residency prefix`: paging policies compared on recorded sessions, whose contexts are chains of blocks. */
import { engineDefaults } from '../../kernel/engine-options.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { boundName, sessionContenders, workflowContender } from '../../sim/sessions/session-contenders.ts';
import { type CellRequest, drawCell } from '../../sim/sessions/session-cell.ts';
import type { SessionTrace } from '../../sim/sessions/session-trace.ts';
import type { Contender, GridRow } from '../../sim/sessions/session-grid.ts';
import type { CommonOptions, Io } from '../command.ts';
import { parseInteger, parseList } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { repeatWords, type RunFlags } from '../run-flags.ts';
import { errorOf, type Failure } from '../failure.ts';
import {
  ownPolicyNotes,
  parsePolicies,
  type PolicyChoice,
  sessionPoliciesAllowed,
  sessionPolicyNames,
} from './policy-choice.ts';
import { type ResultFileFlags, writeResultFiles } from '../result-files.ts';
import { readSessions } from './read-sessions.ts';
import { sessionFiles } from './session-files.ts';
import { runSessionJob, type SessionJob } from './session-job.ts';
import { sessionLines, sessionResults } from './session-report.ts';
import { runInThreads } from '../thread-pool.ts';

export interface SessionPageOptions extends CommonOptions, Pick<RunFlags, 'given'>, ResultFileFlags {
  readonly trace: string;
  readonly policy: string;
  readonly capacity?: string;
  readonly sessions: string;
  readonly seeds: number;
  readonly calls: 'recorded' | 'instant';
  readonly victims: 'leaf' | 'any';
  readonly admission: 'may' | 'must';
  readonly workflows: 'unknown' | 'known';
  readonly loadRate: number;
  readonly loadLatency?: number;
  readonly threads: number;
}

const defaultCapacity = '1000000';

export async function runSessionPage(options: SessionPageOptions, io: Io): Promise<number> {
  const { seed, threads } = options;
  const contenders = contendersOf(options);
  const capacities = parseIntegers('--capacity', options.capacity ?? defaultCapacity);
  const counts = parseIntegers('--sessions', options.sessions);

  io.progress(`reading ${options.trace}`);
  const trace = await readSessions(options.trace);
  // Too few of them is no reason of a policy.
  drawCell(trace, { sessions: Math.max(...counts), memoryTokens: 1, seed });
  const { calls, victims, admission, workflows, loadRate, loadLatency = 0 } = options;
  const engine = { ...engineDefaults, loadTokensPerSecond: loadRate, loadLatencyUs: loadLatency };
  const requests: CellRequest[] = counts.flatMap((sessions) =>
    capacities.flatMap((memoryTokens) =>
      Array.from({ length: options.seeds }, (_, index) => ({
        sessions,
        memoryTokens,
        seed: seed + index,
        calls,
        victims,
        admission,
        workflows,
        engine,
      })),
    ),
  );
  const jobs = contenders.map(({ contender, choice }): SessionJob => ({
    contender,
    choice,
    requests: requests.map((request) => ({
      ...request,
      ...(contender.victims === undefined ? {} : { victims: contender.victims }),
      ...(contender.admission === undefined ? {} : { admission: contender.admission }),
    })),
  }));
  const results = sessionResults(await runAll(jobs, trace, threads, io));
  const repeat = repeatWords('page', [], { given: options.given, seed }).join(' ');
  const notes = ownPolicyNotes(contenders.map(({ choice }) => choice));
  const heading = { trace: options.trace, recorded: trace.sessions.length, seed, repeat, notes };
  await writeResultFiles(options, sessionFiles(heading, results));
  if (options.json) {
    const files = contenders.flatMap(({ choice: { name, file: own } }) =>
      own === undefined ? [] : [{ name, ...own }],
    );
    const document = {
      command: 'page',
      ringzero: packageVersion(),
      residency: 'prefix',
      ...heading,
      ...(files.length === 0 ? {} : { policyFiles: files }),
      bound: `${boundName}: a heuristic`,
      results,
    };
    io.out(JSON.stringify(document, null, 1));
  } else for (const line of sessionLines(heading, results, io)) io.out(line);
  return 0;
}

/** A number that is named twice is taken once: a row that came twice would count as another draw. */
function parseIntegers(option: string, text: string): number[] {
  return [...new Set(parseList(option, text, (one) => parseInteger(option, one, { min: 1 })))];
}

/** `all` is the comparison of docs/sessions.md, and where workflows are known the policy that knows them. A policy that is named twice is taken once. */
function contendersOf({
  policy,
  workflows,
}: SessionPageOptions): { readonly contender: Contender; readonly choice: PolicyChoice }[] {
  const all = workflows === 'known' ? [...sessionContenders, workflowContender] : sessionContenders;
  const named = parseList('--policy', policy, (name) => name).flatMap((name) => {
    if (name === 'all') return all.map((contender) => ({ contender, choice: { name: contender.name } }));
    if (sessionPolicyNames.includes(name)) return [{ contender: { name }, choice: { name } }];
    if (!/\.[cm]?[jt]s$/.test(name)) throw invalid('--policy', name, sessionPoliciesAllowed);
    return parsePolicies('--policy', name).map((choice) => ({ contender: { name }, choice }));
  });
  return [...new Map(named.map((one) => [one.contender.name, one])).values()];
}

/** Rows in the order of the requests, whoever ended first. Notes on what cannot run go to standard error. */
async function runAll(
  jobs: readonly SessionJob[],
  trace: SessionTrace,
  threads: number,
  io: Io,
): Promise<GridRow[]> {
  const rows = new Map<string, GridRow>();
  const failures: Failure[] = [];
  const refusals: string[] = [];
  const all = jobs.reduce((sum, { requests }) => sum + requests.length, 0);
  await runInThreads(jobs, {
    entry: 'paging/session-worker',
    run: runSessionJob,
    io,
    shared: trace,
    threads,
    receive(message) {
      if (message.kind === 'failure') failures.push(message);
      else if (message.kind === 'refusal') refusals.push(message.problem);
      else {
        const { job, request, result } = message;
        rows.set(keyOf(job, request), { contender: job.contender, request, result });
        io.progress(`${rows.size} of ${all} replays`);
      }
    },
  });
  io.progress('');
  const [failure] = failures;
  if (failure !== undefined) throw errorOf(failure);
  if (rows.size === 0) throw new KernelError('INVALID_ARGUMENT', refusals[0]!);
  for (const problem of refusals) io.err(`note: left out: ${problem}`);
  const [{ requests }] = jobs as [SessionJob];
  return requests.flatMap((_, index) =>
    jobs.flatMap((job) => rows.get(keyOf(job, job.requests[index]!)) ?? []),
  );
}

function keyOf({ contender }: SessionJob, { sessions, memoryTokens, seed }: CellRequest): string {
  return `${contender.name} ${sessions} ${memoryTokens} ${seed}`;
}
