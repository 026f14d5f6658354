import { messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { toolSpecOf, type ToolData } from '../../kernel/tool-data.ts';
import { ToolRegistry } from '../../kernel/tools.ts';
import type { ToolReply } from '../../host/ports.ts';
import { failed, type LiveTool, type ToolContext } from './live-tool.ts';
import {
  connected,
  listed,
  oneLine,
  type ListedTool,
  type McpConnection,
  type McpServer,
} from './mcp-connection.ts';
import { replyOf, type McpResult } from './mcp-results.ts';

export type { McpServer } from './mcp-connection.ts';

export interface McpLinkOptions {
  /** Told in one line what happens to the server: it ended, it is there again, it could not be started. */
  readonly onNotice?: (line: string) => void;
  /** Longest time of one call, µs. */
  readonly timeoutUs?: number;
  /** Longest wait for the server's greeting and for its tools, µs. */
  readonly connectUs?: number;
  readonly restarts?: RestartRule;
}

/** When a server that ended is started again. */
interface RestartRule {
  /** Before each start, µs; when none is left the server stays away until a call asks for it. */
  readonly waitsUs: readonly number[];
  /** One that was there for so long, µs, has all of them again. */
  readonly stableUs: number;
}

/** Under which a call's `_meta` tells the id of its sub-run. The protocol has no word of its own for it. */
const idempotencyKey = 'ringzero/idempotency-key';

/** A quarter of a second at least: Ctrl-C at a terminal ends servers, too, and then nobody needs them. */
const defaults = {
  timeoutUs: 60_000_000,
  connectUs: 30_000_000,
  restarts: { waitsUs: [250_000, 1_000_000, 5_000_000], stableUs: 60_000_000 },
} as const;

/**
 * The tools of one MCP server, as it told them when it was reached first. A server that dies is started again; the calls that ran then fail, and whether they acted is not known.
 * Calls that come while it is away wait for it.
 */
export class McpServerLink {
  readonly tools: readonly LiveTool[];
  /** Tools of the server that are not offered, each with why in one line. */
  readonly refused: readonly string[];
  private readonly server: McpServer;
  private readonly options: McpLinkOptions;
  private readonly restarts: RestartRule;
  private connection: Promise<McpConnection> | undefined;
  /** Starts since the server was last there for long. */
  private restarted = 0;
  /** Not missed when it ends. */
  private left: McpConnection | undefined;
  private readonly closing: AbortController;

  /** Starts or reaches the server and asks for its tools. Throws KernelError INVALID_ARGUMENT, in one line, when it can't; then nothing of the server is left. */
  static async open(server: McpServer, options: McpLinkOptions = {}): Promise<McpServerLink> {
    const closing = new AbortController();
    const limits = limitsOf(options, closing);
    const connection = await connected(server, limits);
    try {
      return new McpServerLink(
        { server, options, closing },
        connection,
        await listed(server, connection, limits),
      );
    } catch (error) {
      connection.kill();
      await connection.close();
      throw error;
    }
  }

  private constructor(
    { server, options, closing }: Given,
    connection: McpConnection,
    { tools: found, odd }: Awaited<ReturnType<typeof listed>>,
  ) {
    this.server = server;
    this.options = options;
    this.restarts = options.restarts ?? defaults.restarts;
    this.closing = closing;
    const registry = new ToolRegistry();
    const tools: LiveTool[] = [];
    const refused: string[] = odd === 0 ? [] : [`${server.name}: ${odd} of its tools have no name`];
    for (const tool of found) {
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
    this.use(connection);
    this.connection = Promise.resolve(connection);
  }

  /** `isHurried`: the server is not asked to go, but made to. */
  async close({ isHurried = false } = {}): Promise<void> {
    this.closing.abort();
    const connection = await this.connection?.catch(() => undefined);
    if (isHurried) connection?.kill();
    await connection?.close();
  }

  private specOf({ name, description, inputSchema, isReadOnly, isIdempotent }: ListedTool): ToolData {
    const server = `mcp:${this.server.name}`;
    return {
      // The kernel's names are narrower than the protocol's.
      name: name.replaceAll(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 128),
      description,
      parameters: inputSchema,
      server,
      timeoutUs: this.options.timeoutUs ?? defaults.timeoutUs,
      // Hints, but all that a server tells; what it does not tell is an exclusive write on it.
      ...(isReadOnly ? { reads: [server], writes: [] } : {}),
      idempotent: isIdempotent,
    };
  }

  // ---- Calls ---------------------------------------------------------------------------------------------------------

  private async call(name: string, args: Json, context: ToolContext): Promise<ToolReply> {
    const first = await this.called(name, args, context);
    if (first !== unknownSession) return first;
    // It has made nothing of the call.
    const second = await this.called(name, args, context);
    return second === unknownSession ? failed(`MCP server ${this.server.name} knows no session`) : second;
  }

  private async called(
    name: string,
    args: Json,
    { stop, key }: ToolContext,
  ): Promise<ToolReply | typeof unknownSession> {
    const abort = new AbortController();
    const stopped = new Promise<undefined>((resolve) => {
      stop.onStop(() => {
        abort.abort('stopped');
        resolve(undefined);
      });
    });
    const connection = await Promise.race([(this.connection ??= this.reconnected([0])), stopped]);
    if (connection === undefined || stop.isStopped) return failed('stopped');
    const { client } = connection;
    try {
      const result = await client.callTool(
        { name, arguments: args as Record<string, unknown>, _meta: { [idempotencyKey]: key } },
        // The kernel has the time limit.
        { signal: abort.signal, timeout: 2_147_483_647 },
      );
      return replyOf(result as McpResult);
    } catch (error) {
      if (stop.isStopped) return failed('stopped');
      const { name: server } = this.server;
      if (client.transport === undefined)
        return failed(`MCP server ${server} ended during the call: whether it acted is not known`);
      const status = this.leftBy(connection, error);
      if (status === 404) return unknownSession;
      return failed(`MCP server ${server}: ${oneLine(messageOf(error))}`);
    }
  }

  /** A server behind a URL that answers with an error, or not at all, may have begun anew: the next call greets it again. Returns its status. */
  private leftBy(connection: McpConnection, error: unknown): number | undefined {
    if (!('url' in this.server)) return undefined;
    const { status } = error as { readonly status?: unknown };
    if (typeof status !== 'number' && !(error instanceof TypeError)) return undefined;
    this.left = connection;
    this.connection = undefined;
    connection.close().catch(() => {});
    return typeof status === 'number' ? status : undefined;
  }

  // ---- A server that dies --------------------------------------------------------------------------------------------

  private use(connection: McpConnection): void {
    const { client } = connection;
    const { name } = this.server;
    const sinceMs = performance.now();
    // The library's own way of telling.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    client.onclose = () => {
      if (this.closing.signal.aborted || this.left === connection) return;
      const { waitsUs, stableUs } = this.restarts;
      if ((performance.now() - sinceMs) * 1_000 >= stableUs) this.restarted = 0;
      const waits = waitsUs.slice(this.restarted);
      const said = connection.lastWords();
      const how = `MCP server ${name} ended${said === '' ? '' : ` (it said: ${said})`}`;
      if (waits.length === 0) {
        this.connection = undefined;
        return this.tell(`${how}, as before; it is started again when a call asks for it`);
      }
      this.tell(`${how}; it is started again`);
      this.connection = this.reconnected(waits);
      // Who calls is told; while nobody does there is nothing to tell.
      this.connection.catch(() => {});
    };
    client.setNotificationHandler('notifications/tools/list_changed', () =>
      this.tell(`MCP server ${name} has other tools now; those that it had at first stay on offer`),
    );
  }

  private async reconnected(waitsUs: readonly number[]): Promise<McpConnection> {
    let problem: unknown;
    const { signal } = this.closing;
    for (const waitUs of waitsUs) {
      this.restarted++;
      await waited(waitUs / 1_000, signal);
      if (signal.aborted) throw new Error('closed');
      try {
        const connection = await connected(this.server, limitsOf(this.options, this.closing));
        this.use(connection);
        this.tell(`MCP server ${this.server.name} is there again`);
        return connection;
      } catch (error) {
        problem = error;
      }
    }
    // The next call tries once more.
    this.connection = undefined;
    if (!signal.aborted) this.tell(messageOf(problem));
    throw problem;
  }

  private tell(line: string): void {
    this.options.onNotice?.(line);
  }
}

/** Of a server behind a URL, which has begun anew since it was greeted. */
const unknownSession = 'unknown session';

interface Given {
  readonly server: McpServer;
  readonly options: McpLinkOptions;
  readonly closing: AbortController;
}

const limitsOf = ({ connectUs = defaults.connectUs }: McpLinkOptions, { signal }: AbortController) => ({
  timeoutMs: connectUs / 1_000,
  signal,
});

/** Ends at once when it is aborted. */
function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
