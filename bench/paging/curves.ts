/** Miss-ratio curves: the exact one of LRU for every capacity, and SHARDS with its error, each beside a plain pass over the references in the same process. */
import { lruCurve, type LruCurve } from '../../src/sim/paging/curves/lru-curve.ts';
import { evenlySpaced } from '../../src/sim/paging/curves/capacity-points.ts';
import { meanAbsoluteError, type MissRatioCurve } from '../../src/sim/paging/curves/miss-ratio-curve.ts';
import { shardsFixedRate, shardsFixedSize } from '../../src/sim/paging/curves/shards.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

/** Rows of a table; seconds are the best of `rounds`. */
export function* curveLines(trace: ReferenceTrace, rounds: number): Generator<string> {
  const { ids, unique } = trace;
  const count = (value: number): string => value.toLocaleString('en');
  yield `${count(ids.length)} Zipf references to ${count(unique)} of the pages; best of ${rounds}. Errors are the mean of |estimate − exact| over 100 capacities evenly spaced.`;
  yield '';
  yield '| | seconds | M references/s | passes | mean absolute error |';
  yield '| --- | ---: | ---: | ---: | ---: |';
  const plain = best(rounds, () => sum(ids));
  const exact = best(rounds, () => lruCurve(ids, unique));
  const row = (name: string, seconds: number, curve?: MissRatioCurve): string =>
    `| ${[
      name,
      seconds.toFixed(3),
      (ids.length / seconds / 1e6).toFixed(1),
      (seconds / plain.seconds).toFixed(1),
      curve === undefined ? '' : error(curve, exact.value, unique),
    ].join(' | ')} |`;
  yield row('a plain pass: one sum over the ids', plain.seconds);
  yield row('LRU, exact, every capacity', exact.seconds);
  const fixedRate = best(rounds, () => shardsFixedRate(trace, 0.01, 1));
  yield row('SHARDS, fixed rate 1 %', fixedRate.seconds, fixedRate.value);
  const fixedSize = best(rounds, () => shardsFixedSize(trace, 8_192, 1));
  yield row('SHARDS, fixed size 8,192', fixedSize.seconds, fixedSize.value);
}

function error(curve: MissRatioCurve, exact: LruCurve, unique: number): string {
  return `${(100 * meanAbsoluteError(curve, exact, evenlySpaced(unique, 100))).toFixed(2)} points`;
}

function best<Value>(rounds: number, make: () => Value): { seconds: number; value: Value } {
  let seconds = Infinity;
  let value: Value;
  let round = 0;
  do {
    const started = performance.now();
    value = make();
    seconds = Math.min(seconds, (performance.now() - started) / 1_000);
  } while (++round < rounds);
  return { seconds, value };
}

function sum(ids: Int32Array): number {
  let total = 0;
  for (let at = 0; at < ids.length; at++) total = (total + ids[at]!) | 0;
  return total;
}
