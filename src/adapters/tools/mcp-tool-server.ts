import type { CallToolResult } from '@modelcontextprotocol/server';

import { isRecord } from '../../kernel/budget-limits.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { ToolRegistry, type ToolSpec } from '../../kernel/tools.ts';
import type { ToolReply } from '../../host/ports.ts';

/** A tool that others may call over the Model Context Protocol. */
export interface ServedTool {
  readonly spec: Pick<ToolSpec, 'name' | 'description' | 'parameters'>;
  /** It changes nothing. */
  readonly isReadOnly: boolean;
  /** The arguments fit the schema. */
  call(args: Json): Promise<ToolReply> | ToolReply;
}

export interface ServedBy {
  readonly name: string;
  readonly version: string;
  readonly tools: readonly ServedTool[];
}

export interface ToolServer {
  /** Whoever was served has gone. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Serves tools on this process's standard streams, on which nothing else may be written or read then. */
export async function serveTools({ name, version, tools }: ServedBy): Promise<ToolServer> {
  const { Server } = await import('@modelcontextprotocol/server');
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
  const registry = new ToolRegistry(tools.map(({ spec }) => spec));
  const handle = serveStdio(() => {
    const server = new Server({ name, version }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', () => ({
      tools: tools.map(({ spec, isReadOnly }) => ({
        name: spec.name,
        description: spec.description,
        inputSchema: spec.parameters as { type: 'object' },
        annotations: { readOnlyHint: isReadOnly, openWorldHint: !isReadOnly },
      })),
    }));
    server.setRequestHandler('tools/call', ({ params }) =>
      called(tools, registry, params.name, (params.arguments ?? {}) as Json),
    );
    return server;
  });
  // Not the end of an instance: one that was only asked what it can do is thrown away.
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) process.stdin.once(event, () => resolve());
  });
  return { ended, close: () => handle.close() };
}

/** What goes wrong is a result that says so, so that a model on the other side can do better. */
async function called(
  tools: readonly ServedTool[],
  registry: ToolRegistry,
  name: string,
  args: Json,
): Promise<CallToolResult> {
  const tool = tools.find(({ spec }) => spec.name === name);
  const known = registry.get(name);
  if (tool === undefined || known === undefined)
    return failure(`tool: "${name}" is not allowed; allowed: ${registry.names().join(', ')}`);
  const problem = registry.check(known, args);
  if (problem !== undefined) return failure(problem);
  try {
    const { ok, value } = await tool.call(args);
    if (!ok) return failure(typeof value === 'string' ? value : JSON.stringify(value));
    return {
      content: [{ type: 'text', text: JSON.stringify(value) }],
      ...(isRecord(value) ? { structuredContent: { ...value } } : {}),
    };
  } catch (error) {
    return failure(messageOf(error));
  }
}

const failure = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });
