/** `--approve`: which calls of tools need a person's yes. Risk is judged by what a call declares to touch, and by its arguments, never by how the tool is called. */
import type { ToolData } from '../../kernel/tool-data.ts';

/**
 * `ask`: a person approves each call that writes, or of which nobody has declared what it touches, and each of a tool that says itself that it needs a yes. `never`: nobody is
 * asked, and such calls are denied. `always`: nobody is asked, and all calls are made.
 */
export const approvalModes = ['ask', 'never', 'always'] as const;
export type ApprovalMode = (typeof approvalModes)[number];

/** Whether some call of it may need a person's yes. */
export function mayNeedYes({ approval, reads, writes, files }: ToolData): boolean {
  if (approval !== 'writes') return approval === true;
  if (files !== undefined) return files.access === 'write';
  return writes === undefined ? reads === undefined : writes.length > 0;
}

export function withApproval(tool: ToolData, mode: ApprovalMode): ToolData {
  if (tool.asksPerson === true) return tool;
  if (mode === 'always') return { ...tool, approval: false };
  // Where nothing is declared the kernel takes it for a write.
  return { ...tool, approval: tool.approval === true ? true : 'writes' };
}
