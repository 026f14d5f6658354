/** What `ringzero sched` prints: times of each job, their averages, the policies side by side, Gantt charts and the reasons of each choice. */
import { ganttText, shortNumber } from '../report/gantt-text.ts';
import type { TitledGantt } from '../report/gantt-svg.ts';
import { table } from '../report/table.ts';
import type { Decision } from '../sim/jobs/decisions.ts';
import { coreTimeUs, type Job } from '../sim/jobs/job.ts';
import { tickUs } from '../sim/jobs/read-jobs.ts';
import type { JobsResult } from '../sim/jobs/run-jobs.ts';
import type { Io } from './command.ts';
import { packageVersion } from './package-version.ts';

export interface PolicyRun {
  readonly name: string;
  /** Of a user's own policy: the hash of its file. */
  readonly sha256?: string;
  readonly jobs: readonly Job[];
  readonly cores: number;
  readonly sliceRule: 'settable' | 'own' | 'none';
  /** Ticks; missing where it cannot be set. */
  readonly slice?: number;
  readonly result: JobsResult;
  /** Empty unless they were asked for. */
  readonly decisions: readonly Decision[];
}

const ticks = (us: number): number => us / tickUs;

interface Averages {
  readonly response: number;
  readonly turnaround: number;
  readonly waiting: number;
}

/** Means over all jobs, ticks. */
function averagesOf({ result }: Pick<PolicyRun, 'result'>): Averages {
  const { perJob } = result;
  const mean = (pick: (job: JobsResult['perJob'][number]) => number): number =>
    ticks(perJob.reduce((sum, job) => sum + pick(job), 0)) / perJob.length;
  return {
    response: mean(({ responseUs }) => responseUs),
    turnaround: mean(({ turnaroundUs }) => turnaroundUs),
    waiting: mean(({ waitingUs }) => waitingUs),
  };
}

/** Jobs that ended after their deadline; undefined when no job has one. */
function missesOf({ jobs, result }: PolicyRun): number | undefined {
  const deadlines = jobs.map(({ scheduling }) => scheduling?.deadlineUs ?? Infinity);
  if (deadlines.every((us) => us === Infinity)) return undefined;
  return result.perJob.filter(({ turnaroundUs }, index) => turnaroundUs > deadlines[index]!).length;
}

export function ganttOf(run: Pick<PolicyRun, 'name' | 'jobs' | 'cores' | 'result'>): TitledGantt {
  const { jobs, cores, result } = run;
  const { response, turnaround, waiting } = averagesOf(run);
  const io = ioBegins(run);
  return {
    title: run.name,
    note: `average turnaround ${twoDecimals(turnaround)}, response ${twoDecimals(response)}, waiting ${twoDecimals(waiting)}`,
    cores,
    end: ticks(result.makespanUs),
    slices: result.slices.map(({ core, job, fromUs, toUs }) => ({
      core,
      job,
      from: ticks(fromUs),
      to: ticks(toUs),
    })),
    jobs: jobs.map((job, index) => ({
      name: job.name,
      arrival: ticks(job.arrivalUs),
      finish: ticks(result.perJob[index]!.finishUs),
      // Each burst but the last is followed by its I/O at once.
      io: io[index]!.map((fromUs, at) => ({
        from: ticks(fromUs),
        to: ticks(fromUs + job.burstsUs[2 * at + 1]!),
      })),
    })),
  };
}

/** [job] when its I/Os begin, µs. */
function ioBegins({ jobs, result }: Pick<PolicyRun, 'jobs' | 'result'>): readonly (readonly number[])[] {
  const begins: number[][] = jobs.map(() => []);
  for (const { job, end, toUs } of result.slices) if (end === 'io') begins[job]!.push(toUs);
  return begins;
}

// ---- For people ----------------------------------------------------------------------------------------------------------

interface Show {
  readonly gantt: boolean;
  readonly why: boolean;
  /** Sentences at the end. */
  readonly notes: readonly string[];
}

