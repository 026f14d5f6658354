/**
 * A page that somebody has open in a browser must not drive a server that listens on the same machine: neither by a request of its own (cross-site request), nor by a name that it makes lead here (DNS
 * rebinding). Programs send no Origin and are not touched by the first rule.
 */
import type { MiddlewareHandler } from 'hono';

import type { ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';

export interface BrowserRules {
  /** It listens on loopback alone: only names of this machine lead here. */
  readonly isLocal: boolean;
  /** Origins of pages that may ask, such as `https://console.example.org`, beside those of the server itself. */
  readonly origins: readonly string[];
}

export function checkBrowsers({ isLocal, origins }: BrowserRules): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (isLocal && !isLoopbackHost(nameOf(host)))
      throw new Refused(
        403,
        'FORBIDDEN',
        'Host: names another machine; allowed: localhost, 127.0.0.1, [::1]',
      );
    const origin = context.req.header('origin');
    if (origin !== undefined && !isOwn(origin, host) && !origins.includes(origin))
      throw new Refused(403, 'FORBIDDEN', 'Origin: a page of another site; allowed: those of --allow-origin');
    await next();
  };
}

function isOwn(origin: string, host: string): boolean {
  return host !== '' && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Without its port. */
const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Of an address to listen on, or of a Host header. */
export function isLoopbackHost(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}
