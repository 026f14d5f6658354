import type { Json } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Effects } from './lock-table.ts';
import type { Process } from './process.ts';
import type { ToolCall } from './syscalls.ts';
import { failure, type Refusal } from './tool-run.ts';
import type { RegisteredTool } from './tools.ts';

/** What the call touches, or why it is refused: an unknown tool, one that the process may not call, arguments that its schema does not allow. */
export function admission(state: KernelState, process: Process, call: ToolCall): Effects | Refusal {
  const { tools } = state;
  const tool = tools.get(call.tool);
  if (tool === undefined)
    return failure(
      'UNKNOWN_TOOL',
      `tool: "${call.tool}" is not registered; allowed: ${tools.names().join(', ') || 'none'}`,
    );
  const may = process.capabilities.tools;
  if (may !== 'all' && !may.includes(call.tool))
    return failure(
      'NOT_PERMITTED',
      `tool: "${call.tool}" is not among the capabilities of process ${process.runPid}; allowed: ${may.join(', ') || 'none'}`,
    );
  return effectsOf(state, process, tool, call.arguments);
}

/** What a call of `tool` with these arguments touches, or why it is refused. */
export function effectsOf(
  { tools }: KernelState,
  { runPid: pid, name, run }: Process,
  tool: RegisteredTool,
  args: Json,
): Effects | Refusal {
  const problem = tools.check(tool, args);
  if (problem !== undefined) return failure('TOOL_ARGUMENTS', problem);
  const effects = tools.effectsOf(tool, args, { pid, name, run });
  return typeof effects === 'string' ? failure('TOOL_FAILED', effects) : effects;
}
