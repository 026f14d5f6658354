/** A live run in front of a terminal, from the moment that its world is there to its last line: whoever sits there is asked, told, and may stop it. */
import { sendMessageName } from '../../agents/loop/own-tools.ts';
import type { TraceEvent } from '../../agents/traces/trace.ts';
import type { ProcessEnd } from '../../host/live-kernel.ts';
import { watchTraces } from '../../host/watch-traces.ts';
import { KernelError, messageOf } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import type { ApprovalMode } from './approval.ts';
import { AskPerson } from './ask-person.ts';
import type { LiveWatcher, LiveWorld } from './live-world.ts';
import { adviceOf, liveEndOf, modelLine, usageLine, type LiveEnd, type PricedUsage } from './run-result.ts';
import { RunView } from './run-view.ts';
import type { LiveUsage } from './usage-meter.ts';

export interface DrivenRunOptions {
  readonly command: 'run' | 'resume';
  readonly run: string;
  readonly io: Io;
  /** How it is printed. */
  readonly json: boolean;
  readonly ndjson: boolean;
  readonly seed: number;
  /** '': whoever goes on with it does not know. */
  readonly task: string;
  readonly isTeam: boolean;
  readonly approve: ApprovalMode;
  /** Of those that it asks, with commas between. */
  readonly model: string;
  readonly record?: string | undefined;
  /** The whole of a command that goes on with it, shows or ends it; undefined: nothing of it is kept. */
  readonly wordsOf: ((command: 'resume' | 'show' | 'cancel') => string) | undefined;
  /** What does it again; undefined: nothing does. */
  readonly again: string | undefined;
}

/** What begins in the world: a process, and its end. */
export interface Begun {
  readonly pid: Pid;
  readonly end: Promise<ProcessEnd>;
}

/** Of those that a line names, at most. */
const shownTools = 3;

/** Exit status of what somebody has stopped, as shells have it. */
const stoppedStatus = 130;

export class DrivenRun {
  readonly watcher: LiveWatcher;
  /** Whoever wants it to end at once does not wait for servers to take their leave. */
  isHurried = false;
  private readonly options: DrivenRunOptions;
  private readonly view: RunView;

  constructor(options: DrivenRunOptions) {
    this.options = options;
    const { io, json, ndjson, isTeam } = options;
    this.view = new RunView(json || ndjson ? aside(io) : io, { isTeam });
    // Standard output is for the trace alone.
    this.watcher = ndjson ? { onNotice: (line) => io.err(line) } : this.view;
  }

  /** Returns the exit status. `begin` starts it, when whoever looks on is there. */
  async drive(world: LiveWorld, begin: () => Begun): Promise<number> {
    const { options } = this;
    this.view.offered = [...world.tools, sendMessageName];
    this.warn(world);
    const startUs = world.clock.nowUs();
    const told = options.ndjson ? this.tell(watchTraces(world.live).watch(options.run)) : undefined;
    const begun = begin();
    const end = await this.attended(world, begun);
    // Who is parked ends no trace; nobody watches any more.
    if (end.outcome === 'parked') world.live.close();
    await told;
    this.report(end, world.clock.nowUs() - startUs, usageOf(world, begun.pid));
    return statusOf(end);
  }

  /** The recording is not kept any further. */
  readonly recordingFailed = (why: unknown): void => {
    this.view.line(`! its recording is not kept any further: ${messageOf(why)}`);
  };

  /** A line for whoever sits there, and nobody else. */
  note(text: string): void {
    this.view.note(text);
  }

  /** Where nobody can say yes, of what will be denied. */
  private warn({ needYes }: LiveWorld): void {
    const { io, approve } = this.options;
    if (io.person.isThere || approve !== 'ask' || needYes.length === 0) return;
    const others = needYes.length > shownTools ? ` and ${needYes.length - shownTools} others` : '';
    const tools = `${needYes.slice(0, shownTools).join(', ')}${others}`;
    this.view.line(`standard input is no terminal: calls of ${tools} that need a yes are denied (--approve)`);
  }

  /** Each event of the trace as a line, to its last. */
  private async tell(events: AsyncIterable<TraceEvent>): Promise<void> {
    for await (const event of events) this.options.io.out(JSON.stringify(event));
  }

  /** Until it ends, with a person to ask, to be told by, and to stop it. */
  private async attended({ live, questions, registry }: LiveWorld, { pid, end }: Begun): Promise<LiveEnd> {
    const { view } = this;
    const { io, approve, isTeam } = this.options;
    const isAsked = io.person.isThere && approve !== 'never';
    const person = new AskPerson({
      questions,
      registry,
      io,
      view,
      approve,
      answer: ({ request }, decision, value) =>
        live.answer(request, decision, value, isAsked ? io.person.name : undefined),
      onMessage: (text) => {
        if (isTeam) return view.note('  not told: a team takes no messages');
        live.message(pid, text).then(
          (isTaken) => view.note(isTaken ? '  told to the agent' : '  not told: it has ended'),
          () => {},
        );
      },
    });
    const interrupts = this.interrupts(live, pid);
    try {
      return await Promise.race([end.then(liveEndOf, broken), interrupts.ended]);
    } finally {
      interrupts.close();
      person.close();
    }
  }

