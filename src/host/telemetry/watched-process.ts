/**
 * A process as its events show it: its state, and what its time went into. The time between two events of a process belongs to the state it is in, as in the metrics of simulations (docs/metrics.md): a
 * stretch on a core lasts until its call is stopped or ends; time in a ready queue that is held by the first waiter for memory is time waited for memory.
 */
import { assert } from '../../base/assert.ts';
import type { StateName, WaitReason } from '../../kernel/process-state.ts';
import { processSpanId, traceIdOf, type SpanOwner } from './span-ids.ts';

export interface ProcessFacts extends SpanOwner {
  /** 0: nobody. */
  readonly parent: number;
  readonly name: string;
  readonly program: string;
  readonly priority: number;
  readonly budget: string;
  /** Of its life, whichever kernel it began in. */
  readonly startUs: number;
}

/** An engine as its events show it. */
export class WatchedEngine {
  /** Its number in the kernel. */
  readonly index: number;
  readonly name: string;
  private heldBeforeUs = 0;
  private heldSinceUs = -1;

  constructor(index: number, name: string) {
    this.index = index;
    this.name = name;
  }

  held(isHeld: boolean, atUs: number): void {
    if (isHeld) this.heldSinceUs = atUs;
    else if (this.heldSinceUs !== -1) {
      this.heldBeforeUs += atUs - this.heldSinceUs;
      this.heldSinceUs = -1;
    }
  }

  /** How long the first waiter for memory has held its queue until now, µs. */
  heldUs(atUs: number): number {
    return this.heldBeforeUs + (this.heldSinceUs === -1 ? 0 : atUs - this.heldSinceUs);
  }
}

/** Takes a part of a process's time. `reason`: why it waited; '' in other states. */
export type TimeSink = (state: StateName, reason: WaitReason, us: number) => void;

export class WatchedProcess {
  readonly facts: ProcessFacts;
  private ids: { readonly trace: string; readonly span: string } | undefined;
  engine: WatchedEngine;
  state: StateName = 'ready';
  private reason: WaitReason = '';
  private sinceUs: number;
  private heldAtReadyUs: number;
  private readonly onTime: TimeSink;
  /** µs in each state but waiting, and waiting for each reason. */
  readonly stateUs = new Map<StateName, number>();
  readonly waitedUs = new Map<WaitReason, number>();

  /** It stands ready since `nowUs`. */
  constructor(facts: ProcessFacts, engine: WatchedEngine, nowUs: number, onTime: TimeSink) {
    this.facts = facts;
    this.engine = engine;
    this.sinceUs = nowUs;
    this.heldAtReadyUs = engine.heldUs(nowUs);
    this.onTime = onTime;
  }

  /** Of its trace, and of its own span. */
  get spanIds(): { readonly trace: string; readonly span: string } {
    const { facts } = this;
    return (this.ids ??= { trace: traceIdOf(facts), span: processSpanId(facts) });
  }

  /** Books the time since the last change to the state that it was spent in. */
  enter(state: StateName, atUs: number, reason: WaitReason = ''): void {
    const us = atUs - this.sinceUs;
    assert(us >= 0, () => `process ${this.facts.pid}: time went back from ${this.sinceUs} to ${atUs} µs`);
    if (us > 0) this.book(us, atUs);
    this.state = state;
    this.reason = reason;
    this.sinceUs = atUs;
    if (state === 'ready') this.heldAtReadyUs = this.engine.heldUs(atUs);
  }

  migrate(to: WatchedEngine, atUs: number): void {
    this.enter('ready', atUs);
    this.engine = to;
    this.heldAtReadyUs = to.heldUs(atUs);
  }

  private book(us: number, atUs: number): void {
    if (this.state === 'waiting') return this.bookWait(this.reason, us);
    const heldUs = this.state === 'ready' ? this.engine.heldUs(atUs) - this.heldAtReadyUs : 0;
    if (heldUs > 0) this.bookWait('memory', heldUs);
    this.stateUs.set(this.state, (this.stateUs.get(this.state) ?? 0) + us - heldUs);
    this.onTime(this.state, '', us - heldUs);
  }

  private bookWait(reason: WaitReason, us: number): void {
    this.waitedUs.set(reason, (this.waitedUs.get(reason) ?? 0) + us);
    this.onTime('waiting', reason, us);
  }
}
