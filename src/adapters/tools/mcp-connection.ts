/** One connection to a server of the Model Context Protocol: made, its tools listed, ended with all that was started for it. */
import type { Client, StandardSchemaV1, Transport } from '@modelcontextprotocol/client';

import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';

/** Where a server of the Model Context Protocol is: a command that speaks it on its standard streams, or a URL. */
export type McpServer = McpCommand | { readonly name: string; readonly url: string };
interface McpCommand {
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** Beside the few variables that the protocol's library hands on by itself, none of which is a secret of ours. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface McpConnection {
  readonly client: Client;
  /** What the server last wrote to its standard error, one line; '' when it wrote nothing, or is not ours. */
  readonly lastWords: () => string;
  /** Asks it to go, and after 2 s makes it. */
  close(): Promise<void>;
  /** At once, unasked. */
  readonly kill: () => void;
}

export interface ConnectOptions {
  /** Longest wait for its greeting, and for each page of its tools, ms. */
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** What a server tells of a tool. Its schema is judged by whoever registers it: a bad one is no reason to do without the others. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Json;
  readonly isReadOnly: boolean;
  /** The same call again changes nothing more. */
  readonly isIdempotent: boolean;
}

/** A list has no more pages than this; a server that always names a next one is not followed for ever. */
const pagesMax = 1_000;

/** Throws KernelError INVALID_ARGUMENT, in one line, when the server can't be started or reached; then nothing of it is left. */
export async function connected(
  server: McpServer,
  { timeoutMs, signal }: ConnectOptions,
): Promise<McpConnection> {
  // Loading the library takes longer than most programs that need no server want to wait.
  const { Client } = await import('@modelcontextprotocol/client');
  const client = new Client({ name: 'ringzero', version: '0' });
  const { transport, lastWords, kill } = 'url' in server ? await toUrl(server.url) : await toCommand(server);
  try {
    await client.connect(transport, { timeout: timeoutMs, signal });
  } catch (error) {
    kill();
    await client.close().catch(() => {});
    throw unreachable(server, error, lastWords());
  }
  return { client, lastWords, kill, close: () => client.close() };
}

/** All pages; `odd` are entries that are no tools. Throws as `connected` does, and leaves the connection to whoever made it. */
export async function listed(
  server: McpServer,
  { client, lastWords }: McpConnection,
  { timeoutMs: timeout, signal }: ConnectOptions,
): Promise<{ readonly tools: readonly ListedTool[]; readonly odd: number }> {
  const tools: ListedTool[] = [];
  let odd = 0;
  if (client.getServerCapabilities()?.tools === undefined) return { tools, odd };
  try {
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const request = { method: 'tools/list', params: cursor === undefined ? {} : { cursor } };
      const found = await client.request(request, anyResult, { timeout, signal });
      const entries = found['tools'];
      if (!Array.isArray(entries)) throw new Error('its answer to tools/list has no list of tools');
      for (const entry of entries as readonly unknown[]) {
        const tool = toolOf(entry);
        if (tool === undefined) odd++;
        else tools.push(tool);
      }
      if (typeof found['nextCursor'] !== 'string') break;
      cursor = found['nextCursor'];
    }
  } catch (error) {
    throw unreachable(server, error, lastWords());
  }
  return { tools, odd };
}

type Result = Readonly<Record<string, unknown>>;
/** The library refuses a list of tools as a whole for one of them. */
const anyResult: StandardSchemaV1<unknown, Result> = {
  '~standard': {
    version: 1,
    vendor: 'ringzero',
    validate: (value: unknown) => (isRecord(value) ? { value } : { issues: [{ message: 'no object' }] }),
  },
};

/** Undefined: without a name it is none. */
function toolOf(entry: unknown): ListedTool | undefined {
  if (!isRecord(entry)) return undefined;
  const { name, description, inputSchema, annotations } = entry;
  const hints = isRecord(annotations) ? annotations : {};
  if (typeof name !== 'string') return undefined;
  return {
    name,
    description: typeof description === 'string' ? description : '',
    inputSchema: (inputSchema ?? null) as Json,
    isReadOnly: hints['readOnlyHint'] === true,
    isIdempotent: hints['idempotentHint'] === true,
  };
}

// ---- Transports ------------------------------------------------------------------------------------------------------

interface Way extends Pick<McpConnection, 'lastWords' | 'kill'> {
  readonly transport: Transport;
}

async function toCommand({ command, args = [], env = {} }: McpCommand): Promise<Way> {
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const transport = new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'pipe' });
  // Read on, lest the server waits for us; the end of it is kept.
  let said = '';
  transport.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  // The library forgets its process before it has ended.
  let pid: number | undefined;
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    pid = transport.pid ?? undefined;
  };
  // The library's own way of telling.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener
  transport.onclose = () => (pid = undefined);
  return {
    transport,
    lastWords: () => said.trimEnd().split('\n').at(-1)?.trim().slice(-200) ?? '',
    kill() {
      if (pid === undefined) return;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    },
  };
}

async function toUrl(url: string): Promise<Way> {
  if (!URL.canParse(url))
    throw invalid('mcp', url, 'a command, or a URL that begins with http:// or https://');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const send = transport.send.bind(transport);
  // The library waits for an answer also when the stream that should have brought it has ended.
  transport.send = (message, options) =>
    send(message, {
      ...options,
      onRequestStreamEnd() {
        options?.onRequestStreamEnd?.();
        if ('id' in message && 'method' in message)
          transport.onmessage?.({
            jsonrpc: '2.0',
            id: message.id,
            error: { code: -32_000, message: 'the connection ended before the answer' },
          });
      },
    });
  return { transport, lastWords: () => '', kill: () => {} };
}

// ---- Errors ----------------------------------------------------------------------------------------------------------

function unreachable(server: McpServer, error: unknown, lastWords: string): KernelError {
  if (error instanceof KernelError) return error;
  const place = 'url' in server ? server.url : [server.command, ...(server.args ?? [])].join(' ');
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such command' : oneLine(messageOf(error));
  const said = lastWords === '' ? '' : `; it said: ${lastWords}`;
  return new KernelError(
    'INVALID_ARGUMENT',
    `mcp: "${place}" could not be reached (${why}${said}); allowed: a command or URL that speaks the Model Context Protocol`,
    { cause: error },
  );
}

export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').slice(0, 1_000);
