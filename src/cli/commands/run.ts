/** `ringzero run "TASK"`: an agent, or a team, at work with a real model, its tools, and whoever sits at the terminal (docs/run.md). */
import type { Command as CommanderCommand } from 'commander';

import { agentTaskOf } from '../../agents/loop/agent-task.ts';
import { sendMessageName } from '../../agents/loop/own-tools.ts';
import type { TraceEvent } from '../../agents/traces/trace.ts';
import { invalid, messageOf } from '../../kernel/errors.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { ProcessEnd } from '../../host/live-kernel.ts';
import { watchTraces } from '../../host/watch-traces.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { AskPerson } from '../live/ask-person.ts';
import { budgetName, openLiveWorld, type LiveWatcher, type LiveWorld } from '../live/live-world.ts';
import {
  adviceOf,
  liveEndOf,
  modelLine,
  usageLine,
  type LiveEnd,
  type PricedUsage,
} from '../live/run-result.ts';
import { RunView } from '../live/run-view.ts';
import { addLiveFlags, liveSettings, type LiveFlags, type LiveSettings } from '../live/settings.ts';
import { modelsOfTeam, readTeam, teamArguments, type TeamFile } from '../live/team-file.ts';
import type { LiveUsage } from '../live/usage-meter.ts';
import { checkOutputs } from '../line-file.ts';
import { packageVersion } from '../package-version.ts';
import { keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';

interface RunOptions extends CommonOptions, LiveFlags {
  readonly given: RunFlags['given'];
  readonly team?: string;
  readonly record?: string;
  readonly ndjson: boolean;
}

export const runCommand: Command<RunOptions> = {
  name: 'run',
  summary: 'Give a task to an agent with a real model and tools.',
  register(command: CommanderCommand): void {
    command.argument('<task>', 'what is to be done');
    addLiveFlags(command);
    command
      .option('--team <file>', 'several agents instead of one: topology and members as JSON')
      .option('--record <file>', 'keep all that the kernel is told, for ringzero rerun')
      .option('--ndjson', 'print the trace as it happens, an event a line as JSON, and the result', false)
      .addHelpText('after', after);
    keepGiven(command);
  },
  async run({ operands: [task = ''], options }: Call<RunOptions>, io: Io): Promise<number> {
    if (task.trim() === '') throw invalid('task', task, 'a text that is not empty');
    if (options.json && options.ndjson) throw invalid('--ndjson', true, 'not together with --json');
    checkOutputs({ '--record': options.record }, options.team === undefined ? [] : [options.team]);
    const settings = liveSettings(options, io);
    const team = options.team === undefined ? undefined : readTeam(io.folder, options.team);
    return new LiveRun({ task, options, settings, team, io }).run();
  },
};

const after = `
While it runs: a line that you type is a message for the agent, taken up at its next turn. Where it asks for a yes: y, n REASON,
or e {"argument": …} to let it go on with other arguments. Ctrl-C stops it and tells what it used; a second one ends at once.
The key comes from RINGZERO_MODEL_KEY alone. Exit status: 0 completed, 1 failed, 2 bad input before anything ran, 130 stopped.`;

/** Exit status of what somebody has stopped, as shells have it. */
const stoppedStatus = 130;

class LiveRun {
  private readonly task: string;
  private readonly options: RunOptions;
  private readonly settings: LiveSettings;
  private readonly team: TeamFile | undefined;
  private readonly io: Io;
  private readonly view: RunView;
  private readonly watcher: LiveWatcher;

  constructor(given: {
    readonly task: string;
    readonly options: RunOptions;
    readonly settings: LiveSettings;
    readonly team: TeamFile | undefined;
    readonly io: Io;
  }) {
    ({
      task: this.task,
      options: this.options,
      settings: this.settings,
      team: this.team,
      io: this.io,
    } = given);
    const { io, options, team } = given;
    const isPlain = !options.json && !options.ndjson;
    this.view = new RunView(isPlain ? io : aside(io), { isTeam: team !== undefined });
    // Standard output is for the trace alone.
    this.watcher = options.ndjson ? { onNotice: (line) => io.err(line) } : this.view;
  }

  async run(): Promise<number> {
    const { settings, options, io, watcher } = this;
    const world = await openLiveWorld(settings, {
      moreModels: this.team === undefined ? [] : modelsOfTeam(this.team),
      seed: options.seed,
      isWatched: io.isTerminal,
      canAsk: io.person.isThere,
      watcher,
      record: options.record,
    });
    try {
      const { program, args } = this.program(world);
      this.view.offered = [...world.tools, sendMessageName];
      const startUs = world.clock.nowUs();
      const run = `run-${startUs}`;
      const told = options.ndjson ? this.tell(watchTraces(world.live).watch(run)) : undefined;
      const spawned = world.live.spawn({
        program,
        name: program,
        arguments: args,
        run,
        budget: budgetName,
      });
      const { end, status } = await this.attended(world, spawned);
      await told;
      this.report(end, run, world.clock.nowUs() - startUs, usageOf(world, spawned.pid));
      return status;
    } finally {
      // Whoever wants it to end at once does not wait for servers to take their leave.
      await world.close({ isHurried: this.isHurried });
    }
  }

  private isHurried = false;

  private program(world: LiveWorld): { readonly program: string; readonly args: Json } {
    const { task, team } = this;
    if (team !== undefined)
      return { program: 'team', args: teamArguments(team, task, (own) => world.agent(own)) };
    const args = { ...world.agent(), task } as unknown as Json;
    agentTaskOf(args);
    return { program: 'agent', args };
  }

  /** Each event of the trace as a line, to its last. */
  private async tell(events: AsyncIterable<TraceEvent>): Promise<void> {
    for await (const event of events) this.io.out(JSON.stringify(event));
  }

  /** Until it ends, with a person to ask, to be told by, and to stop it. */
  private async attended(
    { live, questions, registry }: LiveWorld,
    { pid, end }: ReturnType<LiveWorld['live']['spawn']>,
  ): Promise<{ readonly end: LiveEnd; readonly status: number }> {
    const { io, view, settings, team } = this;
    const person = new AskPerson({
      questions,
      registry,
      io,
      view,
      approve: settings.approve,
      answer: ({ request }, decision, value) => live.answer(request, decision, value),
      onMessage: (text) => {
        if (team !== undefined) return view.note('  not told: a team takes no messages');
        live.message(pid, text).then(
          (isTaken) => view.note(isTaken ? '  told to the agent' : '  not told: it has ended'),
          () => {},
        );
      },
    });
    let isStopping = false;
    let hurry: () => void = () => {};
    const hurried = new Promise<undefined>((resolve) => {
      hurry = () => resolve(undefined);
    });
    const endInterrupts = io.person.onInterrupt(() => {
      if (isStopping) return hurry();
      isStopping = true;
      view.line('stopping: running calls are ended; Ctrl-C again does not wait for them');
      view.quiet();
      live.signal(pid, 'terminate');
    });
    try {
      const ended = await Promise.race([end.catch(broken), hurried]);
      if (ended === undefined) {
        this.isHurried = true;
        // Nobody waits for what it becomes of; whoever watches is told all the same that it has ended.
        live.signal(pid, 'kill');
        live.close();
        return { end: { ...unended, outcome: 'killed' }, status: stoppedStatus };
      }
      return { end: liveEndOf(ended), status: statusOf(ended) };
    } finally {
      endInterrupts();
      person.close();
    }
  }

  private report(end: LiveEnd, run: string, us: number, { used, byModel, isPriceKnown }: RunUsage): void {
    const { io, options, settings, task, view } = this;
    const { outcome, reason, message, answer } = end;
    const repeat = repeatWords('run', [task], { given: options.given, seed: options.seed }).join(' ');
    const document = {
      command: 'run',
      run,
      ringzero: packageVersion(),
      seed: options.seed,
      task,
      model: settings.models.chain.join(','),
      ...end,
      seconds: us / 1e6,
      ...used,
      microDollars: isPriceKnown ? used.microDollars : null,
      models: byModel,
      repeat,
      ...(options.record === undefined ? {} : { recording: options.record }),
    };
    if (options.json) return io.out(JSON.stringify(document, null, 1));
    if (options.ndjson) return io.out(JSON.stringify({ type: 'result', ...document }));
    view.endLine();
    if (outcome === 'completed' && answer !== '' && answer !== view.lastAnswer) io.out(view.words(answer));
    view.line(usageLine(outcome, us, used, isPriceKnown));
    if (byModel.length > 1) for (const one of byModel) view.note(`  ${modelLine(one)}`);
    if (options.record !== undefined) view.note(`recorded: ringzero rerun ${options.record}`);
    if (outcome === 'completed') return;
    if (outcome === 'failed') {
      view.line(`failed: ${reason}${message === '' || message === view.lastProblem ? '' : `: ${message}`}`);
      const advice = adviceOf(reason);
      if (advice !== undefined) view.line(`  ${advice}`);
    }
    view.line(`nothing of it is kept to go on from; to do it again: ${repeat}`);
  }
}

/** What a run used, of each model that it asked, too. */
interface RunUsage {
  readonly used: LiveUsage;
  readonly byModel: readonly PricedUsage[];
  readonly isPriceKnown: boolean;
}

function usageOf({ usage, models }: LiveWorld, pid: Pid): RunUsage {
  const byModel = usage.byModel(pid).map((one) => {
    const isKnown = models.some(({ name, prices }) => name === one.model && prices !== undefined);
    return { ...one, microDollars: isKnown ? one.microDollars : null };
  });
  const isPriceKnown = byModel.every(({ microDollars }) => microDollars !== null);
  return { used: usage.of(pid), byModel, isPriceKnown };
}

const unended = { reason: 'stopped', message: '', answer: '', isWhole: false } as const;

function statusOf({ outcome }: Pick<ProcessEnd, 'outcome'>): number {
  if (outcome === 'completed') return 0;
  return outcome === 'failed' ? 1 : stoppedStatus;
}

/** The kernel itself could not go on. */
function broken(error: unknown): Pick<ProcessEnd, 'outcome' | 'value' | 'code' | 'message'> {
  return { outcome: 'failed', value: null, code: 'STORAGE_FAILED', message: messageOf(error) };
}

/** Standard output is for documents alone; standard error for whoever can be asked. */
function aside(io: Io): Io {
  const silent = (): void => {};
  return { ...io, write: silent, out: silent, err: io.person.isThere ? (text) => io.err(text) : silent };
}
