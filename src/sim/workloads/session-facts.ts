/**
 * What coding-agent sessions look like: the numbers behind the session generator, from 497 recorded sessions (32,658 model
 * calls). A table gives quantiles; between its points the generator draws straight lines between logarithms. Where a session
 * has structure (an answer makes the context longer, a long context makes the call slower) the parts are given, and the whole
 * follows from them. "Fitted": a part changed a little so that the whole has the recorded quantiles, since the parts are drawn
 * independently here and are not so in the recordings.
 */
import type { QuantilePoint } from '../../base/distributions.ts';

/** Probability that a call ends in a tool call; else the agent waits for a person. */
export const toolCallShare = 0.85;

/** Model calls of a session. */
export const callsPerSession = table(
  [0, 3],
  [0.05, 4],
  [0.1, 7],
  [0.25, 17],
  [0.5, 44],
  [0.75, 90],
  [0.9, 153],
  [0.99, 324],
  [1, 411],
);

/** Calls from which on a session counts as long. */
export const longSessionCalls = 64;
/** Context of the first call, tokens. Short sessions are often the continuation of something; long ones begin fresh. Fitted. */
export const firstContext = {
  short: table(
    [0, 8_979],
    [0.05, 13_048],
    [0.25, 18_945],
    [0.5, 68_258],
    [0.75, 155_000],
    [0.9, 310_000],
    [0.95, 380_000],
    [1, 560_000],
  ),
  long: table(
    [0, 6_343],
    [0.05, 13_370],
    [0.25, 18_835],
    [0.5, 20_425],
    [0.75, 37_744],
    [0.9, 89_509],
    [1, 430_118],
  ),
};

/** Tokens of an answer. */
export const answerTokens = table(
  [0, 20],
  [0.01, 58],
  [0.05, 90],
  [0.1, 107],
  [0.25, 139],
  [0.5, 219],
  [0.75, 430],
  [0.9, 889],
  [0.95, 1_504],
  [0.99, 3_625],
  [0.999, 8_141],
  [1, 18_195],
);

/** Tokens that join the context between an answer and the next call, besides the answer: tool results, or what a person wrote. Fitted above the median. */
export const addedTokens = table(
  [0, 1],
  [0.1, 2],
  [0.25, 48],
  [0.4, 170],
  [0.5, 282],
  [0.6, 443],
  [0.75, 900],
  [0.9, 2_500],
  [0.95, 4_500],
  [0.99, 14_000],
  [0.999, 45_000],
  [1, 90_000],
);

/** Seconds from a call that asked for a tool to the next call. */
export const toolSeconds = table(
  [0, 1],
  [0.01, 2],
  [0.05, 3],
  [0.1, 4],
  [0.25, 5],
  [0.4, 7],
  [0.5, 9],
  [0.6, 11],
  [0.75, 19],
  [0.9, 72],
  [0.95, 153],
  [0.99, 623],
  [0.999, 3_058],
  [1, 37_415],
);

/**
 * Seconds from a call that ended the agent's turn to the next call. So chosen that the mixture with the tools' has the recorded
 * p90 (157 s) and tail (6.6 % over 300 s): turns whose end is not recorded are among them.
 */
export const personSeconds = table(
  [0, 2],
  [0.1, 6],
  [0.25, 20],
  [0.5, 85],
  [0.61, 157],
  [0.726, 300],
  [0.85, 986],
  [0.95, 2_982],
  [0.99, 20_000],
  [1, 77_589],
);

/** The time of a call, s: a fixed part, a part per prompt token, a part per answer token, and a log-normal factor with this p90. Fitted. */
export const callSeconds = { fixed: 1.2, perPromptToken: 10e-6, perAnswerToken: 0.0155, spreadP90: 1.45 };

/** Windows after which a context is compacted (cut to a beginning and a summary), with their share of the sessions, tokens. Fitted. */
export const compactionAt = [
  { share: 0.9, from: 165_000, to: 200_000 },
  { share: 0.1, from: 500_000, to: 850_000 },
] as const;
/** Context after a compaction, as a share of the context before; and how much of its beginning is kept, tokens. Fitted. */
export const afterCompaction = table([0, 0.08], [0.25, 0.17], [0.5, 0.25], [0.75, 0.45], [1, 0.75]);
export const keptAtCompaction = 13_000;

function table(...points: readonly (readonly [p: number, value: number])[]): readonly QuantilePoint[] {
  return points.map(([p, value]) => ({ p, value }));
}
