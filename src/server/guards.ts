/** What every request passes before a route sees it: from where it comes, whose it is, how many there are, how large it is. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';

import type { Clock } from '../host/ports.ts';
import { authenticate } from './auth/authenticate.ts';
import { checkBrowsers, type BrowserRules } from './auth/browsers.ts';
import type { Tokens } from './auth/tokens.ts';
import type { ServerEnv } from './caller.ts';
import { Refused } from './errors.ts';
import { rateLimit } from './limits/rate-limit.ts';

export interface GuardOptions extends BrowserRules {
  /** Absent: whoever reaches the server may do everything, so it listens on loopback alone. */
  readonly tokens?: Tokens;
  /** Of one caller. */
  readonly requestsPerSecond: number;
  /** Of one body, at most. */
  readonly bodyBytes: number;
}

/** `requestsPerSecond`: far above what a person or a program that waits for answers needs; `bodyBytes`: a conversation of some 250,000 tokens. */
export const guardDefaults: GuardOptions = {
  isLocal: true,
  origins: [],
  requestsPerSecond: 1_000,
  bodyBytes: 1_048_576,
};

export function addGuards(app: OpenAPIHono<ServerEnv>, clock: Clock, options: GuardOptions): void {
  const { bodyBytes } = options;
  app.use(checkBrowsers(options));
  app.use(authenticate(options.tokens));
  app.use(rateLimit(clock, options.requestsPerSecond));
  app.use(
    bodyLimit({
      maxSize: bodyBytes,
      onError() {
        throw new Refused(413, 'TOO_LARGE', `body: too large; allowed: up to ${bodyBytes} bytes`);
      },
    }),
  );
  app.use(async (context, next) => {
    await next();
    // An answer is for whoever asked, and no page: nothing keeps it, guesses its type or frames it.
    context.header('Cache-Control', context.res.headers.get('Cache-Control') ?? 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('X-Frame-Options', 'DENY');
  });
}
