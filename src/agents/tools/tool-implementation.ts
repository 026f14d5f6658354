import type { Json } from '../../kernel/ids.ts';
import type { ToolSpec } from '../../kernel/tools.ts';

/** A tool with the code behind it, for the tool devices: pure, so that a repeated call has the same result. */
export interface ToolImplementation {
  readonly spec: ToolSpec;
  /** The arguments have been checked against the tool's schema. A failure's message is one line. */
  run(
    args: Json,
  ): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };
}
