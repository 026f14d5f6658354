/**
 * Virtual time: an event queue and simulated devices around one kernel. Two runs with the same inputs have the same event log to the byte.
 */
import { Ring } from '../base/ring.ts';
import { rngFor } from '../base/rng.ts';
import type { SimulatedModel } from '../agents/model/model-call.ts';
import { messageOfPage, type Message } from '../agents/model/messages.ts';
import { PromptCall } from '../agents/model/prompts.ts';
import type { ToolImplementation } from '../agents/tools/tool-implementation.ts';
import { invalid, KernelError } from '../kernel/errors.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { CoreId, Json, Pid, RequestId, TimerId } from '../kernel/ids.ts';
import { checkSignal } from '../kernel/input-check.ts';
import type { Input, SignalName, SpawnInput } from '../kernel/inputs.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { MemoryStore } from '../kernel/memory-store.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import type { StepOutput } from '../kernel/outbox.ts';
import type { CallStart, Request } from '../kernel/requests.ts';
import { malformedAnswer } from '../kernel/syscall-arguments.ts';
import type { ThinkScript } from '../kernel/syscalls.ts';
import { ModelDevice, type ModelDeviceWorld } from './devices/model-device.ts';
import { PersonDevice, type PersonReplay, type SimulatedPerson } from './devices/person-device.ts';
import { StorageDevice, type RecallReplay } from './devices/storage-device.ts';
import { ToolDevice, type ToolReplay } from './devices/tool-device.ts';
import { EventClass, EventQueue } from './event-queue.ts';
import { FaultPlan, noFaults, type FaultRates } from './faults.ts';

export interface SimulationOptions {
  readonly kernel: KernelOptionsInput;
  /** Tools that really run when a call has no recorded result. */
  readonly tools?: readonly ToolImplementation[];
  /** What acknowledging durability takes, µs; default 0. */
  readonly flushUs?: number;
  /**
   * When records are durable: as they are made (the default), or at the end of a flush that takes `flushUs` and carries all that came during the one before it. What depends on them
   * is then done behind it, as live, and `crash` loses what was not flushed.
   */
  readonly durable?: 'at-once' | 'by-flushes';
  /** Who answers model calls that bring no script; default: nobody does, and an answer has its full length and no text. Needs records, which hold the texts of prompts. */
  readonly model?: SimulatedModel;
  /** What people say to questions that bring no answer; default: they approve, and answer nothing. */
  readonly person?: SimulatedPerson;
  /** What comes of tool calls, questions and recalls, as a recording or its user has it: goes before what is said of them otherwise. */
  readonly replay?: {
    readonly tool?: ToolReplay;
    readonly person?: PersonReplay;
    readonly recall?: RecallReplay;
  };
  /** What goes wrong; default: nothing. */
  readonly faults?: Partial<FaultRates>;
  /** When it is decided who runs: after each input (the default, as live), or once all inputs of an instant are in, as in textbooks. */
  readonly decideAfter?: 'input' | 'instant';
  /** Storage to go on with, after a crash; default: new and empty. */
  readonly store?: MemoryStore;
  /** Every event, as it happens. */
  readonly onEvent?: (event: KernelEvent) => void;
  /** Every input, before the kernel takes it: a recording. */
  readonly onInput?: (input: Input) => void;
  /** What every step gives out, and was given. */
  readonly onOutput?: (output: StepOutput, input: Input) => void;
  /** After every step; for checks. */
  readonly onStep?: (kernel: Kernel) => void;
}

/** What is due: a call's end, a timer, the end of a flush, or an input made when it was scheduled. */
type Due =
  | { readonly kind: 'call'; readonly core: CoreId }
  | { readonly kind: 'timer'; readonly timer: TimerId }
  | { readonly kind: 'flush' }
  | { readonly kind: 'input'; readonly input: InputBody };
