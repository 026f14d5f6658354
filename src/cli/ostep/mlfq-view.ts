import type { MlfqAnswer, MlfqProblem } from '../../lessons/ostep/mlfq.ts';
import { count, decimals, figures, type ToolView } from './tool-view.ts';

export const mlfqView: ToolView<MlfqProblem, MlfqAnswer> = {
  title: ({ options, jobs }) =>
    `${count(jobs.length, 'job')} in a feedback queue of ${count(options.numQueues, 'level')}; level ${options.numQueues - 1} is the highest`,
  problem: ({ options, jobs }) => [
    ...figures(
      ['level', 'slice', 'slices until a job drops'],
      options.quantum.map((quantum, index) => [
        String(options.numQueues - 1 - index),
        quantum === 0 ? 'endless' : String(quantum),
        options.allotment[index]! < 1 ? 'endless' : String(options.allotment[index]),
      ]),
    ),
    '',
    `boost           ${options.boost === 0 ? 'none' : `all jobs to the highest level every ${options.boost} ticks`}`,
    `I/O             ${count(options.ioTime, 'tick')}; ${options.stay ? 'slice and allotment are refilled' : 'slice and allotment go on'}`,
    `after the I/O   to the ${options.iobump ? 'front' : 'back'} of the queue`,
    '',
    ...figures(
      ['job', 'start', 'run time', 'I/O every'],
      jobs.map(({ job, arrival, length, ioFreq }) => [
        String(job),
        String(arrival),
        String(length),
        ioFreq === 0 ? '-' : String(ioFreq),
      ]),
    ),
  ],
  question: 'who runs when and on which level; each job’s response and turnaround.',
  answer: (answer) => [
    ...figures(
      [
        'from',
        'to',
        'job',
        'level',
        'slice left',
        'slices',
        'run left',
        { left: 'before' },
        { left: 'after' },
      ],
      rows(answer),
    ),
    '',
    ...figures(
      ['job', 'start', 'response', 'turnaround', 'waiting'],
      [
        ...answer.perJob.map(({ job, startTime, response, turnaround, wait }) =>
          [job, startTime, response, turnaround, wait].map(String),
        ),
        ['average', '', decimals(answer.average.response), decimals(answer.average.turnaround)],
      ],
    ),
  ],
};

interface Run {
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/** Ticks of one job in one slice, between two events. */
function runs({ timeline, priority, ticksLeftAfter, events }: MlfqAnswer): Run[] {
  const breaks = new Set(events.map(({ time }) => time));
  const found: Run[] = [];
  let from = 0;
  for (let tick = 1; tick <= timeline.length; tick++) {
    const goesOn =
      timeline[tick] === timeline[from] &&
      priority[tick] === priority[from] &&
      (timeline[from] === -1 || ticksLeftAfter[tick] === ticksLeftAfter[tick - 1]! - 1);
    if (goesOn && !breaks.has(tick)) continue;
    found.push({ from, to: tick });
    from = tick;
  }
  return found;
}

const words: Readonly<Record<string, string>> = {
  JOB_BEGINS: 'begins',
  IO_DONE: 'back from I/O',
  IO_START: 'to I/O',
  FINISHED: 'ends',
};

type Event = MlfqAnswer['events'][number];

function rows(answer: MlfqAnswer): string[][] {
  const eventsAt = new Map<number, Event[]>();
  for (const event of answer.events) {
    const others = eventsAt.get(event.time);
    if (others === undefined) eventsAt.set(event.time, [event]);
    else others.push(event);
  }
  return runs(answer).map((run) => row(answer, run, (time) => eventsAt.get(time) ?? []));
}

function row(answer: MlfqAnswer, { from, to }: Run, eventsAt: (time: number) => readonly Event[]): string[] {
  const { timeline, priority, ticksLeftAfter, allotLeftPrinted, timeLeftAfter } = answer;
  const shown = (wanted: (type: string) => boolean, at: number): string =>
    eventsAt(at)
      .filter(({ type }) => wanted(type))
      .map((event) => (event.type === 'BOOST' ? 'boost' : `${event.job} ${words[event.type]}`))
      .join(', ');
  const isEnd = (type: string): boolean => type === 'IO_START' || type === 'FINISHED';
  const isIdle = timeline[from] === -1;
  const last = to - 1;
  return [
    String(from),
    String(to),
    isIdle ? '-' : String(timeline[from]),
    ...(isIdle
      ? ['', '', '', '']
      : [priority[from], ticksLeftAfter[last], allotLeftPrinted[last], timeLeftAfter[last]].map(String)),
    shown((type) => !isEnd(type), from),
    shown(isEnd, to),
  ];
}
