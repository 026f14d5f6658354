/** Who asks, and whether it may: before any route is reached. */
import type { MiddlewareHandler } from 'hono';

import type { Caller, Scope, ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import { scopesUpTo, type Tokens } from './tokens.ts';

/** Whoever reaches a server without tokens, which listens on loopback alone. */
const localCaller: Caller = { name: 'local', tenant: undefined, scopes: scopesUpTo('admin') };

/** What a WebSocket of a browser, which can send no header, puts its token behind, as one of its protocols. */
const tokenProtocol = 'ringzero.token.';

/** What is told to everybody: that the server is there, and how to ask it. And where a token of another kind stands in the body. */
const publicPaths: ReadonlySet<string> = new Set([
  '/health',
  '/ready',
  '/openapi.json',
  '/docs',
  '/api/answers',
]);

/** `tokens` undefined: whoever is on this machine may do everything. */
export function authenticate(tokens: Tokens | undefined): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const { method, path } = context.req;
    if (tokens === undefined) context.set('caller', localCaller);
    else if (!publicPaths.has(path)) {
      const caller = callerBy(tokens, (name) => context.req.header(name));
      if (caller === undefined) {
        context.header('WWW-Authenticate', 'Bearer');
        throw new Refused(
          401,
          'UNAUTHENTICATED',
          'Authorization: a token that this server knows is missing; allowed: Bearer TOKEN',
        );
      }
      const scope = scopeOf(method, path);
      if (!caller.scopes.has(scope))
        throw new Refused(403, 'FORBIDDEN', `${method} ${path}: needs a token of scope ${scope}`);
      if (caller.tenant !== undefined && isForAll(path))
        throw new Refused(
          403,
          'FORBIDDEN',
          `${method} ${path}: shows all tenants, which a token of one does not`,
        );
      context.set('caller', caller);
    }
    await next();
  };
}

function callerBy(tokens: Tokens, header: (name: string) => string | undefined): Caller | undefined {
  const [, bearer] = /^Bearer +([^\s]+)$/i.exec(header('authorization') ?? '') ?? [];
  if (bearer !== undefined) return tokens.callerOf(bearer);
  const protocols = (header('sec-websocket-protocol') ?? '').split(',').map((word) => word.trim());
  const told = protocols.find((word) => word.startsWith(tokenProtocol));
  return told === undefined ? undefined : tokens.callerOf(told.slice(tokenProtocol.length));
}

/** To look takes `read`; what changes something `run`, and what changes it for everybody `admin`. */
function scopeOf(method: string, path: string): Scope {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return 'read';
  return path.startsWith('/api/jobs') ? 'admin' : 'run';
}

/** What tells of the kernel as a whole. */
const isForAll = (path: string): boolean =>
  path === '/metrics' || /^\/api\/(kernel|policies|budgets|jobs)(\/|$)/.test(path);
