/** What a trace was read from, or that it was generated. */
export type ReferenceFormat =
  | 'ids'
  | 'csv'
  | 'mooncake'
  | 'oracleGeneral'
  | 'parquet'
  | 'binary'
  | 'otel'
  | 'claude-code'
  | 'workload'
  | 'generated';

/** A page reference string with dense ids. */
export interface ReferenceTrace {
  /** For reports: the file's name. */
  readonly name: string;
  readonly format: ReferenceFormat;
  /** [reference] page id, 1 to `unique`, numbered in order of first appearance. */
  readonly ids: Int32Array;
  /** How many different pages there are. */
  readonly unique: number;
  /** [reference] size as recorded; absent when the format has none. */
  readonly sizes?: Uint32Array;
  /** [reference] integer µs since the first one, never falling; absent when the format has none. */
  readonly timesUs?: Float64Array;
}
