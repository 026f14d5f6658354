import { moved, rowsFor } from '../columns.ts';

/** A number for each pid, 0 unless told. */
export class NumberByPid {
  private column = new Float64Array(0);

  get(pid: number): number {
    return pid < this.column.length ? this.column[pid]! : 0;
  }

  set(pid: number, value: number): void {
    if (pid >= this.column.length) {
      if (value === 0) return;
      this.column = moved(this.column, new Float64Array(rowsFor(pid, this.column.length)));
    }
    this.column[pid] = value;
  }

  /** The pids whose number is not 0, in their order. */
  *pids(): IterableIterator<number> {
    for (let pid = 0; pid < this.column.length; pid++) if (this.column[pid] !== 0) yield pid;
  }
}

/** Rows [pid, number, …] of every pid that has a number other than 0 in one of the columns, in pid order. */
export function savedColumns(columns: readonly NumberByPid[]): number[][] {
  const pids = new Set(columns.flatMap((column) => [...column.pids()]));
  return [...pids].sort((a, b) => a - b).map((pid) => [pid, ...columns.map((column) => column.get(pid))]);
}

export function loadColumns(columns: readonly NumberByPid[], rows: readonly (readonly number[])[]): void {
  for (const [pid = 0, ...values] of rows)
    for (const [index, value] of values.entries()) columns[index]!.set(pid, value);
}
