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

/** Of a request under an Idempotency-Key. */
export interface RequestIdentity {
  /** A name for the run that it starts: the same request again finds it. */
  readonly run: string;
}

/** What the middleware leaves for the routes. */
export interface ServerEnv {
  readonly Variables: { caller: Caller; identity?: RequestIdentity };
}

export const callerOf = (context: Context<ServerEnv>): Caller => context.get('caller');
