import { moved, rowsFor } from '../columns.ts';

/**
 * The places among equals that processes have in a queue. One that was picked, could not start and is ready again since the same instant has the place that it had; who got
 * what it was ready for gives its place up.
 */
export class KeptPlaces {
  // By pid.
  private sinceUs = new Float64Array(0); // since when it is ready, or was when it was picked; NaN: its place is given up
  private places = new Float64Array(0);

  /** The place that `pid`, ready since `sinceUs`, has kept; undefined: none. */
  kept(pid: number, sinceUs: number): number | undefined {
    return this.sinceUs[pid] === sinceUs ? this.places[pid] : undefined;
  }

  /** `pid`, ready since `sinceUs`, has this place. */
  give(pid: number, sinceUs: number, place: number): void {
    if (pid >= this.sinceUs.length) {
      const before = this.sinceUs.length;
      const rows = rowsFor(pid, before);
      this.sinceUs = moved(this.sinceUs, new Float64Array(rows)).fill(NaN, before);
      this.places = moved(this.places, new Float64Array(rows));
    }
    this.sinceUs[pid] = sinceUs;
    this.places[pid] = place;
  }

  /** `pid` has run, or has ended. */
  giveUp(pid: number): void {
    if (pid < this.sinceUs.length) this.sinceUs[pid] = NaN;
  }
}
