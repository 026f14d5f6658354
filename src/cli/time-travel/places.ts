/** A place in a run as somebody types it: the number of an event, or a time. */
import { invalid } from '../../kernel/errors.ts';
import { formatClock } from '../../report/format.ts';
import type { Timeline } from '../../sim/timeline/timeline.ts';
import { parseDurationUs } from '../options.ts';

/** A number of events, or the number of events until a time. Throws KernelError INVALID_ARGUMENT beyond the end. */
export function placeOf(option: string, text: string, timeline: Timeline, zeroUs: number): number {
  if (/^\d+$/.test(text)) return indexOf(option, text, timeline);
  return timeline.indexAt(timeOf(option, text, timeline, zeroUs));
}

/** Throws KernelError INVALID_ARGUMENT. */
export function indexOf(option: string, text: string, { count }: Timeline): number {
  const index = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(index <= count)) throw invalid(option, text, `the number of an event, 0 to ${count}`);
  return index;
}

/** `90s`, `1.5h`, `2:30` or `1:02:03.5` behind `zeroUs`, as µs. Throws KernelError INVALID_ARGUMENT, also beyond the last event. */
export function timeOf(option: string, text: string, timeline: Timeline, zeroUs: number): number {
  const us = clockUs(text) ?? durationUs(option, text);
  const endUs = Math.max(0, timeline.endUs - zeroUs);
  if (us === undefined || us > endUs)
    throw invalid(
      option,
      text,
      `a time such as 90s or 2:30, 0:00 to ${formatClock(endUs)}, or the number of an event`,
    );
  return zeroUs + us;
}

function clockUs(text: string): number | undefined {
  const [, hours = '0', minutes = '', seconds = ''] =
    /^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  if (minutes === '') return undefined;
  return Math.round((Number(hours) * 3600 + Number(minutes) * 60) * 1e6 + Number(seconds) * 1e6);
}

function durationUs(option: string, text: string): number | undefined {
  if (!/^[\d.]+(us|ms|s|m|h)$/.test(text)) return undefined;
  return /^0+(\.0+)?\D/.test(text) ? 0 : parseDurationUs(option, text);
}
