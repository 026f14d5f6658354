import { isLiveSpec, type LiveParts, type LiveSpec } from '../sim/live-spec.ts';
import type { SimulationSpec } from '../sim/spec.ts';
import { recordedTokenizer } from './recorded-tokenizer.ts';
import { recordedScheduler } from './scheduler-choice.ts';

/** What a description names and does not hold: a user's own policy, a tokenizer. Throws KernelError INVALID_ARGUMENT. */
export async function liveParts(spec: SimulationSpec | LiveSpec): Promise<LiveParts> {
  const tokenizer = isLiveSpec(spec) ? spec.tokenizer : undefined;
  return {
    own: await recordedScheduler(spec),
    countTokens: tokenizer === undefined ? undefined : await recordedTokenizer(tokenizer),
  };
}
