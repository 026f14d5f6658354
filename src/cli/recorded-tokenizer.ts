import { loadTokenizer } from '../adapters/models/tokenizer.ts';
import { invalid } from '../kernel/errors.ts';
import type { CountTokens } from '../sim/live-spec.ts';

/** As descriptions of live runs name it. */
const tokenizerName = 'o200k_base';

/** The tokenizer that a live run was recorded with. Throws KernelError INVALID_ARGUMENT. */
export async function recordedTokenizer(name: string): Promise<CountTokens> {
  if (name !== tokenizerName) throw invalid('tokenizer', name, tokenizerName);
  return loadTokenizer();
}
