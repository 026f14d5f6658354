/** One engine as the event stream shows it: how busy its cores were and how full its context memory. */
import { assert } from '../../base/assert.ts';
import type { EngineFacts, EngineMetrics } from './run-metrics.ts';

export class EngineTally {
  readonly facts: EngineFacts;
  /** Core time of the stretches that have ended, µs. */
  busyUs = 0;
  /** How long idle cores had to wait for memory, µs, up to the last release; and since when they do now, -1 when they don't. */
  private heldBeforeUs = 0;
  private heldSinceUs = -1;
  private residentTokens = 0;
  private sinceUs = 0;
  private peakResidentTokens = 0;
  /** Token-microseconds. May pass 2^53 in long runs; it feeds only the mean, and is the same in every engine. */
  private residentSum = 0;

  constructor(facts: EngineFacts) {
    this.facts = facts;
  }

  /** The first waiter for memory holds the ready queue from now on, or no longer. */
  held(isHeld: boolean, atUs: number): void {
    assert(
      isHeld === (this.heldSinceUs === -1),
      () => `engine ${this.facts.name}: the queue is ${isHeld ? 'held' : 'released'} twice, at ${atUs} µs`,
    );
    if (!isHeld) this.heldBeforeUs += atUs - this.heldSinceUs;
    this.heldSinceUs = isHeld ? atUs : -1;
  }

  /** How long the queue has been held until now, µs. */
  heldUs(atUs: number): number {
    return this.heldBeforeUs + (this.heldSinceUs === -1 ? 0 : atUs - this.heldSinceUs);
  }

  /** Tokens came into context memory (positive) or left it (negative). */
  resident(change: number, atUs: number): void {
    this.residentSum += this.residentTokens * (atUs - this.sinceUs);
    this.sinceUs = atUs;
    this.residentTokens += change;
    if (this.residentTokens < 0)
      assert(false, `engine ${this.facts.name}: ${this.residentTokens} tokens resident at ${atUs} µs`);
    if (this.residentTokens > this.peakResidentTokens) this.peakResidentTokens = this.residentTokens;
  }

  /** `openUs`: core time of the stretches that still run at `endUs`. */
  metrics(startUs: number, endUs: number, openUs: number): EngineMetrics {
    const { name, cores, memoryTokens } = this.facts;
    const busyUs = this.busyUs + openUs;
    const residentSum = this.residentSum + this.residentTokens * (endUs - this.sinceUs);
    return {
      name,
      cores,
      memoryTokens,
      busyUs,
      utilisation: ratio(busyUs, cores * (endUs - startUs)),
      peakResidentTokens: this.peakResidentTokens,
      meanResidentTokens: ratio(residentSum, endUs - startUs),
    };
  }
}

/** 0 when there is nothing to divide by: an empty run was busy for none of its time. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
