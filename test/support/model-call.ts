import type { ModelCall } from '../../src/agents/model/model-call.ts';
import type { Pid } from '../../src/kernel/ids.ts';

/** A model call with a prompt of one line, but for what is given. */
export function modelCall(more: Partial<ModelCall> = {}): ModelCall {
  return {
    identity: { run: 'r1', branch: '', pid: 1 as Pid, n: 2, index: 0 },
    messages: [{ role: 'user', text: 'Hello' }],
    maxOutput: 50,
    request: {},
    tools: [],
    ...more,
  };
}