  /** The first Ctrl-C lets what runs come to its end, the second does not wait. What is kept is parked, anything else has ended. */
  private interrupts(
    live: LiveWorld['live'],
    pid: Pid,
  ): { readonly ended: Promise<LiveEnd>; readonly close: () => void } {
    const { view } = this;
    const { io, wordsOf } = this.options;
    const isKept = wordsOf !== undefined;
    let isStopping = false;
    let close: () => void = () => {};
    const ended = new Promise<LiveEnd>((resolve) => {
      close = io.person.onInterrupt(() => {
        if (isStopping) {
          this.isHurried = true;
          // Nobody waits for what it becomes of; whoever watches is told all the same that it has ended.
          if (!isKept) live.signal(pid, 'kill');
          live.close();
          return resolve({ ...unended, outcome: isKept ? 'parked' : 'killed' });
        }
        isStopping = true;
        const what = isKept
          ? 'parking: tools that run come to their ends'
          : 'stopping: running calls are ended';
        view.line(`${what}; Ctrl-C again does not wait for them`);
        view.quiet();
        if (!isKept) return live.signal(pid, 'terminate');
        // What keeps it from being parked is told by its end.
        live.park().then(
          () => resolve({ ...unended, outcome: 'parked' }),
          () => {},
        );
      });
    });
    return { ended, close };
  }

  private report(end: LiveEnd, us: number, { used, byModel, isPriceKnown }: RunUsage): void {
    const { view } = this;
    const { command, run, io, json, ndjson, seed, task, model, record, wordsOf, again } = this.options;
    const { outcome, reason, message, answer } = end;
    const isOver = !isUnended(end);
    const document = {
      command,
      run,
      ringzero: packageVersion(),
      seed,
      task,
      model,
      ...end,
      seconds: us / 1e6,
      ...used,
      microDollars: isPriceKnown ? used.microDollars : null,
      models: byModel,
      ...(again === undefined ? {} : { repeat: again }),
      ...(isOver || wordsOf === undefined ? {} : { resume: wordsOf('resume') }),
      ...(record === undefined ? {} : { recording: record }),
    };
    if (json) return io.out(JSON.stringify(document, null, 1));
    if (ndjson) return io.out(JSON.stringify({ type: 'result', ...document }));
    view.endLine();
    if (outcome === 'completed' && answer !== '' && answer !== view.lastAnswer) io.out(view.words(answer));
    view.line(usageLine(outcome, us, used, isPriceKnown));
    if (byModel.length > 1) for (const one of byModel) view.note(`  ${modelLine(one)}`);
    if (record !== undefined) view.note(`recorded: ringzero rerun ${record}`);
    if (outcome === 'failed') {
      view.line(`failed: ${reason}${message === '' || message === view.lastProblem ? '' : `: ${message}`}`);
      const advice = adviceOf(reason);
      if (advice !== undefined) view.line(`  ${advice}`);
    }
    this.last(outcome, isOver);
  }

  /** What can be done with it now. */
  private last(outcome: LiveEnd['outcome'], isOver: boolean): void {
    const { view } = this;
    const { run, io, wordsOf, again } = this.options;
    if (!isOver && wordsOf !== undefined) {
      if (this.isHurried)
        view.line('what was under way may have acted or not; a write is not made again by itself');
      return view.line(`to go on: ${wordsOf('resume')}; to end it for good: ${wordsOf('cancel')}`);
    }
    const repeat = again === undefined ? '' : `to do it again: ${again}`;
    if (outcome === 'completed') {
      // What a terminal shows is for whoever may want to know.
      if (wordsOf !== undefined && io.person.isThere) view.note(`kept: ${wordsOf('show')}`);
      return;
    }
    const kept = wordsOf === undefined ? 'nothing of it is kept' : `kept as ${run}: ${wordsOf('show')}`;
    view.line(repeat === '' ? kept : `${kept}; ${repeat}`);
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

/** The kernel could not go on, which ends none of its processes. */
const brokenReasons: ReadonlySet<string> = new Set(['STORAGE_FAILED', 'LEASE_LOST']);

function isUnended({ outcome, reason }: LiveEnd): boolean {
  return outcome === 'parked' || (outcome === 'failed' && brokenReasons.has(reason));
}

function broken(error: unknown): LiveEnd {
  const code = error instanceof KernelError ? error.code : 'STORAGE_FAILED';
  return liveEndOf({ outcome: 'failed', value: null, code, message: messageOf(error) });
}

function statusOf({ outcome }: LiveEnd): number {
  if (outcome === 'completed') return 0;
  return outcome === 'failed' ? 1 : stoppedStatus;
}

/** Standard output is for documents alone; standard error for whoever can be asked. */
function aside(io: Io): Io {
  const silent = (): void => {};
  return { ...io, write: silent, out: silent, err: io.person.isThere ? (text) => io.err(text) : silent };
}
