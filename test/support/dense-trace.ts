/** Page reference strings of tests. */
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

/** Dense ids in order of first appearance, as the readers give them. */
export function denseTrace(raw: ArrayLike<number>): ReferenceTrace {
  const dense = new Map<number, number>();
  const ids = Int32Array.from(raw, (page) => {
    if (!dense.has(page)) dense.set(page, dense.size + 1);
    return dense.get(page)!;
  });
  return { name: 'test', format: 'generated', ids, unique: dense.size };
}
