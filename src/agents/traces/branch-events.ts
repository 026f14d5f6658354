/**
 * The numbered events of one branch of a run (watch-event.ts), made of its records as they become durable, or as storage has them: either way the same. A record that was taken before, and all that storage tells
 * twice, changes nothing. Pure.
 */
import type { Pid } from '../../kernel/ids.ts';
import type { LedgerRecord, ProcessEnded, ProcessStarted, RunStarted } from '../../kernel/records.ts';
import type { BranchRecord } from '../../kernel/storage.ts';
import { StepReader, type StoredStep } from './stored-steps.ts';
import { noUsage, type StepType, type Trace } from './trace.ts';
import type { NumberedBody, StepResult } from './watch-event.ts';

export interface NumberedEvent {
  /** From 1. */
  readonly number: number;
  readonly atUs: number;
  readonly body: NumberedBody;
}

export class BranchEvents {
  readonly started: RunStarted;
  /** Of the last event. */
  number = 0;
  /** All processes of the branch have ended. */
  isOver = false;
  isStopped = false;
  private readonly rewoundAtUs: number | undefined;
  private readonly onEvent: (event: NumberedEvent) => void;
  private readonly reader = new StepReader((step) => this.step(step));
  private readonly processes = new Map<Pid, ProcessTaken>();
  private readonly usage: { -readonly [Field in keyof Trace['usage']]: Trace['usage'][Field] };
  private root: ProcessStarted | undefined;
  private rootEnd: ProcessEnded | undefined;
  private alive = 0;
  private taken = 0;
  /** Of the record that is taken. */
  private nowUs = 0;
  /** What was told in the branch before is not told again. */
  private isCopied: boolean;

  /** `rewoundAtUs`: when another branch took over from this one; the processes that ended with that are told of by that branch. */
  constructor(started: RunStarted, rewoundAtUs: number | undefined, onEvent: (event: NumberedEvent) => void) {
    this.started = started;
    this.rewoundAtUs = rewoundAtUs;
    this.onEvent = onEvent;
    this.usage = { ...noUsage, calls: 0 };
    this.isCopied = started.origin?.kind === 'rewind';
  }

  /** To be told before the result that it was settled for. */
  settled(record: LedgerRecord): void {
    this.reader.settled(record);
  }

  take(record: BranchRecord): void {
    if (!this.isNew(record)) return;
    this.nowUs = record.atUs;
    if (record.type === 'process.started') this.processStarted(record);
    else if (record.type === 'message.sent') {
      const { pid, from, message, atUs } = record;
      this.tell(atUs, { type: 'message_sent', pid, from, message });
    } else if (record.type === 'signal.sent' && record.pid === this.root?.pid) this.signalled(record);
    if (record.type === 'process.ended' && this.isEndOfRewind(record)) return;
    this.reader.take(record, ++this.taken);
    if (record.type === 'process.ended') this.processEnded(record);
    if (this.isCopied && this.reader.count >= this.started.origin!.after) this.goesOn();
  }

  private isNew(record: BranchRecord): boolean {
    const { pid } = record;
    if (record.type === 'process.started') return !this.processes.has(pid);
    const process = this.processes.get(pid);
    if (process === undefined || process.hasEnded) return false;
    switch (record.type) {
      case 'history':
        if (record.n <= process.n) return false;
        process.n = record.n;
        return true;
      case 'checkpoint':
        return false;
      case 'process.ended':
        process.hasEnded = true;
        return true;
      default:
        if (record.seq <= process.seq) return false;
        process.seq = record.seq;
        return true;
    }
  }

  private isEndOfRewind({ outcome, atUs }: ProcessEnded): boolean {
    return outcome === 'cancelled' && atUs === this.rewoundAtUs;
  }

  private processStarted(record: ProcessStarted): void {
    const { run, branch, pid, parent, name, program, atUs } = record;
    this.processes.set(pid, { n: 0, seq: 0, hasEnded: false });
    this.alive++;
    if (this.root !== undefined)
      return this.tell(atUs, { type: 'process_started', pid, parent, name, program });
    this.root = record;
    const { origin } = this.started;
    const told = { run, branch, pid, name, program, arguments: record.arguments };
    this.tell(atUs, { type: 'trace_started', ...told, ...(origin === undefined ? {} : { origin }) });
  }

  private signalled({ signal, atUs }: { readonly signal: string; readonly atUs: number }): void {
    if (signal === 'stop' && !this.isStopped) {
      this.isStopped = true;
      this.tell(atUs, { type: 'trace_stopped' });
    } else if (signal === 'continue' && this.isStopped) {
      this.isStopped = false;
      this.tell(atUs, { type: 'trace_continued' });
    }
  }

  private processEnded(record: ProcessEnded): void {
    if (record.pid === this.root?.pid) this.rootEnd = record;
    if (--this.alive > 0 || this.rootEnd === undefined) return;
    this.isOver = true;
    const { outcome, value } = this.rootEnd;
    const type =
      outcome === 'completed' ? 'trace_completed' : outcome === 'failed' ? 'trace_failed' : 'trace_cancelled';
    this.tell(record.atUs, { type, value, usage: { ...this.usage } });
  }

  private step({ sequence, type: stepType, end: _end, isWrite: _isWrite, ...step }: StoredStep): void {
    const { usage } = this;
    if (stepType === 'llm_call' || stepType === 'reflection') usage.calls++;
    usage.tokensIn += step.usage.tokensIn;
    usage.tokensCached += step.usage.tokensCached;
    usage.tokensOut += step.usage.tokensOut;
    usage.microDollars += step.usage.microDollars;
    this.tell(this.nowUs, { type: resultOf[stepType], step: sequence, stepType, ...step });
  }

  /** Behind the last record that it has of the branch before. */
  private goesOn(): void {
    this.isCopied = false;
    const { branch, origin, atUs } = this.started;
    const { branch: from, after, edited } = origin!;
    this.tell(atUs, {
      type: 'trace_rewound',
      branch,
      from,
      after,
      ...(edited === undefined ? {} : { edited }),
    });
  }

  private tell(atUs: number, body: NumberedBody): void {
    if (!this.isCopied) this.onEvent({ number: ++this.number, atUs, body });
  }
}

/** What was taken of a process. */
interface ProcessTaken {
  /** The last syscall whose result is known, and the last record of its journal. */
  n: number;
  seq: number;
  hasEnded: boolean;
}

const resultOf: Readonly<Record<StepType, StepResult['type']>> = {
  llm_call: 'llm_call_completed',
  reflection: 'llm_call_completed',
  tool_call: 'tool_result',
  memory_read: 'memory_loaded',
  memory_write: 'step_completed',
  feedback: 'step_completed',
  conclusion: 'conclusion',
};
