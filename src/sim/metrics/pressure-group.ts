/**
 * Pressure of one group of processes, as Linux's PSI has it: for how long *some* of them, or all that are not idle (*full*), were stalled on a resource.
 *
 * Source: Linux, Documentation/accounting/psi.rst and kernel/sched/psi.c (J. Weiner, 2018): totals, and averages over 10, 60 and 300 s that decay
 * exponentially and are updated every 2 s with the share of those 2 s.
 * Departs from it: the group is looked at as a whole, not core by core, so that `some` and `full` are what their definition says, to the microsecond: `full` of cores is not set to 0, and
 * while some are stalled on one resource and all others on another neither is `full`, where psi.c asks only that nobody gets on; periods are of virtual time, and averages
 * doubles, not fixed-point numbers.
 * Cost: O(1) for a change; a stretch without changes costs as much as one period, however long it is.
 */
import { exp } from '../../base/math.ts';
import { ratio } from './engine-tally.ts';

/** In the order of reports. `cores`: a place on a core; `memory`: context memory; `budget`: room in a budget. */
export const pressureResources = ['cores', 'memory', 'budget'] as const;
type PressureResource = (typeof pressureResources)[number];

/** One line of PSI. Shares are 0 to 1. */
interface PressureLine {
  /** Averages as they were updated last, at the end of the last whole period of 2 s. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** µs. */
  readonly total: number;
  /** total / makespan. */
  readonly share: number;
}

interface ResourcePressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

export type Pressure = Readonly<Record<PressureResource, ResourcePressure>>;

/** Share of each interval of `stepUs` from the start of the run on, the last of which may be shorter. */
export type PressureSeries = { readonly stepUs: number } & Readonly<
  Record<PressureResource, { readonly some: readonly number[]; readonly full: readonly number[] }>
>;

/** What a process does, as far as pressure goes: `ready` is stalled on cores, or on memory while its engine's queue is held. */
export const activity = { idle: 0, productive: 1, ready: 2, memory: 3, budget: 4 } as const;
export type Activity = (typeof activity)[keyof typeof activity];

const PERIOD_US = 2_000_000;
const windowsUs = [10_000_000, 60_000_000, 300_000_000] as const;
const decays = windowsUs.map((windowUs) => exp(-PERIOD_US / windowUs));

// Indexes into them.
const CORES = 0;
const MEMORY = 1;
const BUDGET = 2;
/** Some and full of each resource. */
const LINES = 2 * pressureResources.length;

export class PressureGroup {
  readonly startUs: number;
  /** By resource: how many are stalled on it. */
  private readonly stalled = new Int32Array(pressureResources.length);
  private nonIdle = 0;
  /** By engine: how many stand in its ready queue. */
  private readonly readyOn: Int32Array;
  private atUs: number;
  /** The end of the present period. */
  private tickUs: number;
  /** [line] µs until now, and until the last tick: some and full of each resource. */
  private readonly totals = new Float64Array(LINES);
  private readonly atTick = new Float64Array(LINES);
  private readonly averages = new Float64Array(LINES * windowsUs.length);
  private readonly samples: Samples | undefined;

  /** `samples`: keeps a series, too. */
  constructor(engines: number, startUs: number, samples?: Samples) {
    this.startUs = startUs;
    this.readyOn = new Int32Array(engines);
    this.atUs = startUs;
    this.tickUs = startUs + PERIOD_US;
    this.samples = samples;
  }

  /** A process on `engine`, whose queue is held or not, does something else from now on. */
  change(from: Activity, to: Activity, engine: number, isHeld: boolean, atUs: number): void {
    if (from === to) return;
    this.advance(atUs);
    this.count(from, -1, engine, isHeld);
    this.count(to, 1, engine, isHeld);
  }

  /** The ready queue of `engine` is held by the first waiter for memory from now on, or no longer. */
  hold(engine: number, isHeld: boolean, atUs: number): void {
    const ready = this.readyOn[engine]!;
    if (ready === 0) return;
    this.advance(atUs);
    this.stalled[CORES]! -= isHeld ? ready : -ready;
    this.stalled[MEMORY]! += isHeld ? ready : -ready;
  }

  advance(toUs: number): void {
    const { samples } = this;
    if (samples !== undefined)
      while (samples.nextUs <= toUs) {
        this.run(samples.nextUs);
        samples.take(this.totals);
      }
    this.run(toUs);
  }

  pressure(): Pressure {
    const line = (at: number): PressureLine => {
      const [avg10 = 0, avg60 = 0, avg300 = 0] = this.averages.slice(at * windowsUs.length);
      const total = this.totals[at]!;
      return { avg10, avg60, avg300, total, share: ratio(total, this.atUs - this.startUs) };
    };
    const of = (resource: number): ResourcePressure => ({
      some: line(2 * resource),
      full: line(2 * resource + 1),
    });
    return { cores: of(CORES), memory: of(MEMORY), budget: of(BUDGET) };
  }

