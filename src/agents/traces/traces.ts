/**
 * The traces of a kernel's runs: a pure fold over what its steps are given and give out, the same for a live kernel and a simulated one. It needs the kernel's records. A trace begins with the
 * kernel: of a run that was restored it tells what was done since.
 */
import { invalid } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { Input, SpawnInput } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { CallIdentity } from '../../kernel/requests.ts';
import { RunPids } from '../../kernel/run-pids.ts';
import type { FeedbackTask } from '../memory/feedback-program.ts';
import { EventReader } from './event-reader.ts';
import { RunTrace, type ProcessPlace } from './run-trace.ts';
import { feedbackOn, type StepFeedback } from './step-feedback.ts';
import { StepActs } from './step-acts.ts';
import { StepFold } from './step-fold.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** A piece of an answer under way, as the live driver tells it. */
export interface AnswerDelta {
  readonly pid: Pid;
  readonly call: CallIdentity;
  readonly delta: { readonly type: string; readonly text: string };
}

export class Traces {
  private readonly runsByName = new Map<string, RunTrace>();
  private readonly places = new Map<Pid, ProcessPlace>();
  private readonly pids = new RunPids();
  private readonly fold = new StepFold();
  /** Who watches runs that have not started. */
  private readonly early = new Map<string, Set<EventReader>>();
  /** Runs that belong to the trace of another, behind a step of it. */
  private readonly joined = new Map<string, { readonly trace: RunTrace; readonly step: number }>();
  private isBroken = false;

  /** Takes what one step of the kernel was given and gave out. */
  take(output: StepOutput, input: Input): void {
    this.fold.nowUs = input.atUs;
    this.pids.take(output.events);
    const acts = new StepActs(output, input, this.pids);
    for (const event of output.events) this.event(event, acts, input);
    for (const pid of acts.pids()) this.catchUp(pid, Infinity, acts);
  }

  /** Takes a piece of an answer under way. */
  told({ pid, call, delta }: AnswerDelta): void {
    const place = this.places.get(pid);
    const step = place?.call;
    if (delta.type !== 'text' || delta.text === '' || step?.n !== call.n) return;
    place!.trace.delta(step, delta.text, this.fold.nowUs);
  }

  /** The kernel broke down: every trace that has not ended fails. */
  broke(message: string): void {
    this.isBroken = true;
    for (const trace of this.runsByName.values()) trace.break(message, this.fold.nowUs);
    for (const readers of this.early.values()) for (const reader of readers) reader.end();
    this.early.clear();
  }

  // ---- What is known -------------------------------------------------------------------------------------------------

  /** The runs in the order of their start. */
  runs(): readonly string[] {
    return [...this.runsByName.keys()];
  }

  /** As it stands now: plain data, the caller's own. undefined: no such run has started. */
  trace(run: string): Trace | undefined {
    return this.runsByName.get(run)?.snapshot();
  }

  /**
   * The events of a run in order, from its start, whenever one begins to watch; also of a run that is still to start. Ends with the run. Text that came before one watched, or that one has not read
   * yet, comes in one piece, so that a reader that lags, or stops reading, holds no more than the trace itself. What is told has happened; that it is durable is told by the run's end.
   */
  watch(run: string): AsyncIterableIterator<TraceEvent> {
    const trace = this.runsByName.get(run);
    if (trace !== undefined) return trace.watch();
    const readers = this.early.get(run) ?? new Set();
    const reader: EventReader = new EventReader(() => {
      readers.delete(reader);
      if (readers.size === 0 && this.early.get(run) === readers) this.early.delete(run);
      this.runsByName.get(run)?.leave(reader);
    });
    if (this.isBroken) reader.end();
    else this.early.set(run, readers.add(reader));
    return reader;
  }

  /** Lets go of a run that has ended and that nobody asks for any more. False: there is none of this name that has ended. */
  forget(run: string): boolean {
    const trace = this.runsByName.get(run);
    if (trace?.hasEnded !== true) return false;
    this.runsByName.delete(run);
    return true;
  }

  /**
   * Somebody says something of a step, while its run goes on or later: a step of the trace, behind it. What is returned stores it as an experience of `scope`: a process to spawn, of the program
   * `feedback`, whose own steps join this trace. Throws KernelError INVALID_ARGUMENT.
   */
  feedback(said: StepFeedback): Omit<SpawnInput, 'type'> {
    const { run, step: number, scope } = said;
    const trace = this.runsByName.get(run);
    if (trace === undefined) throw invalid('run', run, 'a run that has a trace');
    const step = trace.steps[number - 1];
    if (step === undefined) throw invalid('step', number, `a step of the run, 1 to ${trace.steps.length}`);
    if (typeof scope !== 'string' || scope === '') throw invalid('scope', scope, 'a text that is not empty');
    const feedback = feedbackOn(trace.root, step, said);
    const made = trace.add(this.fold.nowUs, {
      type: 'feedback',
      pid: step.pid,
      name: step.name,
      n: 0,
      index: 0,
      parents: [number],
      data: { kind: feedback.kind, text: feedback.text, condition: feedback.condition, scope },
    });
    trace.close(undefined, made, this.fold.nowUs, 'done', {
      type: 'step_completed',
      step: made.sequence,
      ok: true,
    });
    const name = `${run}/feedback/${made.sequence}`;
    this.joined.set(name, { trace, step: made.sequence });
    const task: FeedbackTask = { scope, feedback };
    return { program: 'feedback', arguments: task, name: 'feedback', run: name };
  }

