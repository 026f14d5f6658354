import type { Client } from '@modelcontextprotocol/client';

import type { ToolReply } from '../../host/ports.ts';
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { toolSpecOf, type ToolData } from '../../kernel/tool-data.ts';
import { ToolRegistry } from '../../kernel/tools.ts';
import { failed, ok, type LiveTool, type ToolContext } from './live-tool.ts';

/** Where a server of the Model Context Protocol is: a command that speaks it on its standard streams, or a URL. */
export type McpServer =
  | {
      readonly name: string;
      readonly command: string;
      readonly args?: readonly string[];
      /** Beside the few variables that the protocol's library hands on by itself. */
      readonly env?: Readonly<Record<string, string>>;
    }
  | { readonly name: string; readonly url: string };

export interface McpLinkOptions {
  /** Told in one line what happens to the server: it ended, it is there again, it could not be started. */
  readonly onNotice?: (line: string) => void;
  readonly timeoutUs?: number;
}

/** Under which a call's `_meta` tells the id of its sub-run. The protocol has no word of its own for it. */
const idempotencyKey = 'ringzero/idempotency-key';
const connectMs = 30_000;
/** Waits before the server is started again; when none is left it stays away, until a call asks for it. */
const restartMs = [0, 1_000, 5_000];

/**
 * The tools of one MCP server. A server that dies is started again; the calls that ran then fail, and whether they acted is not known. Calls that come while it is away wait for it.
 */
export class McpServerLink {
  readonly tools: readonly LiveTool[];
  /** Tools of the server that are not offered, each with why in one line. */
  readonly refused: readonly string[];
  private readonly server: McpServer;
  private readonly options: McpLinkOptions;
  private client: Promise<Client> | undefined;
  private isClosed = false;

  /** Starts or reaches the server and asks for its tools. Throws KernelError INVALID_ARGUMENT, in one line, when it can't. */
  static async open(server: McpServer, options: McpLinkOptions = {}): Promise<McpServerLink> {
    const client = await connected(server);
    const { tools } = await client.listTools().catch((error: unknown) => {
      throw unreachable(server, error);
    });
    return new McpServerLink(server, options, client, tools);
  }

  private constructor(
    server: McpServer,
    options: McpLinkOptions,
    client: Client,
    listed: readonly McpTool[],
  ) {
    this.server = server;
    this.options = options;
    const registry = new ToolRegistry();
    const tools: LiveTool[] = [];
    const refused: string[] = [];
    for (const tool of listed) {
      const spec = this.specOf(tool);
      try {
        registry.register(toolSpecOf(spec));
      } catch (error) {
        refused.push(`${server.name}: ${messageOf(error)}`);
        continue;
      }
      tools.push({ spec, call: (args, context) => this.call(tool.name, args, context) });
    }
    this.tools = tools;
    this.refused = refused;
    this.watch(client);
    this.client = Promise.resolve(client);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const client = await this.client?.catch(() => undefined);
    await client?.close();
  }

  private specOf({ name, description, inputSchema, annotations }: McpTool): ToolData {
    const server = `mcp:${this.server.name}`;
    return {
      // The kernel's names are narrower than the protocol's.
      name: name.replaceAll(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 128),
      description: description ?? '',
      parameters: inputSchema as Json,
      server,
      timeoutUs: this.options.timeoutUs ?? 60_000_000,
      // Hints, but all that a server tells; what it does not tell is an exclusive write on it.
      ...(annotations?.readOnlyHint === true ? { reads: [server], writes: [] } : {}),
    };
  }

  private async call(name: string, args: Json, { stop, key }: ToolContext): Promise<ToolReply> {
    const client = await (this.client ??= this.restarted([0]));
    const abort = new AbortController();
    stop.onStop(() => abort.abort('stopped'));
    try {
      const result = await client.callTool(
        { name, arguments: args as Record<string, unknown>, _meta: { [idempotencyKey]: key } },
        // The kernel has the time limit.
        { signal: abort.signal, timeout: 2_147_483_647 },
      );
      return replyOf(result as McpResult);
    } catch (error) {
      if (stop.isStopped) return failed('stopped');
      const isGone = client.transport === undefined;
      return failed(
        isGone
          ? `MCP server ${this.server.name} ended during the call: whether it acted is not known`
          : `MCP server ${this.server.name}: ${firstLine(messageOf(error))}`,
      );
    }
  }

  // ---- A server that dies --------------------------------------------------------------------------------------------

  private watch(client: Client): void {
    // The library's own way of telling.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    client.onclose = () => {
      if (this.isClosed) return;
      this.options.onNotice?.(`MCP server ${this.server.name} ended; it is started again`);
      this.client = this.restarted(restartMs);
      // Who calls is told; while nobody does there is nothing to tell.
      this.client.catch(() => {});
    };
  }

  private async restarted(waitsMs: readonly number[]): Promise<Client> {
    let problem: unknown;
    for (const waitMs of waitsMs) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.isClosed) throw new Error('closed');
      try {
        const client = await connected(this.server);
        this.watch(client);
        this.options.onNotice?.(`MCP server ${this.server.name} is there again`);
        return client;
      } catch (error) {
        problem = error;
      }
    }
    // The next call tries once more.
    this.client = undefined;
    this.options.onNotice?.(messageOf(problem));
    throw problem;
  }
}

type McpTool = Awaited<ReturnType<Client['listTools']>>['tools'][number];

interface McpResult {
  readonly content?: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

async function connected(server: McpServer): Promise<Client> {
  // Loading the library takes longer than most programs that need no server want to wait.
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const client = new Client({ name: 'ringzero', version: '0' });
  try {
    const transport =
      'url' in server
        ? new StreamableHTTPClientTransport(urlOf(server.url))
        : new StdioClientTransport({
            command: server.command,
            args: [...(server.args ?? [])],
            ...(server.env === undefined ? {} : { env: { ...server.env } }),
            stderr: 'ignore',
          });
    await client.connect(transport, { timeout: connectMs });
    return client;
  } catch (error) {
    await client.close().catch(() => {});
    if (error instanceof KernelError) throw error;
    throw unreachable(server, error);
  }
}

function urlOf(url: string): URL {
  if (!URL.canParse(url))
    throw invalid('mcp', url, 'a command, or a URL that begins with http:// or https://');
  return new URL(url);
}

function unreachable(server: McpServer, error: unknown): KernelError {
  const place = 'url' in server ? server.url : [server.command, ...(server.args ?? [])].join(' ');
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such command' : firstLine(messageOf(error));
  return new KernelError(
    'INVALID_ARGUMENT',
    `mcp: "${place}" could not be reached (${why}); allowed: a command or URL that speaks the Model Context Protocol`,
    { cause: error },
  );
}

/** What a tool gave: its structured result, else its texts; other contents are named by their kind. */
function replyOf({ content = [], structuredContent, isError }: McpResult): ToolReply {
  const text = content
    .map((part) => (part.type === 'text' ? String(part['text']) : `[${part.type}]`))
    .join('\n');
  if (isError === true) return failed(text === '' ? 'the tool failed' : text);
  return ok((structuredContent as Json | undefined) ?? text);
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!;
