/** Columns that policies keep by pid, page or budget node: typed arrays that grow by doubling. */

export type Column = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Rows for a column that must hold row `index` and has `rows` now: the next doubling, at least 16. */
export function rowsFor(index: number, rows: number): number {
  let grown = Math.max(rows, 16);
  while (grown <= index) grown *= 2;
  return grown;
}

/** Copies a column into its longer successor, which is returned. */
export function moved<Longer extends Column>(from: Longer, to: Longer): Longer {
  to.set(from);
  return to;
}
