/** Seeded page reference strings for tests. */
import { zipf } from '../../src/base/distributions.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

/** Dense ids in order of first appearance, as the readers give them. */
export function denseTrace(raw: ArrayLike<number>, name = 'test'): ReferenceTrace {
  const dense = new Map<number, number>();
  const ids = Int32Array.from(raw, (page) => {
    if (!dense.has(page)) dense.set(page, dense.size + 1);
    return dense.get(page)!;
  });
  return { name, format: 'generated', ids, unique: dense.size };
}

export function zipfTrace(options: {
  readonly references: number;
  readonly pages: number;
  readonly exponent?: number;
  readonly seed?: number;
}): ReferenceTrace {
  const { references, pages, exponent = 1, seed = 1 } = options;
  const rng = rngFor(seed, 'test-zipf');
  const draw = zipf({ count: pages, exponent });
  return denseTrace(Int32Array.from({ length: references }, () => draw(rng)));
}
