/** How much one call of a model may contain, prompt and answer: one table, for models whose makers publish it. */
import { entryOfModel } from './model-names.ts';

/** Tokens, as the makers of the models gave them in autumn 2025. */
const contextWindows: Readonly<Record<string, number>> = {
  'gpt-4o': 128_000,
  'gpt-4o-mini': 128_000,
  'gpt-4.1': 1_047_576,
  'gpt-4.1-mini': 1_047_576,
  'gpt-4.1-nano': 1_047_576,
  o3: 200_000,
  'o4-mini': 200_000,
  'gpt-5': 400_000,
  'gpt-5-mini': 400_000,
  'gpt-5-nano': 400_000,
  'claude-opus-4-1': 200_000,
  'claude-sonnet-4': 200_000,
  'claude-sonnet-4-5': 200_000,
  'claude-haiku-4-5': 200_000,
  'claude-3-5-haiku': 200_000,
};

/** Tokens; undefined: not known. */
export function contextWindowOf(model: string): number | undefined {
  return entryOfModel(model, contextWindows);
}
