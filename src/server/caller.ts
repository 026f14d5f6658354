/** Who makes a request, and what it may do. */
import type { Context } from 'hono';

/** `read`: look; `run`: start, stop and answer, and look; `admin`: all, of all tenants. */
export type Scope = 'read' | 'run' | 'admin';

export interface Caller {
  /** For the audit log; never a token. */
  readonly name: string;
  /** Whose runs it sees; undefined: everybody's. */
  readonly tenant: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
}

/** What the middleware leaves for the routes. */
export interface ServerEnv {
  readonly Variables: { caller: Caller };
}

export const callerOf = (context: Context<ServerEnv>): Caller => context.get('caller');
