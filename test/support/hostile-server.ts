/**
 * A model server that speaks the chat-completions streaming format over real HTTP, as badly as it is told to. Each request is answered by the next behaviour in its queue, and by
 * the last one when there is no other.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request and the way to answer it. */
export interface Exchange {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The request, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;
  /** Sends the head, once; default: 200, an event stream. */
  head(status?: number, headers?: Readonly<Record<string, string>>): void;
  /** Sends the bytes as one piece of their own, the head before it. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Drops the connection as it is. */
  cut(): void;
  /** Does nothing until the client goes away. */
  stall(): Promise<void>;
}
export type Behaviour = (exchange: Exchange) => Promise<void> | void;

export class HostileServer {
  readonly exchanges: Exchange[] = [];
  /** Requests whose client went away before their end. */
  aborted = 0;
  private readonly behaviours: Behaviour[] = [];
  private readonly server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) this.aborted++;
    });
    const parts: Uint8Array[] = [];
    request.on('data', (part: Uint8Array) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const exchange = new ServedExchange(request.url ?? '', request.headers, body, response);
      this.exchanges.push(exchange);
      const behaviour = this.behaviours.length > 1 ? this.behaviours.shift()! : this.behaviours[0];
      void Promise.resolve(behaviour?.(exchange)).finally(() => response.end());
    });
  });

  /** Listens on a free port of this machine. */
  static async start(): Promise<HostileServer> {
    const made = new HostileServer();
    await new Promise<void>((resolve) => {
      made.server.listen(0, '127.0.0.1', resolve);
    });
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** From now on the requests are answered so. */
  behave(...behaviours: readonly Behaviour[]): void {
    this.behaviours.splice(0, Infinity, ...behaviours);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

class ServedExchange implements Exchange {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;

  constructor(
    path: string,
    headers: IncomingHttpHeaders,
    body: Readonly<Record<string, unknown>>,
    response: ServerResponse,
  ) {
    this.path = path;
    this.headers = headers;
    this.body = body;
    this.response = response;
    response.socket?.setNoDelay(true);
  }

  head(status = 200, headers: Readonly<Record<string, string>> = {}): void {
    if (!this.response.headersSent)
      this.response.writeHead(status, { 'content-type': 'text/event-stream', ...headers });
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    this.head();
    await new Promise<void>((resolve) => {
      this.response.write(bytes, () => resolve());
    });
    // Else two pieces may arrive as one.
    await new Promise(setImmediate);
  }

  cut(): void {
    this.response.socket?.destroy();
  }

  async stall(): Promise<void> {
    this.head();
    this.response.flushHeaders();
    await new Promise<void>((resolve) => {
      this.response.on('close', resolve);
    });
  }
}

/** A piece of a chat completion: what its choice's delta says. */
export function chunk(
  delta: Readonly<Record<string, unknown>>,
  { finish = null, usage }: { readonly finish?: string | null; readonly usage?: unknown } = {},
): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_750_000_000,
    model: 'm1',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(usage === undefined ? {} : { usage }),
  });
}

/** A fragment of a tool call; what is left out is not sent. */
export function fragment(part: {
  readonly index?: number;
  readonly id?: string;
  readonly name?: string;
  readonly arguments?: string;
}): Readonly<Record<string, unknown>> {
  const { index, id, name, arguments: text } = part;
  return {
    tool_calls: [
      {
        ...(index === undefined ? {} : { index }),
        ...(id === undefined ? {} : { id, type: 'function' }),
        function: {
          ...(name === undefined ? {} : { name }),
          ...(text === undefined ? {} : { arguments: text }),
        },
      },
    ],
  };
}

/** What a server tells at the end when it is asked to. */
export const usageChunk = JSON.stringify({
  id: 'chatcmpl-1',
  choices: [],
  usage: { prompt_tokens: 20, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 16 } },
});

export const event = (data: string, newline = '\n'): string => `data: ${data}${newline}${newline}`;

/** A well-formed stream of these chunks. */
export function streamOf(chunks: readonly string[], newline = '\n'): string {
  return [...chunks, '[DONE]'].map((data) => event(data, newline)).join('');
}

/** Sends the stream in pieces of bytes that end at `cuts`. */
export function inPieces(stream: string, cuts: readonly number[]): Behaviour {
  const bytes = new TextEncoder().encode(stream);
  return async (exchange) => {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      if (to > from) await exchange.send(bytes.subarray(from, to));
      from = Math.max(from, to);
    }
  };
}

/** Sends the chunks, each as an event of its own, and the usual end. */
export function sends(...chunks: readonly string[]): Behaviour {
  return async (exchange) => {
    for (const data of [...chunks, '[DONE]']) await exchange.send(event(data));
  };
}

/** Refuses with this status, in the usual form of an error. */
export function refuses(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  return async (exchange) => {
    exchange.head(status, { 'content-type': 'application/json', ...headers });
    await exchange.send(JSON.stringify({ error: { message, type: 'error', code: null } }));
  };
}

/** The text in two pieces, its usage and its end. */
export function says(text: string): Behaviour {
  const middle = Math.ceil(text.length / 2);
  return sends(
    chunk({ role: 'assistant', content: text.slice(0, middle) }),
    chunk({ content: text.slice(middle) }),
    chunk({}, { finish: 'stop' }),
    usageChunk,
  );
}
