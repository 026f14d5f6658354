import { assert } from '../../base/assert.ts';
import { Metrics } from '../metrics/metrics.ts';
import { splitSum } from '../metrics/split.ts';
import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/**
 * The parts of every process's time sum to its turnaround, and the parts of every stretch to its length. The metrics of the run are
 * computed here and recounted from the times of start and end alone.
 */
export function splits({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('splits');
  const metrics = new Metrics({ engines });
  const dispatchedUs = new Map<number, number>();
  const spawnedUs = new Map<number, number>();
  const terminatedUs = new Map<number, number>();
  let atUs = 0;

  function stretchEnds(event: EventOf<'call.stopped' | 'call.ended'>): void {
    const { pid, switchUs = 0, newPrefillUs, repeatedPrefillUs, loadUs } = event;
    const lengthUs = event.atUs - (dispatchedUs.get(pid) ?? event.atUs);
    const isWhole = [switchUs, newPrefillUs, repeatedPrefillUs, loadUs].every(
      (us) => Number.isSafeInteger(us) && us >= 0,
    );
    check(
      isWhole,
      event,
      () => `process ${pid}: parts of ${switchUs}, ${newPrefillUs}, ${repeatedPrefillUs} and ${loadUs} µs`,
    );
    const partsUs = switchUs + newPrefillUs + repeatedPrefillUs + loadUs;
    check(
      partsUs <= lengthUs,
      event,
      () => `process ${pid}: ${partsUs} µs of switching, prefill and loading in a stretch of ${lengthUs} µs`,
    );
    dispatchedUs.delete(pid);
  }

  return {
    name: 'splits',
    promise: "Every process's turnaround is split exactly: the parts sum to the whole, to the microsecond.",
    on: {},
    every(event) {
      const { type } = event;
      if (type === 'process.spawned') spawnedUs.set(event.pid, event.atUs);
      else if (type === 'process.dispatched') dispatchedUs.set(event.pid, event.atUs);
      else if (type === 'call.stopped' || type === 'call.ended') stretchEnds(event);
      else if (type === 'process.terminated') terminatedUs.set(event.pid, event.atUs);
      metrics.onEvent(event);
      atUs = event.atUs;
    },
    finish() {
      for (const { pid, split } of metrics.result(atUs).perProcess) {
        const turnaroundUs = (terminatedUs.get(pid) ?? atUs) - spawnedUs.get(pid)!;
        const sumUs = splitSum(split);
        assert(
          sumUs === turnaroundUs,
          () =>
            `broken promise "splits": the parts of process ${pid} sum to ${sumUs} µs, its turnaround is ${turnaroundUs} µs`,
        );
      }
    },
  };
}
