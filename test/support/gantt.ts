import type { KernelEvent } from '../../src/kernel/events.ts';

/** One stretch on a core: [pid, from µs, to µs, why it ended]. */
export type Bar = readonly [pid: number, fromUs: number, toUs: number, why: string];

/** Who ran when on `core`, in order. A call that ended by itself has `ended`, a stopped one what stopped it. */
export function gantt(events: readonly KernelEvent[], core = 0): Bar[] {
  const bars: Bar[] = [];
  let from: readonly [pid: number, atUs: number] = [0, 0];
  for (const event of events) {
    if (!('core' in event) || event.core !== core) continue;
    const { type, pid, atUs } = event;
    if (type === 'process.dispatched') from = [pid, atUs];
    else bars.push([from[0], from[1], atUs, type === 'call.ended' ? 'ended' : event.by]);
  }
  return bars;
}