export function schedLines(
  runs: readonly PolicyRun[],
  { gantt, why, notes }: Show,
  io: Io,
): readonly string[] {
  const blocks = runs.map((run) => [
    ...jobTable(run, io.columns),
    ...(gantt ? ['', ...ganttText(ganttOf(run), { width: io.columns })] : []),
    ...(why ? ['', ...whyLines(run)] : []),
    ...(run.sha256 === undefined ? [] : ['', `note: ${run.name} is the file with SHA-256 ${run.sha256}`]),
  ]);
  if (runs.length > 1) blocks.push(comparison(runs, io.columns));
  if (notes.length > 0) blocks.push(notes.map((note) => `note: ${note}`));
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

/** What stands in the file already: left out where the terminal is narrow, so that every result has its room. */
const inputs = ['arrival', 'core time'];
const widthWithInputs = 67;

function jobTable(run: PolicyRun, width: number): string[] {
  const { name, jobs, cores, sliceRule, slice, result } = run;
  const { response, turnaround, waiting } = averagesOf(run);
  const hasDeadlines = missesOf(run) !== undefined;
  const hasInputs = width >= (hasDeadlines ? widthWithInputs + 11 : widthWithInputs);
  const rows = result.perJob.map((job, index) => {
    const { arrivalUs, burstsUs, scheduling } = jobs[index]!;
    const { deadlineUs } = scheduling ?? {};
    const deadline =
      deadlineUs === undefined
        ? ''
        : `${shortNumber(ticks(arrivalUs + deadlineUs))}${job.turnaroundUs > deadlineUs ? ' missed' : ''}`;
    return [
      jobs[index]!.name,
      ...[
        ...(hasInputs ? [arrivalUs, coreTimeUs(burstsUs)] : []),
        job.finishUs,
        job.responseUs,
        job.turnaroundUs,
        job.waitingUs,
      ].map((us) => shortNumber(ticks(us))),
      ...(hasDeadlines ? [deadline] : []),
    ];
  });
  rows.push([
    'average',
    ...(hasInputs ? ['', ''] : []),
    '',
    ...[response, turnaround, waiting].map(twoDecimals),
  ]);
  const ownSlices = sliceRule === 'own' ? ', slices of its own' : '';
  const slices = slice === undefined ? ownSlices : `, slices of ${shortNumber(slice)}`;
  return [
    `${name}: ${count(jobs.length, 'job')} on ${count(cores, 'core')}${slices}, ${shortNumber(ticks(result.makespanUs))} ticks`,
    '',
    ...table({
      columns: [
        { header: 'job', shrinkTo: 8, isName: true },
        ...[...(hasInputs ? inputs : []), 'finish', 'response', 'turnaround', 'waiting'].map((header) => ({
          header,
          align: 'right' as const,
        })),
        ...(hasDeadlines ? [{ header: 'deadline', align: 'right' as const }] : []),
      ],
      rows,
      width,
    }),
  ];
}

function comparison(runs: readonly PolicyRun[], width: number): string[] {
  const hasDeadlines = runs.some((run) => missesOf(run) !== undefined);
  return table({
    columns: [
      { header: 'average of', shrinkTo: 8 },
      ...['response', 'turnaround', 'waiting', 'switches'].map((header) => ({
        header,
        align: 'right' as const,
      })),
      ...(hasDeadlines ? [{ header: 'deadlines missed', align: 'right' as const }] : []),
    ],
    rows: runs.map((run) => {
      const { response, turnaround, waiting } = averagesOf(run);
      return [
        run.name,
        ...[response, turnaround, waiting].map(twoDecimals),
        String(switches(run)),
        ...(hasDeadlines ? [String(missesOf(run))] : []),
      ];
    }),
    width,
  });
}

/** How often a core went from one job to another. */
function switches({ result }: PolicyRun): number {
  let switched = 0;
  const last: number[] = [];
  for (const { core, job } of result.slices) {
    if (last[core] !== undefined && last[core] !== job) switched++;
    last[core] = job;
  }
  return switched;
}

function whyLines({ decisions, jobs, cores }: PolicyRun): string[] {
  const jobOf = jobsByPid(jobs);
  const choices = decisions.flatMap(({ atUs, core, picked, ready }) => {
    const place = cores === 1 ? '' : ` on core ${core}`;
    const nameOf = (pid: number): string => jobs[jobOf[pid]!]!.name;
    return [
      `at ${shortNumber(ticks(atUs))}${place}: ${nameOf(picked)} is picked of ${ready.length} ready`,
      ...ready.map(
        ({ pid, reason }) => `  ${pid === picked ? '→' : ' '} ${reason === '' ? nameOf(pid) : reason}`,
      ),
    ];
  });
  return ['Each choice, and why; 1 s is a tick:', ...choices];
}

/** [pid] the job. Pids count from 1 in the order of arrival; of jobs that arrive together, in that of the list. */
function jobsByPid(jobs: readonly Job[]): readonly number[] {
  const order = jobs
    .map((_, index) => index)
    .sort((a, b) => jobs[a]!.arrivalUs - jobs[b]!.arrivalUs || a - b);
  return [-1, ...order];
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

function twoDecimals(value: number): string {
  return value.toFixed(2);
}

// ---- For programs --------------------------------------------------------------------------------------------------------

export function schedDocument(
  runs: readonly PolicyRun[],
  about: {
    readonly seed: number;
    readonly jobs: string;
    readonly repeat: string;
    readonly notes: readonly string[];
  },
  withDecisions: boolean,
): object {
  return {
    command: 'sched',
    ringzero: packageVersion(),
    ...about,
    unit: 'ticks',
    results: runs.map((run) => {
      const { name, jobs, cores, sliceRule, slice, result, decisions } = run;
      const jobOf = jobsByPid(jobs);
      const misses = missesOf(run);
      return {
        policy: name,
        ...(run.sha256 === undefined ? {} : { sha256: run.sha256 }),
        cores,
        sliceRule,
        ...(slice === undefined ? {} : { slice }),
        perJob: result.perJob.map(({ job, finishUs, responseUs, turnaroundUs, waitingUs }) => ({
          job,
          name: jobs[job]!.name,
          arrival: ticks(jobs[job]!.arrivalUs),
          coreTime: ticks(coreTimeUs(jobs[job]!.burstsUs)),
          finish: ticks(finishUs),
          response: ticks(responseUs),
          turnaround: ticks(turnaroundUs),
          waiting: ticks(waitingUs),
        })),
        average: averagesOf(run),
        makespan: ticks(result.makespanUs),
        switches: switches(run),
        ...(misses === undefined ? {} : { deadlinesMissed: misses }),
        slices: result.slices.map(({ core, job, fromUs, toUs, end }) => ({
          core,
          job,
          from: ticks(fromUs),
          to: ticks(toUs),
          end,
        })),
        ...(withDecisions ? { decisions: decisions.map((decision) => decisionOf(decision, jobOf)) } : {}),
      };
    }),
  };
}

function decisionOf({ atUs, core, picked, ready }: Decision, jobOf: readonly number[]): object {
  return {
    at: ticks(atUs),
    core,
    picked: jobOf[picked],
    ready: ready.map(({ pid, sinceUs, reason }) => ({
      job: jobOf[pid],
      since: ticks(sinceUs),
      reason,
    })),
  };
}
