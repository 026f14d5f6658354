/**
 * One process as the event stream shows it: the state it is in, and the time it has spent in each. The time between two events of
 * a process belongs to the state it is in: spawned, ready and continued mean "in the ready queue"; a stretch on a core lasts from
 * dispatched until its call stopped or ended; after that the process is ready again, for no time unless it stays so. Time in a ready queue that is held
 * by the first waiter for memory is time waited for memory.
 */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Spent } from '../../kernel/inputs.ts';
import type { StateName } from '../../kernel/process-state.ts';
import type { EngineTally } from './engine-tally.ts';
import { waitReasons, type ProcessMetrics, type Split } from './run-metrics.ts';
import { splitSum } from './split.ts';

/** Its index among the reasons. */
const memory = waitReasons.indexOf('memory');

export interface ProcessFacts {
  readonly pid: number;
  readonly name: string;
  readonly program: string;
  readonly parent: number;
  readonly priority: number;
  readonly spawnedUs: number;
}

type Terminated = Extract<KernelEvent, { readonly type: 'process.terminated' }>;

export class ProcessTally {
  readonly facts: ProcessFacts;
  state: StateName = 'ready';
  sinceUs: number;
  private engine: EngineTally;
  /** How long the engine's queue had been held when it became ready. */
  private heldAtReadyUs: number;
  /** The call it last ran. */
  private lastCall = 0;
  /** Index of the reason it waits for, into the reasons that Metrics has met. */
  private waitsFor = 0;
  private end: Terminated | undefined = undefined;
  firstDispatchUs = -1;

  private readyUs = 0;
  private suspendedUs = 0;
  /** By index of the reason; as long as the highest reason met here. */
  private readonly waitingUs: number[] = [];
  private switchUs = 0;
  private newPrefillUs = 0;
  private repeatedPrefillUs = 0;
  private loadUs = 0;
  private decodeUs = 0;

  migrations = 0;
  modelCalls = 0;
  modelCallsCompleted = 0;
  modelCallsRefused = 0;
  toolCalls = 0;
  dispatches = 0;
  preemptions = 0;
  faultedTokens = 0;
  tokensIn = 0;
  tokensCached = 0;
  tokensOut = 0;
  microDollars = 0;

  constructor(facts: ProcessFacts, engine: EngineTally) {
    this.facts = facts;
    this.engine = engine;
    this.sinceUs = facts.spawnedUs;
    this.heldAtReadyUs = engine.heldUs(facts.spawnedUs);
  }

  ready(atUs: number): void {
    this.enter('ready', atUs);
  }

  wait(atUs: number, reason: number): void {
    this.enter('waiting', atUs);
    this.waitsFor = reason;
  }

  suspend(atUs: number): void {
    this.enter('suspended', atUs);
  }

  terminate(event: Terminated): void {
    this.enter('terminated', event.atUs);
    this.end = event;
  }

  /** It stands ready, and goes to another engine. */
  migrate(to: EngineTally, atUs: number): void {
    // What it has waited for memory so far was the other engine's.
    this.enter('ready', atUs);
    this.migrations++;
    this.engine = to;
    this.heldAtReadyUs = to.heldUs(atUs);
  }

  /** `n`: the syscall number of the call. True at the first stretch of a call. */
  dispatch(atUs: number, n: number): boolean {
    if (this.firstDispatchUs === -1) this.firstDispatchUs = atUs;
    this.dispatches++;
    this.enter('running', atUs);
    const isFirst = n !== this.lastCall;
    this.lastCall = n;
    return isFirst;
  }

  /** Books a stretch on a core; what is neither the switch nor prefill nor loading was decoding. Returns its length in µs. */
  endStretch(atUs: number, spent: Spent): number {
    // Written so, here and below, that nothing is made for a message that is not wanted.
    if (this.state !== 'running')
      assert(false, `process ${this.facts.pid}: a call ends at ${atUs} µs while ${this.state}`);
    const stretchUs = this.elapsed(atUs);
    const { switchUs = 0, newPrefillUs, repeatedPrefillUs, loadUs } = spent;
    const decodeUs = stretchUs - switchUs - newPrefillUs - repeatedPrefillUs - loadUs;
    if (!(decodeUs >= 0))
      assert(
        false,
        `process ${this.facts.pid}: the stretch of ${stretchUs} µs that ends at ${atUs} µs is shorter than its parts: ` +
          `${switchUs} switch, ${newPrefillUs} new prefill, ${repeatedPrefillUs} repeated prefill, ${loadUs} load`,
      );
    this.switchUs += switchUs;
    this.newPrefillUs += newPrefillUs;
    this.repeatedPrefillUs += repeatedPrefillUs;
    this.loadUs += loadUs;
    this.decodeUs += decodeUs;
    this.state = 'ready';
    this.sinceUs = atUs;
    this.heldAtReadyUs = this.engine.heldUs(atUs);
    return stretchUs;
  }

