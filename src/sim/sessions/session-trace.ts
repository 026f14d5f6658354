/** Recorded sessions as a replay of context memory needs them: when each call came, and of which blocks its context was made. Plain data. */

export interface SessionTrace {
  /** For reports: the file's name. */
  readonly name: string;
  /** Tokens of a block. */
  readonly blockTokens: number;
  readonly sessions: readonly RecordedSession[];
}

export interface RecordedSession {
  readonly name: string;
  /** The session's own calls first, then those of each sub-agent: contexts of their own. */
  readonly chains: readonly RecordedChain[];
}

/** Calls on one context, one after the other. */
export interface RecordedChain {
  /** Since the session began, µs. */
  readonly startUs: number;
  /** Leading blocks that hold tool definitions and system prompt. */
  readonly systemBlocks: number;
  readonly calls: readonly RecordedCall[];
}

export interface RecordedCall {
  /** Since its chain began, µs. */
  readonly startUs: number;
  /** How long it took; null: not recorded. */
  readonly durationUs: number | null;
  /** The context: so many leading blocks of the call before, then runs of consecutive ids. The ids mean something within their chain only. */
  readonly keep: number;
  readonly runs: readonly (readonly [first: number, count: number])[];
  /** All in all, `keep` and the runs. */
  readonly blocks: number;
  /** With what has no block: the unfinished last one. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** What its session waits for then. */
  readonly pause: 'tool' | 'person' | 'unknown';
}

/** Every other session, from the first on (`even`) or from the second: policies are fitted to one half and reported on the other. */
export function halfOf(trace: SessionTrace, half: 'even' | 'odd'): SessionTrace {
  const rest = half === 'even' ? 0 : 1;
  return {
    ...trace,
    name: `${trace.name} (${half} half)`,
    sessions: trace.sessions.filter((_, index) => index % 2 === rest),
  };
}
