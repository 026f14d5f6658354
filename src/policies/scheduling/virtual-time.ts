/**
 * What the fair-share policies count in. A process moves through virtual time by the core time that it uses divided by its share: 1,024 units are 1 µs
 * at a share of 1. Units are integers; what a division leaves over is kept and divided with the next, so that no rounding adds up: two processes whose
 * exact virtual times are equal have equal numbers, however they came by them. Beyond 2^53 units (100 days of core time on one ticket) they are as exact as a double is.
 */
import { NumberByPid } from './by-pid.ts';

export const unitsPerUs = 1024;

/** Weights are counted in parts of 1,024, as Linux does: of the least weight there is (scheduling-facts.ts), 0.01, that is within 5 %. */
export const weightScale = 1024;

export function loadOf(weight: number): number {
  return Math.round(weight * weightScale);
}

export class VirtualTimes {
  /** Units, by pid. */
  readonly units = new NumberByPid();
  /** What was left over, in units × the share of the process. */
  readonly rest = new NumberByPid();

  get(pid: number): number {
    return this.units.get(pid);
  }

  set(pid: number, units: number): void {
    this.units.set(pid, units);
    this.rest.set(pid, 0);
  }

  /** `pid` used so much core time, an integer; `share` is an integer from 1 to 2^40, always the same for `pid`. */
  add(pid: number, coreUs: number, share: number): void {
    this.units.set(pid, this.after(pid, coreUs, share));
    this.rest.set(pid, restAfter);
  }

  /** Where `add` would bring it. */
  after(pid: number, coreUs: number, share: number): number {
    const whole = Math.floor(coreUs / share);
    // Both products are exact: the time that is left is below the share.
    const left = (coreUs - whole * share) * unitsPerUs + this.rest.get(pid);
    const more = Math.floor(left / share);
    const units = this.units.get(pid) + whole * unitsPerUs + more;
    restAfter = left - more * share;
    return units;
  }
}

/** Second result of `after`. */
let restAfter = 0;

/** Core time of stretches that are not over yet, so that nobody was charged with it: who runs, and since when. */
export class RunningStretches {
  /** Begin of the stretch, µs, by pid, and 1 more: 0 is for those that don't run. */
  readonly beganUs = new NumberByPid();
  private count = 0;

  /** How many run. */
  get size(): number {
    return this.count;
  }

  begin(pid: number, nowUs: number): void {
    this.end(pid);
    this.beganUs.set(pid, nowUs + 1);
    this.count++;
  }

  /** One that doesn't run stays so. */
  end(pid: number): void {
    if (!this.has(pid)) return;
    this.beganUs.set(pid, 0);
    this.count--;
  }

  has(pid: number): boolean {
    return this.beganUs.get(pid) > 0;
  }

  /** Of one that runs. */
  lengthUs(pid: number, nowUs: number): number {
    return nowUs - (this.beganUs.get(pid) - 1);
  }

  /** After `beganUs` was loaded. */
  recount(): void {
    this.count = [...this.beganUs.pids()].length;
  }
}
