/** `ringzero logs [RUN]`: what happens in a run of a server, or to all processes of its kernel, as it happens (docs/top.md). */
import type { Command as CommanderCommand } from 'commander';

import type { StepType } from '../../agents/traces/trace.ts';
import type { Client } from '../../client/client.ts';
import type { ServerEvent } from '../../client/event-stream.ts';
import { invalid } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import { eventWords, type EventNames } from '../../report/event-words.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import {
  addServerFlag,
  asked,
  askServer,
  problemOf,
  type AskedServer,
  type ServerFlags,
} from '../serve/ask-server.ts';
import { logLine, stepLine, type LoggedStep } from '../serve/log-lines.ts';

interface LogsOptions extends CommonOptions, ServerFlags {
  readonly follow: boolean;
}

export const logsCommand: Command<LogsOptions> = {
  name: 'logs',
  summary: 'Print what a run of a server did, or follow it as it goes on.',
  register(command: CommanderCommand): void {
    command
      .argument('[run]', 'its name; none, with -f: what happens to all processes of the server')
      .option('-f, --follow', 'go on until the run ends, or Ctrl-C; with --json an event a line', false);
    addServerFlag(command);
  },
  async run({ operands: [run], options }: Call<LogsOptions>, io: Io): Promise<number> {
    if (run === undefined && !options.follow)
      throw invalid('run', run, 'the name of a run, or -f without one');
    const server = askServer(options, io, options.follow);
    if (!options.follow) return listed(server, run!, options, io);
    const events = run === undefined ? server.client.watchKernel() : server.client.watchTrace({ id: run });
    return followed(server, events, options, io);
  },
};

type StepPage = Awaited<ReturnType<Client['traceSteps']>>;

async function listed(server: AskedServer, run: string, { json }: LogsOptions, io: Io): Promise<number> {
  const steps: StepPage['steps'][number][] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: StepPage = await asked(server, server.client.traceSteps({ id: run, after, limit: 200 }));
    steps.push(...page.steps);
    after = page.next_after;
  }
  if (json) io.out(JSON.stringify({ trace_id: run, steps }, null, 1));
  else
    for (const { started_at: startedAt, ended_at: endedAt, type, data, ...step } of steps)
      io.out(
        logLine(
          new Date(endedAt ?? startedAt),
          stepLine({ ...step, type, data: data as LoggedStep['data'] }),
          io,
        ),
      );
  return 0;
}

/** Until the server has no more to tell, or somebody leaves. */
async function followed(
  { url }: AskedServer,
  events: AsyncIterableIterator<ServerEvent>,
  { json }: LogsOptions,
  io: Io,
): Promise<number> {
  let isLeft = false;
  let leave: () => void = () => {};
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
  });
  const endInterrupts = io.person.onInterrupt(leave);
  const names = new Names();
  try {
    while (!isLeft) {
      const next = await Promise.race([events.next(), left]);
      if (next === undefined || next.done === true) {
        isLeft = true;
        continue;
      }
      const { data } = next.value;
      if (json) io.out(data);
      else {
        const event = JSON.parse(data) as Told;
        const words = wordsOf(event, names);
        if (words !== undefined) io.out(logLine(new Date(event.atUs / 1_000), words, io));
      }
    }
    return 0;
  } catch (error) {
    throw problemOf(url, error);
  } finally {
    endInterrupts();
    // The stream ends with its reader; a server that is silent is not waited for.
    void events.return?.();
  }
}

type Told = { readonly atUs: number; readonly type: string } & Record<string, unknown>;

/** Undefined: a piece of an answer, or another thing that is no line of its own. */
function wordsOf(event: Told, names: Names): string | undefined {
  const { type } = event;
  if (type.startsWith('process.')) {
    names.add(event);
    return eventWords(event as unknown as KernelEvent, names);
  }
  if ('stepType' in event && 'status' in event)
    return stepLine({ ...event, type: event['stepType'] as StepType } as unknown as LoggedStep);
  switch (type) {
    case 'awaiting_user_action':
      return `asks a person: ${JSON.stringify(event['question'])}`;
    case 'trace_rewound':
      return `goes on in branch ${event['branch'] as string}, as it was behind step ${event['after'] as number}`;
    case 'gap':
      return 'earlier events are not kept any more';
    case 'process_started':
      return `${event['name'] as string} (${event['pid'] as number}) starts`;
    default:
      return type.startsWith('trace_') ? `the run has ${type.slice('trace_'.length)}` : undefined;
  }
}

/** Of the processes that it has seen arrive. */
class Names implements EventNames {
  private readonly names = new Map<number, string>();

  add(event: Told): void {
    if (event.type === 'process.spawned') this.names.set(event['pid'] as number, event['name'] as string);
  }

  process(pid: number): string {
    const name = this.names.get(pid);
    return name === undefined ? `process ${pid}` : `${name} (${pid})`;
  }

  engine(index: number): string {
    return `engine ${index}`;
  }
}
