import type { ToolImplementation } from '../../agents/tools/tool-implementation.ts';
import type { Stop, ToolPort, ToolReply } from '../../host/ports.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { ToolStart } from '../../kernel/requests.ts';
import { toolSpecOf, type ToolData } from '../../kernel/tool-data.ts';
import type { ToolSpec } from '../../kernel/tools.ts';

/** A tool of the real world. */
export interface LiveTool {
  /** As the kernel knows it; as plain data, so that a recording of its calls can be rerun without it. */
  readonly spec: ToolData;
  /** The arguments fit the tool's schema. A rejection is a failure of the call, like a reply that says so. Absent: each call asks a person. */
  call?(args: Json, context: ToolContext): Promise<ToolReply>;
}

export interface ToolContext {
  readonly stop: Stop;
  /** The id of the call's sub-run, the same for its repeats: what acts on the world can know it again by this. */
  readonly key: string;
}

export const ok = (value: Json): ToolReply => ({ ok: true, value });
export const failed = (message: string): ToolReply => ({ ok: false, value: message });

/** One that needs nothing of the world. */
export function pureTool(tool: ToolImplementation): LiveTool {
  return {
    spec: dataOf(tool.spec),
    call: (args) => {
      const result = tool.run(args);
      return Promise.resolve(result.ok ? result : failed(result.message));
    },
  };
}

/** What needs nothing of the world touches nothing of it. */
function dataOf({ effects: _none, approval, ...rest }: ToolSpec): ToolData {
  return { ...rest, reads: [], writes: [], ...(typeof approval === 'boolean' ? { approval } : {}) };
}

/** Finds the tool that a call names. Its names are unique: the kernel's registry sees to that. */
export class LiveTools implements ToolPort {
  readonly data: readonly ToolData[];
  readonly specs: readonly ToolSpec[];
  private readonly tools: ReadonlyMap<string, LiveTool>;

  constructor(tools: readonly LiveTool[]) {
    this.data = tools.map(({ spec }) => spec);
    this.specs = this.data.map(toolSpecOf);
    this.tools = new Map(tools.map((tool) => [tool.spec.name, tool]));
  }

  async call({ tool: name, arguments: args, subRun: key }: ToolStart, stop: Stop): Promise<ToolReply> {
    const tool = this.tools.get(name);
    if (tool?.call === undefined) return failed(`tool ${name} has no implementation here`);
    try {
      return await tool.call(args, { stop, key });
    } catch (error) {
      return failed(`${name}: ${oneLine(messageOf(error))}`);
    }
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
