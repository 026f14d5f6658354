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

/** `port` 0: any free one. Rejects with the error of the system when the address is taken. */
export function listen(
  app: OpenAPIHono<ServerEnv>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const websocket = { server: webSocketServer() };
    const server = serve({ fetch: app.fetch, hostname: host, port, websocket }, (info: AddressInfo) => {
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
    server.on('error', reject);
  });
}
