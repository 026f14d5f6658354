/** Tools as data for calls whose results are recorded or drawn. */
import { builtInTools } from '../../agents/tools/built-in.ts';
import { hourUs } from '../../kernel/budget-limits.ts';
import type { ToolData } from '../../kernel/tool-data.ts';

/** Recorded tools may have taken longer than the 15 s that a live call is given. */
const recordedToolTimeoutUs = 24 * hourUs;

export const builtInNames: readonly string[] = builtInTools.map(({ spec }) => spec.name);

/** Each recorded run had a world of its own: its tools conflict with those of the same run only. Names that are `declared` are left out. */
export function recordedTools(
  names: readonly string[],
  declared: readonly ToolData[] = [],
): readonly ToolData[] {
  const taken = new Set(declared.map(({ name }) => name));
  return names
    .filter((name) => !taken.has(name))
    .map((name) => ({
      name,
      description: `recorded: ${name}`,
      writes: ['run/{run}'],
      timeoutUs: recordedToolTimeoutUs,
    }));
}