  // ---- Events --------------------------------------------------------------------------------------------------------

  private event(event: KernelEvent, acts: StepActs, input: Input): void {
    switch (event.type) {
      case 'process.spawned':
        return this.spawned(event, acts);
      case 'process.terminated':
        return this.terminated(event, acts);
      case 'process.released':
        return this.released(event.pid, acts);
      case 'call.requested': {
        const place = this.placeAt(event.pid, event.n, acts);
        return place && this.fold.called(place, event);
      }
      case 'call.stopped':
      case 'call.ended': {
        const place = this.places.get(event.pid);
        if (place === undefined) return;
        this.fold.answerCame(place, input);
        if (event.type === 'call.ended') place.trace.usage.calls++;
        return;
      }
      case 'tool.refused':
      case 'tool.interrupted': {
        const place = this.placeAt(event.pid, event.n, acts);
        return place && this.fold.notStarted(place, event);
      }
      case 'tool.ended':
        return this.fold.toolEnded(event, input);
      case 'tool.late':
        return this.fold.toolLate(event, input);
      case 'tool.settled':
        return this.fold.toolSettled(event);
      case 'person.answered':
        return this.fold.answered(event, input);
      default:
        return;
    }
  }

  private spawned(event: Extract<KernelEvent, { readonly type: 'process.spawned' }>, acts: StepActs): void {
    const { pid, runPid = pid, run, parent, name, program } = event;
    const join = this.joined.get(run);
    let trace = join?.trace ?? this.runsByName.get(run);
    // One that has ended and goes on in the same kernel has another.
    if (trace === undefined || (join === undefined && trace.hasEnded)) {
      const root = { run, pid: runPid, name, program, arguments: acts.argumentsOf(pid) };
      trace = new RunTrace(root, this.early.get(run) ?? [], this.fold.nowUs);
      this.early.delete(run);
      this.runsByName.set(run, trace);
    }
    const spawner = parent === 0 ? undefined : this.placeAt(parent, acts.spawnOf(parent, runPid), acts);
    const tips = spawner === undefined ? (join === undefined ? [] : [join.step]) : [...spawner.tips];
    if (join === undefined) trace.alive++;
    this.places.set(pid, {
      trace,
      pid: runPid,
      name,
      joinedAs: join === undefined ? undefined : run,
      n: 0,
      base: tips,
      tips,
      open: new Set(),
      call: undefined,
    });
  }

  private terminated(
    { pid, outcome, code, message }: Extract<KernelEvent, { readonly type: 'process.terminated' }>,
    acts: StepActs,
  ): void {
    const place = this.placeAt(pid, Infinity, acts);
    if (place === undefined) return;
    const { trace, pid: runPid } = place;
    for (const step of place.open) this.fold.cancel(place, step);
    const value = acts.endOf(pid);
    const end = { value, code, message };
    const data = { outcome, ...end };
    const step = trace.open(place, this.fold.nowUs, { type: 'conclusion', n: 0, data });
    trace.conclusions.set(runPid, step.sequence);
    const status = outcome === 'completed' ? 'done' : outcome === 'failed' ? 'failed' : 'cancelled';
    const told = { type: 'conclusion', step: step.sequence, value } as const;
    trace.close(place, step, this.fold.nowUs, status, told);
    this.places.delete(pid);
    this.pids.forget(place.joinedAs ?? trace.root.run, runPid);
    if (place.joinedAs !== undefined) {
      this.joined.delete(place.joinedAs);
      return;
    }
    if (runPid === trace.root.pid) trace.concluded(outcome, end);
    if (--trace.alive === 0) trace.finish(this.fold.nowUs);
  }

  private released(pid: Pid, acts: StepActs): void {
    const place = this.placeAt(pid, Infinity, acts);
    if (place === undefined) return;
    const { trace } = place;
    for (const step of place.open) this.fold.cancel(place, step);
    this.places.delete(pid);
    this.pids.forget(place.joinedAs ?? trace.root.run, place.pid);
    if (place.joinedAs !== undefined) this.joined.delete(place.joinedAs);
    else if (--trace.alive === 0) trace.release(this.fold.nowUs);
  }

  /** The place of a process, before its `n`-th syscall. */
  private placeAt(pid: Pid, n: number, acts: StepActs): ProcessPlace | undefined {
    this.catchUp(pid, n, acts);
    return this.places.get(pid);
  }

  private catchUp(pid: Pid, n: number, acts: StepActs): void {
    for (let act = acts.take(pid, n); act !== undefined; act = acts.take(pid, n)) {
      const place = this.places.get(pid);
      if (place !== undefined) this.fold.act(place, act);
    }
  }
}