  series(): PressureSeries | undefined {
    return this.samples?.series(this.totals, this.atUs);
  }

  /** One that goes its own way from now on. */
  copy(): PressureGroup {
    const copy = new PressureGroup(this.readyOn.length, this.startUs, this.samples?.copy());
    copy.stalled.set(this.stalled);
    copy.nonIdle = this.nonIdle;
    copy.readyOn.set(this.readyOn);
    copy.atUs = this.atUs;
    copy.tickUs = this.tickUs;
    copy.totals.set(this.totals);
    copy.atTick.set(this.atTick);
    copy.averages.set(this.averages);
    return copy;
  }

  private count(what: Activity, change: 1 | -1, engine: number, isHeld: boolean): void {
    if (what === activity.idle) return;
    this.nonIdle += change;
    if (what === activity.productive) return;
    if (what === activity.ready) this.readyOn[engine]! += change;
    const isOnMemory = what === activity.memory || (what === activity.ready && isHeld);
    this.stalled[what === activity.budget ? BUDGET : isOnMemory ? MEMORY : CORES]! += change;
  }

  private run(toUs: number): void {
    if (toUs < this.tickUs) {
      this.add(toUs - this.atUs);
      this.atUs = toUs;
      return;
    }
    this.add(this.tickUs - this.atUs);
    this.tick();
    // Nothing changes any more until `toUs`: each further period is like the last.
    const periods = Math.floor((toUs - this.tickUs) / PERIOD_US);
    if (periods > 0) this.repeat(periods);
    this.tickUs += (periods + 1) * PERIOD_US;
    this.add(toUs - (this.tickUs - PERIOD_US));
    this.atUs = toUs;
  }

  private add(us: number): void {
    const { stalled, totals, nonIdle } = this;
    for (let resource = 0; resource < stalled.length; resource++) {
      if (stalled[resource] === 0) continue;
      totals[2 * resource]! += us;
      if (stalled[resource] === nonIdle) totals[2 * resource + 1]! += us;
    }
  }

  private tick(): void {
    const { totals, atTick, averages } = this;
    for (let line = 0; line < LINES; line++) {
      const share = (totals[line]! - atTick[line]!) / PERIOD_US;
      atTick[line] = totals[line]!;
      for (const [index, decay] of decays.entries()) {
        const at = line * windowsUs.length + index;
        averages[at] = averages[at]! * decay + share * (1 - decay);
      }
    }
  }

  private repeat(periods: number): void {
    const { totals, atTick, averages } = this;
    this.add(periods * PERIOD_US);
    for (let line = 0; line < LINES; line++) {
      const share = totals[line] === atTick[line] ? 0 : 1;
      atTick[line] = totals[line]!;
      for (const [index, windowUs] of windowsUs.entries()) {
        const at = line * windowsUs.length + index;
        averages[at] = share + (averages[at]! - share) * exp((-periods * PERIOD_US) / windowUs);
      }
    }
  }
}

/** Totals at equal steps, so few that each step is a point of a chart: when there are too many, every other one is let go. */
export class Samples {
  nextUs: number;
  private readonly startUs: number;
  private stepUs = PERIOD_US;
  private rows: Float64Array[] = [];

  constructor(startUs: number) {
    this.startUs = startUs;
    this.nextUs = startUs + PERIOD_US;
  }

  take(totals: Float64Array): void {
    this.rows.push(totals.slice());
    if (this.rows.length === mostRows) {
      this.rows = this.rows.filter((_, index) => index % 2 === 1);
      this.stepUs *= 2;
    }
    this.nextUs = this.startUs + (this.rows.length + 1) * this.stepUs;
  }

  series(totals: Float64Array, endUs: number): PressureSeries {
    const { stepUs, rows, startUs } = this;
    const restUs = endUs - startUs - rows.length * stepUs;
    const ends = restUs > 0 ? [...rows, totals] : rows;
    const shares = (line: number): number[] =>
      ends.map((row, index) => {
        const lengthUs = index < rows.length ? stepUs : restUs;
        return (row[line]! - (ends[index - 1]?.[line] ?? 0)) / lengthUs;
      });
    const of = (resource: number) => ({ some: shares(2 * resource), full: shares(2 * resource + 1) });
    return { stepUs, cores: of(CORES), memory: of(MEMORY), budget: of(BUDGET) };
  }

  copy(): Samples {
    const copy = new Samples(this.startUs);
    copy.nextUs = this.nextUs;
    copy.stepUs = this.stepUs;
    copy.rows = [...this.rows];
    return copy;
  }
}

/** Even. */
const mostRows = 120;
