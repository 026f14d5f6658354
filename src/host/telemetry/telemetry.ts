/**
 * Watches a kernel and tells of it in the words of OpenTelemetry: spans as they end, metrics whenever somebody asks. It needs the kernel's records. What had begun before it watched has no span; metrics
 * count from then on.
 */
import { firstBranch } from '../../kernel/branches.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Input } from '../../kernel/inputs.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { StateName, WaitReason } from '../../kernel/process-state.ts';
import type { StepWatcher } from '../live-kernel.ts';
import type { StorageNews } from '../storage-waits.ts';
import type { Redactor } from '../redactor.ts';
import { ContentWording, type CallContents } from './call-contents.ts';
import { KernelFigures } from './kernel-figures.ts';
import type { MetricData } from './metric-set.ts';
import type { SpanData } from './span.ts';
import { SpanFold } from './span-fold.ts';
import type { ModelPlace } from './spanned-process.ts';
import { StepFacts } from './step-facts.ts';
import { WatchedEngine, WatchedProcess } from './watched-process.ts';

export interface TelemetryOptions {
  /** Takes each span as it ends; nothing of it may throw. Default: nobody does. */
  readonly onSpan?: (span: SpanData) => void;
  /** Of an engine's model; default: an OpenAI-compatible endpoint. */
  readonly placeOf?: (engine: string) => ModelPlace;
  /** What calls hold beside what the kernel tells. */
  readonly contents?: CallContents | undefined;
  /** Messages, arguments and results are told, too; default false. */
  readonly exportsContent?: boolean;
  /** Takes out of them what is nobody's to know. Most has been taken out when the kernel was told; what a program says itself has not. */
  readonly redactor?: Redactor | undefined;
  /** Another kernel may go on with processes that have not ended when this one does; default false. */
  readonly isKept?: boolean;
  /** Spans that nobody got, so far. */
  readonly dropped?: () => number;
  /** Times the pieces of answers, µs; absent: they are not timed. */
  readonly clockUs?: () => number;
}

export class Telemetry implements StepWatcher {
  private readonly kernel: Kernel;
  private readonly options: TelemetryOptions;
  private readonly figures: KernelFigures;
  private readonly fold: SpanFold;
  private readonly engines: readonly WatchedEngine[];
  private readonly processes = new Map<number, WatchedProcess>();
  private readonly late = new Set<number>();
  private lastUs: number;
  private isClosed = false;

  constructor(kernel: Kernel, options: TelemetryOptions = {}) {
    this.kernel = kernel;
    this.options = options;
    const { engines } = kernel.options;
    const { onSpan, contents, exportsContent = false, redactor } = options;
    this.figures = new KernelFigures(engines);
    this.engines = engines.map(({ name }, index) => new WatchedEngine(index, name));
    this.fold = new SpanFold({
      placeOf: options.placeOf ?? (() => ({ provider: 'openai' })),
      contents,
      wording: exportsContent ? new ContentWording(redactor) : undefined,
      sink: {
        onSpan,
        onCall: (call) => this.figures.call(call),
        onTool: (tool, us, error) => this.figures.tool(tool, us, error),
        onProcess: ({ name }, us, error) => this.figures.agent(name, us, error),
      },
    });
    this.lastUs = kernel.nowUs;
    this.begin();
  }

  take(output: StepOutput, input: Input): void {
    this.lastUs = input.atUs;
    if (output.events.length === 0 && output.records.length === 0) return;
    const facts = new StepFacts(output, input);
    const clockUs = this.options.clockUs?.() ?? 0;
    for (const event of output.events) {
      this.figures.onEvent(event);
      this.state(event, facts);
      this.fold.event(event, facts, clockUs);
      if (event.type === 'process.terminated') this.processes.delete(event.pid);
    }
    this.fold.charge(facts.takeSettled());
  }

  /** A piece of an answer came. */
  piece(pid: number, n: number): void {
    const { clockUs } = this.options;
    if (clockUs !== undefined) this.fold.piece(pid, n, clockUs());
  }

  storage(news: StorageNews): void {
    this.figures.storage(news);
  }

  broke(): void {
    this.close();
  }

  /** What runs is broken off. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.fold.close(this.lastUs, this.options.isKept ?? false);
  }

  /** As they stand. */
  metrics(): readonly MetricData[] {
    return this.figures.read(this.kernel.snapshot().budgets, this.options.dropped?.() ?? 0);
  }

  // ---- Processes -----------------------------------------------------------------------------------------------------

  /** Of processes that live already nobody tells how they came to be. */
  private begin(): void {
    const snapshot = this.kernel.snapshot();
    this.figures.begin(snapshot);
    for (const { pid, run, parent, name, program, priority, budget, engine, state } of snapshot.processes) {
      if (state === 'terminated') continue;
      const facts = { run, branch: '', pid, parent, name, program, priority, budget, startUs: this.lastUs };
      const process = new WatchedProcess(facts, this.engines[engine]!, this.lastUs, this.figures.onTime);
      process.enter(state, this.lastUs);
      this.processes.set(pid, process);
      this.late.add(pid);
    }
  }

  private spawned(event: Extract<KernelEvent, { readonly type: 'process.spawned' }>, step: StepFacts): void {
    const { pid, run, parent, name, program, priority, budget, engine, atUs } = event;
    const restored = step.restored(pid);
    const branch = restored?.branch ?? this.processes.get(parent)?.facts.branch ?? firstBranch;
    const startUs = restored?.atUs ?? atUs;
    const facts = { run, branch, pid, parent, name, program, priority, budget, startUs };
    const process = new WatchedProcess(facts, this.engines[engine]!, atUs, this.figures.onTime);
    this.processes.set(pid, process);
    this.figures.entered('ready', 1, process.engine.index);
    // Of a parent without a span nobody knows the branch.
    if (restored === undefined && this.late.has(parent)) this.late.add(pid);
    else this.fold.begin(process, restored !== undefined);
  }

  private state(event: KernelEvent, step: StepFacts): void {
    switch (event.type) {
      case 'process.spawned':
        return this.spawned(event, step);
      case 'process.dispatched':
        return this.enter(event.pid, 'running', event.atUs);
      case 'process.ready':
      case 'process.continued':
      case 'call.stopped':
      case 'call.ended':
        return this.enter(event.pid, 'ready', event.atUs);
      case 'process.waiting':
        return this.enter(event.pid, 'waiting', event.atUs, event.on);
      case 'process.suspended':
        return this.enter(event.pid, 'suspended', event.atUs);
      case 'process.terminated': {
        this.enter(event.pid, 'terminated', event.atUs);
        this.late.delete(event.pid);
        return this.figures.ended(event.outcome, this.processes.get(event.pid)?.facts.parent === 0);
      }
      case 'process.migrated': {
        const process = this.processes.get(event.pid);
        if (process === undefined) return;
        this.figures.entered(process.state, -1, process.engine.index);
        process.migrate(this.engines[event.to]!, event.atUs);
        return this.figures.entered('ready', 1, process.engine.index);
      }
      case 'queue.held':
      case 'queue.released':
        return this.engines[event.engine]!.held(event.type === 'queue.held', event.atUs);
      default:
    }
  }

  private enter(pid: number, state: StateName, atUs: number, reason?: WaitReason): void {
    const process = this.processes.get(pid);
    if (process === undefined) return;
    const { index } = process.engine;
    this.figures.entered(process.state, -1, index);
    process.enter(state, atUs, reason);
    this.figures.entered(state, 1, index);
  }
}