type InputBody = Input extends infer Each
  ? Each extends Input
    ? Omit<Each, 'atUs' | 'more'>
    : never
  : never;

const flushEnd: Due = { kind: 'flush' };

export class Simulation implements ModelDeviceWorld {
  readonly kernel: Kernel;
  /** How often each fault has happened. */
  readonly faults: Readonly<FaultRates>;
  private readonly queue = new EventQueue<Due>();
  private readonly options: SimulationOptions;
  private readonly devices: ModelDevice[] = [];
  private readonly deviceOfCore: ModelDevice[] = [];
  private readonly toolDevice: ToolDevice;
  private readonly personDevice: PersonDevice;
  private readonly storageDevice: StorageDevice;
  /** Queue handles by timer and by request; a timer that is not set has -1. */
  private readonly timers: number[] = [];
  private readonly outstanding = new Map<RequestId, number>();
  /** Whose answers come whatever the kernel does. */
  private readonly deaf = new Set<RequestId>();
  private readonly acknowledgements = new Ring<Input>();
  private readonly callEnds: Due[] = [];
  private readonly timerDues: Due[] = [];
  nowUs: number;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.kernel = new Kernel(options.kernel);
    this.nowUs = this.kernel.nowUs;
    const { engines, seed } = this.kernel.options;
    const streams = (name: string) => rngFor(seed, `devices/${name}`);
    const faults = options.faults === undefined ? undefined : new FaultPlan(options.faults, streams);
    this.faults = faults?.happened ?? noFaults;
    for (const engine of engines) {
      const device = new ModelDevice(engine, this.deviceOfCore.length, this, faults);
      this.devices.push(device);
      for (let core = 0; core < engine.cores; core++) {
        this.callEnds.push({ kind: 'call', core: this.deviceOfCore.length as CoreId });
        this.deviceOfCore.push(device);
      }
    }
    this.toolDevice = new ToolDevice(options.tools ?? [], streams, faults, options.replay?.tool);
    this.personDevice = new PersonDevice(streams, faults, options.replay?.person, options.person);
    const { flushUs = 0 } = options;
    if (!Number.isSafeInteger(flushUs) || flushUs < 0)
      throw invalid('flushUs', flushUs, 'an integer of at least 0 (µs)');
    this.storageDevice = new StorageDevice({
      flushUs,
      byFlushes: options.durable === 'by-flushes',
      store: options.store,
      faults,
      replay: options.replay?.recall,
    });
  }

  get store(): MemoryStore {
    return this.storageDevice.store;
  }

  /** A root process arrives at `atUs`. */
  spawn(atUs: number, spawn: Omit<SpawnInput, 'type'>): void {
    this.send(atUs, { type: 'process.spawned', ...spawn });
  }

  signal(atUs: number, pid: Pid, signal: SignalName): void {
    checkSignal(signal);
    this.send(atUs, { type: 'signal.sent', pid, signal });
  }

  /** The world sends process `to` a message at `atUs`. */
  message(atUs: number, to: Pid, message: Json): void {
    this.send(atUs, { type: 'message.sent', to, message });
  }

  /** Any input of the world's own at `atUs`, which is not before now. Throws KernelError, and the kernel's own throw when it takes the input. */
  send(atUs: number, input: InputBody): void {
    if (!Number.isSafeInteger(atUs) || atUs < this.nowUs)
      throw invalid('atUs', atUs, `an integer of at least ${this.nowUs} (µs)`);
    this.queue.schedule(atUs, EventClass.arrival, { kind: 'input', input });
  }

  /** Runs until nothing is due, or until everything due before or at `untilUs` has happened. True: there is more to come. */
  run(untilUs = Infinity): boolean {
    const { queue } = this;
    while (queue.size > 0 && queue.nextUs <= untilUs) this.stepOnce();
    return queue.size > 0;
  }

  /** The program is gone; the simulation is over. What was not flushed is lost, but for the flush under way if it `hasLanded`. Returns how many writes are lost. */
  crash(hasLanded: boolean): number {
    return this.storageDevice.crash(hasLanded);
  }

  /** Lets the next event happen; false when none is due. */
  stepOnce(): boolean {
    const atUs = this.queue.nextUs;
    const due = this.queue.take();
    if (due === undefined) return false;
    this.nowUs = atUs;
    switch (due.kind) {
      case 'timer':
        this.timers[due.timer] = -1;
        this.feed({ atUs, type: 'timer.fired', timer: due.timer });
        break;
      case 'call':
        this.feed(this.deviceOfCore[due.core]!.finish(due.core));
        break;
      case 'flush':
        this.storageDevice.end();
        this.beginFlush();
        this.feed(this.acknowledgements.shift());
        break;
      case 'input': {
        const { input } = due;
        if (input.type === 'tool.ended' || input.type === 'person.answered' || input.type === 'storage.done')
          this.outstanding.delete(input.request);
        this.feed({ ...input, atUs });
        break;
      }
    }
    return true;
  }

  // ---- The kernel's side ---------------------------------------------------------------------------------------------

  private feed(input: Input | undefined): void {
    for (let next: Input | undefined = input; next !== undefined; next = this.acknowledgements.shift()) {
      const taken: Input = this.isFollowed() ? { ...next, more: true } : next;
      this.options.onInput?.(taken);
      const output = this.kernel.step(taken);
      this.options.onOutput?.(output, taken);
      this.handle(output);
      this.options.onStep?.(this.kernel);
    }
  }

  /** Another input of this instant is to come, and the kernel is to wait for it. */
  private isFollowed(): boolean {
    if (this.options.decideAfter !== 'instant') return false;
    return this.acknowledgements.length > 0 || this.queue.nextUs === this.nowUs;
  }

  private handle({ records, requests, events, hasEnds }: StepOutput): void {
    const { storageDevice } = this;
    const { byFlushes } = storageDevice;
    // Durable first: nothing starts before the records that caused it are stored.
    if (byFlushes) storageDevice.gather(records);
    else storageDevice.append(records);
    const { onEvent } = this.options;
    if (onEvent !== undefined) for (let index = 0; index < events.length; index++) onEvent(events[index]!);
    if (hasEnds)
      for (const event of events)
        if (event.type === 'process.terminated') for (const device of this.devices) device.forget(event.pid);
    for (let index = 0; index < requests.length; index++) {
      const request = requests[index]!;
      // Timers don't wait.
      if (!byFlushes || request.type === 'timer.set' || request.type === 'timer.clear') this.perform(request);
      else storageDevice.whenDurable(() => this.perform(request));
    }
    if (byFlushes) this.beginFlush();
  }

  private beginFlush(): void {
    const { storageDevice } = this;
    if (storageDevice.begin())
      this.queue.schedule(this.nowUs + storageDevice.flushUs, EventClass.completion, flushEnd);
  }

  private perform(request: Request): void {
    const { queue, nowUs } = this;
    switch (request.type) {
      case 'timer.set': {
        const handle = this.timers[request.timer] ?? -1;
        if (handle >= 0) queue.move(handle, request.atUs, EventClass.timer);
        else
          this.timers[request.timer] = queue.schedule(
            request.atUs,
            EventClass.timer,
            this.timerDue(request.timer),
          );
        return;
      }
      case 'timer.clear': {
        const handle = this.timers[request.timer] ?? -1;
        if (handle >= 0) queue.cancel(handle);
        this.timers[request.timer] = -1;
        return;
      }
      case 'call.start':
        return this.deviceOfCore[request.core]!.start(request);
      case 'call.stop': {
        const ended = this.deviceOfCore[request.core]!.stop(request.core);
        // Nothing can come before an acknowledgement of this instant, so that it need not pass through the queue.
        if (ended !== undefined) this.acknowledgements.push(ended);
        return;
      }
      case 'tool.start': {
        const { ok, value, durationUs, isDeaf, repeatUs, isLost } = this.toolDevice.call(request);
        // Of a repeated call each start has its own luck.
        this.deaf.delete(request.request);
        if (isLost === true) return;
        const ended = {
          type: 'tool.ended',
          request: request.request,
          attempt: request.attempt,
          ok,
          value,
        } as const;
        if (isDeaf === true) this.deaf.add(request.request);
        if (repeatUs !== undefined) this.send(nowUs + durationUs + repeatUs, ended);
        return this.reply(request.request, nowUs + durationUs, ended);
      }
      case 'tool.stop': {
        if (this.deaf.has(request.request)) return;
        this.withdraw(request.request);
        // A stopped tool says so at once; its locks wait for it.
        const stopped = {
          type: 'tool.ended',
          request: request.request,
          ok: false,
          value: 'stopped',
        } as const;
        this.acknowledgements.push({ atUs: nowUs, ...stopped });
        return;
      }
      case 'person.ask': {
        const outcome = this.personDevice.ask(request);
        if (outcome === undefined) return;
        const { decision, value, durationUs, isDeaf, repeatUs } = outcome;
        const answered = { type: 'person.answered', request: request.request, decision, value } as const;
        if (isDeaf) this.deaf.add(request.request);
        if (repeatUs !== undefined)
          this.send(nowUs + durationUs + repeatUs, { ...answered, decision: 'deny', value: null });
        return this.reply(request.request, nowUs + durationUs, answered);
      }
      case 'person.withdraw':
        if (!this.deaf.has(request.request)) this.withdraw(request.request);
        return;
      case 'storage.request': {
        const { storageDevice } = this;
        const { ok, value } = storageDevice.perform(request, nowUs);
        const done = { type: 'storage.done', request: request.request, ok, value } as const;
        const { kind } = request.op;
        // By flushes it is done behind the one before it, and what it writes is carried by the next.
        const isFlushed = storageDevice.byFlushes && ok && kind !== 'recall';
        if (!isFlushed) return this.reply(request.request, nowUs + storageDevice.flushUs, done);
        if (kind === 'flush') return this.reply(request.request, nowUs, done);
        return storageDevice.whenDurable(() => this.reply(request.request, this.nowUs, done));
      }
    }
  }

  private reply(request: RequestId, atUs: number, input: InputBody): void {
    this.outstanding.set(request, this.queue.schedule(atUs, EventClass.completion, { kind: 'input', input }));
  }

  private withdraw(request: RequestId): void {
    const handle = this.outstanding.get(request);
    if (handle === undefined) return;
    this.outstanding.delete(request);
    this.queue.cancel(handle);
  }

  private timerDue(timer: TimerId): Due {
    return (this.timerDues[timer] ??= { kind: 'timer', timer });
  }

  // ---- The devices' side ---------------------------------------------------------------------------------------------

  scheduleEnd(core: CoreId, atUs: number): number {
    return this.queue.schedule(atUs, EventClass.completion, this.callEnds[core]!);
  }
  moveEnd(handle: number, atUs: number): void {
    this.queue.move(handle, atUs, EventClass.completion);
  }
  cancelEnd(handle: number): void {
    this.queue.cancel(handle);
  }
  scriptOf(start: CallStart): ThinkScript | undefined {
    const { model } = this.options;
    if (model === undefined) return undefined;
    const messageOf = (hash: string): Message | undefined => {
      const text = this.store.pages([hash]).get(hash);
      return text === undefined ? undefined : messageOfPage(text);
    };
    const script = model.answer(new PromptCall(this.kernel, start, messageOf));
    const flaw = malformedAnswer(script);
    if (flaw !== undefined) throw new KernelError('INVALID_ARGUMENT', `the simulated model: ${flaw}`);
    return script;
  }
}
