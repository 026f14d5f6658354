/** `ringzero step RUN`: a run walked event by event, forwards and backwards (docs/time-travel.md). */
import type { Command as CommanderCommand } from 'commander';

import { invalid, KernelError } from '../../kernel/errors.ts';
import { eventWords } from '../../report/event-words.ts';
import { formatClock } from '../../report/format.ts';
import { printable } from '../../report/text-width.ts';
import { Timeline } from '../../sim/timeline/timeline.ts';
import type { Call, Command, Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import { machineScreen, namesOf } from '../time-travel/machine-screen.ts';
import { indexOf, placeOf } from '../time-travel/places.ts';
import {
  addSourceFlags,
  readRun,
  runFile,
  titleOf,
  type ReadRun,
  type SourceFlags,
} from '../time-travel/read-run.ts';
import { plainChalk, Stepper } from '../time-travel/stepper.ts';

interface StepOptions extends SourceFlags {
  readonly at?: string;
  readonly events?: string;
}

interface SteppedRun extends ReadRun {
  readonly timeline: Timeline;
}

export const stepCommand: Command<StepOptions> = {
  name: 'step',
  summary: 'Walk through a run event by event, forwards and backwards.',
  register(command: CommanderCommand): void {
    command
      .argument('<run>', runFile)
      .option(
        '--at <place>',
        'show the machine there and end: the number of an event, or a time such as 90s or 2:30',
      )
      .option('--events <range>', 'list events in words and end: FROM..TO, by their numbers, such as 1..20');
    addSourceFlags(command);
  },
  async run({ operands: [file = ''], options }: Call<StepOptions>, io: Io): Promise<number> {
    if (options.at !== undefined && options.events !== undefined)
      throw new KernelError('INVALID_ARGUMENT', '--events: means nothing beside --at; allowed: one of them');
    let timeline = new Timeline({ engines: [], budgets: [] });
    const read = await readRun(file, options, io, (machine) => {
      timeline = new Timeline(machine);
      return timeline.add;
    });
    const run: SteppedRun = { ...read, timeline };
    if (options.events !== undefined) return listEvents(run, options, io);
    if (options.at === undefined && !options.json && io.isTerminal && io.person.isThere) {
      await new Stepper(timeline, { title: titleOf(run), zeroUs: run.zeroUs, io }).walk();
      return 0;
    }
    timeline.seek(
      options.at === undefined ? timeline.count : placeOf('--at', options.at, timeline, run.zeroUs),
    );
    if (options.json) io.out(JSON.stringify({ ...about(run), view: timeline.view() }, null, 1));
    else
      for (const line of machineScreen(timeline.view(), {
        width: io.columns,
        chalk: plainChalk(io),
        count: timeline.count,
        title: titleOf(run),
        zeroUs: run.zeroUs,
      }))
        io.out(line);
    return 0;
  },
};

function about({ timeline, name, kind, seed, endUs }: SteppedRun): object {
  return {
    command: 'step',
    ringzero: packageVersion(),
    source: name,
    kind,
    seed,
    events: timeline.count,
    endUs,
  };
}

function listEvents(run: SteppedRun, { events = '', json }: StepOptions, io: Io): number {
  const { timeline } = run;
  const [, first = '', last = ''] = /^(\d*)\.\.(\d*)$/.exec(events) ?? [];
  if (!events.includes('..') || (first === '' && last === '' && events !== '..'))
    throw invalid('--events', events, `FROM..TO, such as 1..${Math.min(20, timeline.count)}`);
  const from = Math.max(1, indexOf('--events', first === '' ? '1' : first, timeline));
  const to = indexOf('--events', last === '' ? String(timeline.count) : last, timeline);
  if (from > to)
    throw invalid(
      '--events',
      events,
      `FROM..TO, by their numbers from 1 to ${timeline.count}, FROM not behind TO`,
    );
  timeline.seek(to);
  // Everybody who is named by then; the machine is the same for all.
  const names = namesOf(timeline.view());
  const listed = Array.from({ length: to - from + 1 }, (_, offset) => {
    const event = timeline.event(from + offset);
    return { index: from + offset, event, words: eventWords(event, names) };
  });
  if (json) io.out(JSON.stringify({ ...about(run), listed }, null, 1));
  else {
    const width = String(to).length;
    const clock = (us: number): string => formatClock(us - run.zeroUs);
    const clockWidth = Math.max(0, ...listed.map(({ event }) => clock(event.atUs).length));
    for (const { index, event, words } of listed)
      io.out(
        `${String(index).padStart(width)}  ${clock(event.atUs).padStart(clockWidth)}  ${printable(words)}`,
      );
  }
  return 0;
}
