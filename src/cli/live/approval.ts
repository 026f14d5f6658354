/** `--approve`: which calls of tools need a person's yes. Risk is judged by what a call declares to touch, and by its arguments, never by how the tool is called. */
import type { ToolSpec } from '../../kernel/tools.ts';

/**
 * `ask`: a person approves each call that writes, or of which nobody has declared what it touches, and each of a tool that says itself that it needs a yes. `never`: nobody is
 * asked, and such calls are denied. `always`: nobody is asked, and all calls are made.
 */
export const approvalModes = ['ask', 'never', 'always'] as const;
export type ApprovalMode = (typeof approvalModes)[number];

export function withApproval(spec: ToolSpec, mode: ApprovalMode): ToolSpec {
  if (mode === 'always') return { ...spec, approval: false };
  const { approval: own = false } = spec;
  return {
    ...spec,
    // Where nothing is declared the kernel takes it for a write.
    approval: (args, effects) =>
      effects.writes.length > 0 || (typeof own === 'function' ? own(args, effects) : own),
  };
}
