/** Clients that watch a server over real connections. */
import { WebSocket } from 'ws';

export type Told = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly type: string;
};

export interface Watched {
  readonly events: readonly Told[];
  /** Of the close; for server-sent events 0. */
  readonly code: number;
  readonly reason: string;
}

/** Everything until the server closes; `until`: or until this is told. */
export function overWebSocket(
  url: string,
  path: string,
  {
    until,
    headers,
  }: { readonly until?: (event: Told) => boolean; readonly headers?: Record<string, string> } = {},
): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers });
    const events: Told[] = [];
    socket.on('message', (data: Buffer) => {
      for (const event of JSON.parse(data.toString()) as readonly Told[]) {
        events.push(event);
        if (until?.(event) === true) return socket.terminate();
      }
    });
    socket.on('close', (code, reason) => resolve({ events, code, reason: reason.toString() }));
    socket.on('unexpected-response', (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', reject);
  });
}

/** The same by server-sent events, with the ids that stand before them. */
export async function overEventStream(
  url: string,
  path: string,
  {
    until,
    headers = {},
  }: { readonly until?: (event: Told) => boolean; readonly headers?: Record<string, string> } = {},
): Promise<Watched> {
  const stop = new AbortController();
  const answer = await fetch(`${url}${path}`, { headers, signal: stop.signal });
  const events: Told[] = [];
  let text = '';
  const decoder = new TextDecoder();
  const reader = answer.body?.getReader();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    text += decoder.decode(read.value as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (data === undefined) continue;
      const event = JSON.parse(data) as Told;
      const [, id] = /^id: (.*)$/m.exec(block) ?? [];
      if (id !== event.id) throw new Error(`${id} stands before ${event.id}`);
      events.push(event);
      if (until?.(event) !== true) continue;
      stop.abort();
      return { events, code: 0, reason: '' };
    }
  }
  return { events, code: 0, reason: '' };
}

export const isNumbered = ({ id }: Told): boolean => id !== undefined && !id.includes('.');
