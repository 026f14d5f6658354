/**
 * Lines of the Chrome trace-event format (JSON), as ui.perfetto.dev reads it. What that asks for, beside the published format:
 * `displayTimeUnit` is `ms`, because with `ns` times would be taken for nanoseconds; it and `otherData` stand before the events, where they are
 * looked for; a name belongs to a `tid` whatever its `pid`, so every number here stands for one track of the whole file; slices of a track nest
 * or are apart; at one instant the order of the file holds, so that a slice stands before those in it, and a flow behind the slice that it is
 * bound to. Otherwise the order is free: a slice is written when it ends. Times are µs.
 */

/** Of a line: whose it is. */
export type Track = string & { readonly brand: 'Track' };

/** `tid` is used by no other track. */
export function trackOf(pid: number, tid: number): Track {
  return `"pid":${pid},"tid":${tid}` as Track;
}

/** What stands before the first event; `about`: what to tell of the run. */
export function traceHead(about: Readonly<Record<string, string | number>>): string {
  return `{"displayTimeUnit":"ms","otherData":${JSON.stringify(about)},"traceEvents":[\n`;
}

export const traceTail = '\n]}\n';

/** Between two events. */
export const traceSeparator = ',\n';

/** A `process_name` names all tracks of a pid. */
export function nameLine(what: 'process_name' | 'thread_name', track: Track, name: string): string {
  return `{"ph":"M","name":"${what}",${track},"args":{"name":${JSON.stringify(name)}}}`;
}

/** Where a pid stands among the others, or a track among those of its pid: the lowest index above. Without it, they are put in an order of their own. */
export function placeLine(
  what: 'process_sort_index' | 'thread_sort_index',
  track: Track,
  index: number,
): string {
  return `{"ph":"M","name":"${what}",${track},"args":{"sort_index":${index}}}`;
}

export interface Slice {
  readonly name: string;
  /** What it is of: slices and flows can be searched by it. */
  readonly cat: string;
  readonly fromUs: number;
  readonly toUs: number;
}

/** `args`: members of a JSON object, such as those that `members` makes. */
export function sliceLine(track: Track, { name, cat, fromUs, toUs }: Slice, args = ''): string {
  const named = JSON.stringify(name);
  return `{"ph":"X","name":${named},"cat":"${cat}",${track},"ts":${fromUs},"dur":${toUs - fromUs},"args":{${args}}}`;
}

export function instantLine(
  track: Track,
  { name, cat, atUs }: { readonly name: string; readonly cat: string; readonly atUs: number },
  args = '',
): string {
  return `{"ph":"i","s":"t","name":${JSON.stringify(name)},"cat":"${cat}",${track},"ts":${atUs},"args":{${args}}}`;
}

/** `args` are series of numbers, 0 or more. */
export function counterLine(track: Track, name: string, atUs: number, args: string): string {
  return `{"ph":"C","name":${JSON.stringify(name)},${track},"ts":${atUs},"args":{${args}}}`;
}

/** Bound to the slice of the track that the file tells last, which must be there at `atUs`. Begin and end of a flow have `cat` and `id` in common. */
export function flowLine(
  ph: 's' | 'f',
  track: Track,
  { cat, id, atUs }: { readonly cat: string; readonly id: number; readonly atUs: number },
): string {
  const binding = ph === 'f' ? '"bp":"e",' : '';
  return `{"ph":"${ph}",${binding}"name":"${cat}","cat":"${cat}","id":${id},${track},"ts":${atUs}}`;
}

export function members(values: Readonly<Record<string, string | number | boolean>>): string {
  return JSON.stringify(values).slice(1, -1);
}
