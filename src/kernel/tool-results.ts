import { estimateTokens } from './estimate.ts';
import type { KernelState } from './kernel-state.ts';
import { importanceDefaults } from './options.ts';
import type { Process } from './process.ts';
import { historyVersion } from './records.ts';
import type { ToolResult } from './syscalls.ts';
import { textOf } from './tool-run.ts';

/** Results join the prompt in call order, importance 0.7. One that no memory could hold is replaced by a line that says so: nothing vanishes unsaid. */
export function keepResults(state: KernelState, process: Process, results: readonly ToolResult[]): void {
  for (const result of results) {
    const whole = result.ok ? textOf(result.value) : result.message;
    const { memoryTokens } = process.engine.options;
    const isTooLarge = state.options.oversize === 'fail' && estimateTokens(whole) > memoryTokens;
    const text = isTooLarge
      ? `[a result of ${estimateTokens(whole)} tokens, larger than the context memory of ${memoryTokens}]`
      : whole;
    const tokens = estimateTokens(text);
    const { run, isNew, hash } = state.contents.ofText(process.run, text, tokens);
    if (isNew) state.record({ v: historyVersion, type: 'page', run: process.run, hash, text });
    process.engine.memory.append(process.table, run, importanceDefaults.result, false);
  }
}
