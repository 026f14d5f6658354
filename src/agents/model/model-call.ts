/** What a model is asked, whoever answers: a real one behind its adapter or a simulated one. */
import type { CallIdentity } from '../../kernel/requests.ts';
import type { ModelRequest, ThinkScript, OfferedTool } from '../../kernel/syscalls.ts';
import type { Message } from './messages.ts';

export interface ModelCall {
  readonly identity: CallIdentity;
  /** In the order of the prompt. */
  readonly messages: readonly Message[];
  /** Tokens. */
  readonly maxOutput: number;
  readonly request: ModelRequest;
  /** The tools that `request.tools` names, as far as they are registered, and the program's own. */
  readonly tools: readonly OfferedTool[];
  /** What it said before it was stopped: it goes on behind that, and says only the rest. Absent: nothing. */
  readonly partial?: string;
}

/** A simulated model: pure, so that the same call has the same answer. What it says is told when the call starts, and takes its time after that. */
export interface SimulatedModel {
  answer(call: ModelCall): ThinkScript;
}
