/**
 * Recorded coding sessions as their file has them: for each model call its time, tokens, the blocks of its context, how long the agent took before it, and
 * why its answer stopped.
 *
 * Format: JSON lines {id, tool, sys, r}; an entry of `r` is a call [t, in, out, keep, runs, think, api, stop] or a
 * sub-agent {agent_id, t, duration_ms, status, sub}. Seconds, but for duration_ms.
 * Source: callanjfox/kv-cache-tester (WEKA), run-length coded.
 */
import {
  arrayAt,
  fieldError,
  integerAt,
  jsonAt,
  numberedLines,
  objectAt,
  stringAt,
  timeUsAt,
} from './fields.ts';
import type { JsonObject, Place } from './fields.ts';

export const wekaBlockTokens = 64;

export interface WekaSession {
  readonly name: string;
  /** Tool definitions and system prompt, with which each context begins; 0 where the file does not say. */
  readonly systemTokens: number;
  /** In their recorded order; at least one call. */
  readonly entries: readonly WekaEntry[];
}
type WekaEntry =
  | { readonly call: WekaCall; readonly child?: undefined }
  | { readonly call?: undefined; readonly child: WekaChild };

export interface WekaCall {
  /** Since the session began, of a sub-agent since its own start. */
  readonly startUs: number;
  /** Null when the time of the call is not known. */
  readonly apiUs: number | null;
  /** Null when there is no call before with a known time. */
  readonly thinkUs: number | null;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Leading blocks that it shares with the call before, and those behind them. */
  readonly keep: number;
  readonly runs: readonly (readonly [first: number, count: number])[];
  readonly blockCount: number;
  /** `tool_use`, `end_turn`, or empty. */
  readonly stop: string;
}

/** A sub-agent; `endUs` is undefined when nobody waits for it. */
export interface WekaChild {
  readonly key: string;
  readonly session: WekaSession;
  readonly startUs: number;
  readonly endUs: number | undefined;
}

export async function* readWekaSessions(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<WekaSession> {
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    const session = objectAt(place, 'session', jsonAt(place, line));
    const name = stringAt(place, 'id', session['id']);
    const systemTokens = tokensOf(place, 'tool', session) + tokensOf(place, 'sys', session);
    yield { name, systemTokens, entries: entriesOf(place, name, arrayAt(place, 'r', session['r'])) };
  }
}

/** Some files name the tools instead. */
function tokensOf(place: Place, field: string, session: JsonObject): number {
  return typeof session[field] === 'number' ? integerAt(place, field, session[field]) : 0;
}

function entriesOf(place: Place, name: string, entries: readonly unknown[]): WekaEntry[] {
  if (entries.length === 0) throw fieldError(place, 'r', entries, 'at least one call');
  let before: WekaCall | undefined;
  return entries.map((entry, index) => {
    const entryPlace = { file: place.file, at: `${place.at}, entry ${index + 1}` };
    if (!Array.isArray(entry))
      return { child: childOf(entryPlace, name, objectAt(entryPlace, 'sub-agent', entry)) };
    const call = callOf(entryPlace, entry, before);
    before = call;
    return { call };
  });
}

function callOf(place: Place, entry: readonly unknown[], before: WekaCall | undefined): WekaCall {
  if (entry.length !== 8)
    throw fieldError(place, 'call', entry, '[t, in, out, keep, runs, think, api, stop]');
  const [t, tokensInValue, out, keepValue, runsValue, think, api, stop] = entry;
  const startUs = timeUsAt(place, 't', t, 1_000_000);
  if (before !== undefined && startUs < before.startUs) {
    throw fieldError(place, 't', t, `at least ${before.startUs / 1_000_000} (the call before)`);
  }
  const tokensIn = integerAt(place, 'in', tokensInValue);
  const keep = integerAt(place, 'keep', keepValue);
  const blocksBefore = before?.blockCount ?? 0;
  if (keep > blocksBefore)
    throw fieldError(place, 'keep', keep, `at most ${blocksBefore} (the blocks before)`);
  const runs = arrayAt(place, 'runs', runsValue).map((run) => runOf(place, run));
  const blockCount = runs.reduce((sum, [, count]) => sum + count, keep);
  if (blockCount * wekaBlockTokens > tokensIn) {
    throw fieldError(
      place,
      'in',
      tokensIn,
      `at least the ${blockCount * wekaBlockTokens} tokens of its blocks`,
    );
  }
  return {
    startUs,
    apiUs: api === null ? null : timeUsAt(place, 'api', api, 1_000_000),
    thinkUs: think === null ? null : timeUsAt(place, 'think', think, 1_000_000),
    tokensIn,
    tokensOut: integerAt(place, 'out', out),
    keep,
    runs,
    blockCount,
    stop: typeof stop === 'string' ? stop : '',
  };
}

function runOf(place: Place, run: unknown): readonly [first: number, count: number] {
  if (!Array.isArray(run) || run.length !== 2) throw fieldError(place, 'runs', run, '[first id, count] each');
  return [integerAt(place, 'first id of a run', run[0]), integerAt(place, 'count of a run', run[1], 1)];
}

function childOf(place: Place, parent: string, entry: JsonObject): WekaChild {
  const key = stringAt(place, 'agent_id', entry['agent_id']);
  const name = `${parent}/${key}`;
  const session = {
    name,
    systemTokens: 0,
    entries: entriesOf(place, name, arrayAt(place, 'sub', entry['sub'])),
  };
  const timeUs = timeUsAt(place, 't', entry['t'], 1_000_000);
  const { status } = entry;
  // `t` is the end of a completed one and the launch of the other kind.
  if (status === 'async_launched') return { key, session, startUs: timeUs, endUs: undefined };
  if (status !== 'completed') throw fieldError(place, 'status', status, 'completed, async_launched');
  const durationUs = timeUsAt(place, 'duration_ms', entry['duration_ms'], 1000);
  return { key, session, startUs: timeUs - durationUs, endUs: timeUs };
}
