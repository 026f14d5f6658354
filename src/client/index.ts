/** What `import 'ringzero/client'` gives: the typed client of the server's API. */
export * from './api.ts';
export { ApiError } from './api-error.ts';
export { createClient } from './client.ts';
export type { Client, ClientOptions } from './client.ts';
export type { ServerEvent } from './event-stream.ts';
export type { Fetch, FetchAnswer } from './transport.ts';