  /** As if the measurement ended at `endUs`; the tally itself stays as it is. Asserts that the split sums to the turnaround. */
  metrics(endUs: number, reasons: readonly string[]): ProcessMetrics {
    const { facts, end } = this;
    const split = this.split(endUs, reasons);
    const turnaroundUs = (end === undefined ? endUs : this.sinceUs) - facts.spawnedUs;
    const sumUs = splitSum(split);
    assert(
      sumUs === turnaroundUs,
      () =>
        `process ${facts.pid}: the parts of its time sum to ${sumUs} µs, its turnaround is ${turnaroundUs} µs`,
    );
    return {
      ...facts,
      outcome: end?.outcome ?? 'unfinished',
      code: end?.code ?? '',
      message: end === undefined ? this.standing(reasons) : end.message,
      turnaroundUs,
      responseUs: this.firstDispatchUs === -1 ? null : this.firstDispatchUs - facts.spawnedUs,
      waitingUs: split.readyUs,
      split,
      usage: {
        modelCalls: this.modelCalls,
        modelCallsCompleted: this.modelCallsCompleted,
        modelCallsRefused: this.modelCallsRefused,
        toolCalls: this.toolCalls,
        dispatches: this.dispatches,
        preemptions: this.preemptions,
        migrations: this.migrations,
        faultedTokens: this.faultedTokens,
        tokensIn: this.tokensIn,
        tokensCached: this.tokensCached,
        tokensOut: this.tokensOut,
        microDollars: this.microDollars,
      },
    };
  }

  private standing(reasons: readonly string[]): string {
    return this.state === 'waiting' ? `waiting on ${reasons[this.waitsFor]!}` : this.state;
  }

  /** The time in each state, with what has passed in the present one until `endUs`. */
  private split(endUs: number, reasons: readonly string[]): Split {
    const restUs = this.state === 'terminated' ? 0 : this.elapsed(endUs);
    const heldUs = this.state === 'ready' ? this.engine.heldUs(endUs) - this.heldAtReadyUs : 0;
    const waiting = reasons.map((reason, index) => {
      const isOpen = this.state === 'waiting' && this.waitsFor === index;
      const openUs = isOpen ? restUs : index === memory ? heldUs : 0;
      return [reason, (this.waitingUs[index] ?? 0) + openUs] as const;
    });
    return {
      running: {
        switchUs: this.switchUs,
        newPrefillUs: this.newPrefillUs,
        repeatedPrefillUs: this.repeatedPrefillUs,
        loadUs: this.loadUs,
        decodeUs: this.decodeUs,
        unfinishedUs: this.state === 'running' ? restUs : 0,
      },
      readyUs: this.readyUs + (this.state === 'ready' ? restUs - heldUs : 0),
      waiting: Object.fromEntries(waiting),
      suspendedUs: this.suspendedUs + (this.state === 'suspended' ? restUs : 0),
    };
  }

  /** Books the time since the last change to the state it was spent in, and enters the next. */
  private enter(next: StateName, atUs: number): void {
    const us = this.elapsed(atUs);
    switch (this.state) {
      case 'ready': {
        const heldUs = this.engine.heldUs(atUs) - this.heldAtReadyUs;
        this.readyUs += us - heldUs;
        if (heldUs > 0) this.bookWait(memory, heldUs);
        break;
      }
      case 'waiting':
        this.bookWait(this.waitsFor, us);
        break;
      case 'suspended':
        this.suspendedUs += us;
        break;
      case 'running':
      case 'terminated':
        // Time on a core is booked by endStretch only, which knows what it was spent on; and after its end a process has none.
        assert(false, `process ${this.facts.pid}: becomes ${next} at ${atUs} µs while ${this.state}`);
    }
    this.state = next;
    this.sinceUs = atUs;
    if (next === 'ready') this.heldAtReadyUs = this.engine.heldUs(atUs);
  }

  private bookWait(reason: number, us: number): void {
    while (this.waitingUs.length <= reason) this.waitingUs.push(0);
    this.waitingUs[reason]! += us;
  }

  private elapsed(atUs: number): number {
    const us = atUs - this.sinceUs;
    if (!(us >= 0))
      assert(false, `process ${this.facts.pid}: time went back from ${this.sinceUs} to ${atUs} µs`);
    return us;
  }
}
