/** Bodies that no schema should see: what is nested so deeply that walking it could exhaust the stack. */
import type { MiddlewareHandler } from 'hono';

import { notJson } from '../kernel/schema/problem.ts';
import type { ServerEnv } from './caller.ts';
import { Refused } from './errors.ts';

const isJson = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

/** Behind the limit of its bytes. What is no JSON at all is left to the route, which knows whether it takes any. */
export const checkBody: MiddlewareHandler<ServerEnv> = async (context, next) => {
  if (isJson.test(context.req.header('Content-Type') ?? '')) {
    const flaw = await flawOfBody(context.req);
    if (flaw !== undefined) throw new Refused(422, 'INVALID_ARGUMENT', flaw, { field: 'body' });
  }
  await next();
};

async function flawOfBody(request: { json(): Promise<unknown> }): Promise<string | undefined> {
  let body: unknown;
  try {
    body = await request.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return notJson(body, 'body');
}
