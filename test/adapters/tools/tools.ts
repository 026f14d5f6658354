import { LiveTools, type LiveTool } from '../../../src/adapters/tools/live-tool.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import type { ToolReply } from '../../../src/host/ports.ts';
import type { Json, Pid, RequestId } from '../../../src/kernel/ids.ts';

/** Calls one of the tools as the driver does. */
export function caller(
  tools: readonly LiveTool[],
): (tool: string, args: Json, stop?: StopSwitch) => Promise<ToolReply> {
  const port = new LiveTools(tools);
  return (tool, args, stop = new StopSwitch()) =>
    port.call(
      {
        type: 'tool.start',
        request: 1 as RequestId,
        pid: 1 as Pid,
        attempt: 0,
        identity: { run: 'r', branch: 'main', pid: 1 as Pid, n: 1, index: 0 },
        subRun: 'key of the call',
        tool,
        arguments: args,
        timeoutUs: 15_000_000,
        script: undefined,
      },
      stop,
    );
}
