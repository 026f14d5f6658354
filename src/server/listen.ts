import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { serve } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { ServerEnv } from './caller.ts';
import { webSocketServer } from './watch/web-socket.ts';

export interface Listening {
  /** Where it is reached. */
  readonly url: string;
  /** Takes no more requests; resolves when those under way have their answers, or `graceMs` have passed: then they are broken off. */
  close(graceMs: number): Promise<void>;
}

export interface ListenLimits {
  /** At once; more are closed as they come. */
  readonly connections: number;
  /** Longest time from the first byte of a request to the end of its head, ms. */
  readonly headMs: number;
  /** And to the end of its body. */
  readonly requestMs: number;
}

/** Whoever sends a request byte by byte holds a connection no longer than this. */
const listenDefaults: ListenLimits = { connections: 4_096, headMs: 10_000, requestMs: 60_000 };

/** `port` 0: any free one. Rejects with the error of the system when the address is taken. */
export function listen(
  app: OpenAPIHono<ServerEnv>,
  { host, port, ...given }: { readonly host: string; readonly port: number } & Partial<ListenLimits>,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const websocket = { server: webSocketServer() };
    const { connections, headMs, requestMs } = { ...listenDefaults, ...given };
    const serverOptions = {
      headersTimeout: headMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.ceil(headMs / 4),
    };
    const options = { fetch: app.fetch, hostname: host, port, websocket, serverOptions };
    const server = serve(options, (info: AddressInfo) => {
      const name = info.family === 'IPv6' ? `[${info.address}]` : info.address;
      resolve({
        url: `http://${name}:${info.port}`,
        close: (graceMs) =>
          new Promise((done) => {
            const { closeAllConnections } = server as Partial<Server>;
            const grace = setTimeout(() => closeAllConnections?.call(server), graceMs);
            server.close(() => {
              clearTimeout(grace);
              done();
            });
          }),
      });
    });
    (server as Server).maxConnections = connections;
    server.on('error', reject);
  });
}
