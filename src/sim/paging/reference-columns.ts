/** The columns of a trace while it is read or generated: references come one by one, with the ids that were recorded. */
import { moved, rowsFor } from '../../policies/columns.ts';
import { fileError } from '../workloads/fields.ts';
import { batchIds, DenseIds } from './dense-ids.ts';
import type { ReferenceFormat, ReferenceTrace } from './reference-trace.ts';

/** Where the columns lie, `bytes` of zeros. Memory that worker threads share saves them a copy each. */
export type Allocate = (bytes: number) => ArrayBufferLike;

export const unshared: Allocate = (bytes) => new ArrayBuffer(bytes);

export interface ReadingOptions {
  /** Default: memory of this thread alone. */
  readonly allocate?: Allocate;
  /** References that are expected, where it is known: saves copies. */
  readonly expected?: number;
}

export interface ColumnOptions extends ReadingOptions {
  readonly hasSizes?: boolean;
  readonly hasTimes?: boolean;
}

const SMALLEST_ROWS = 4_096;
const MOST_REFERENCES = 0x7fffffff;

export class ReferenceColumns {
  private readonly dense = new DenseIds();
  private readonly allocate: Allocate;
  private count = 0;
  /** The ids of the last references, not yet translated. */
  private readonly lows = new Int32Array(batchIds);
  private readonly highs = new Int32Array(batchIds);
  private waiting = 0;
  private rows: number;
  private firstUs = 0;
  private lastUs = 0;
  private ids: Int32Array;
  private sizes: Uint32Array | undefined;
  private timesUs: Float64Array | undefined;

  constructor({ hasSizes = false, hasTimes = false, expected = 0, allocate = unshared }: ColumnOptions = {}) {
    const rows = Math.max(SMALLEST_ROWS, expected);
    this.allocate = allocate;
    this.rows = rows;
    this.ids = new Int32Array(allocate(4 * rows));
    this.sizes = hasSizes ? new Uint32Array(allocate(4 * rows)) : undefined;
    this.timesUs = hasTimes ? new Float64Array(allocate(8 * rows)) : undefined;
  }

  /**
   * One reference to the page recorded as `high` × 2^32 + `low`. `size`: 0 to 2^32 - 1; a reference of size 0 is left out where sizes are kept, as
   * libCacheSim leaves it out. `timeUs`: an integer since whenever the trace counts from; a time before the last one counts as that one.
   */
  add(low: number, high: number, size: number, timeUs: number): void {
    const { sizes, timesUs } = this;
    if (sizes !== undefined && size === 0) return;
    const row = this.count;
    if (row === this.rows) this.grow();
    this.lows[this.waiting] = low;
    this.highs[this.waiting] = high;
    if (sizes !== undefined) this.sizes![row] = size;
    if (timesUs !== undefined) {
      if (row === 0) this.firstUs = timeUs;
      const sinceUs = timeUs - this.firstUs;
      if (sinceUs > this.lastUs) this.lastUs = sinceUs;
      this.timesUs![row] = this.lastUs;
    }
    this.count = row + 1;
    if (++this.waiting === batchIds) this.translate();
  }

  /** Throws KernelError INVALID_FILE when there was no reference. */
  finish(name: string, format: ReferenceFormat): ReferenceTrace {
    this.translate();
    const { count, sizes, timesUs } = this;
    if (count === 0) throw fileError({ file: name, at: '' }, `no reference in it (read as ${format})`);
    return {
      name,
      format,
      ids: this.ids.subarray(0, count),
      unique: this.dense.count,
      ...(sizes === undefined ? {} : { sizes: sizes.subarray(0, count) }),
      ...(timesUs === undefined ? {} : { timesUs: timesUs.subarray(0, count) }),
    };
  }

  private translate(): void {
    this.dense.translate(this.lows, this.highs, this.waiting, this.ids, this.count - this.waiting);
    this.waiting = 0;
  }

  private grow(): void {
    const { allocate, sizes, timesUs } = this;
    if (this.rows >= MOST_REFERENCES) throw new RangeError(`more than ${MOST_REFERENCES} references`);
    const rows = Math.min(MOST_REFERENCES, rowsFor(this.rows, this.rows));
    this.ids = moved(this.ids, new Int32Array(allocate(4 * rows)));
    if (sizes !== undefined) this.sizes = moved(sizes, new Uint32Array(allocate(4 * rows)));
    if (timesUs !== undefined) this.timesUs = moved(timesUs, new Float64Array(allocate(8 * rows)));
    this.rows = rows;
  }
}
