/** The operations of the API and their types. Made from the OpenAPI document by `npm run client`, and never edited. */
import type { OperationRoute } from './client.ts';

export type CreateTrace = { readonly messages: readonly { readonly role: 'user'; readonly content: string }[]; readonly model?: string; readonly temperature?: number; readonly max_iterations?: number; readonly system_prompt?: string; readonly tools?: readonly string[]; readonly name?: string; readonly uid?: string };

export type CreatedTrace = { readonly trace_id: string };

export type Health = { readonly status: 'ok'; readonly version: string };

export type Readiness = { readonly status: 'ready' | 'closing' | 'storage-unavailable' | 'broken'; readonly message: string };

export type Refusal = { readonly error: { readonly code: string; readonly message: string; readonly field?: string; readonly id?: string } };

export type Trace = { readonly trace_id: string; readonly name: string; readonly status: 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled'; readonly value?: unknown };

/** What each operation is given, and what it answers. */
export interface Operations {
  /** Create a run and let it go. */
  readonly createTrace: {
    readonly arguments: { readonly idempotencyKey?: string; readonly body: CreateTrace };
    readonly answer: CreatedTrace;
  };
  /** This document as a page to read and to try. */
  readonly getDocsPage: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: string;
  };
  /** This document. */
  readonly getDocument: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: { readonly [name: string]: unknown };
  };
  /** Whether the server is there. */
  readonly getHealth: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Health;
  };
  /** Whether the server takes work. */
  readonly getReadiness: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Readiness;
  };
  /** One run as it stands. */
  readonly getTrace: {
    readonly arguments: { readonly id: string };
    readonly answer: Trace;
  };
}

export const operations = {
  createTrace: { method: 'POST', path: '/api/traces', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  getDocsPage: { method: 'GET', path: '/docs', answer: 'text' },
  getDocument: { method: 'GET', path: '/openapi.json', answer: 'json' },
  getHealth: { method: 'GET', path: '/health', answer: 'json' },
  getReadiness: { method: 'GET', path: '/ready', answer: 'json' },
  getTrace: { method: 'GET', path: '/api/traces/{id}', answer: 'json' },
} as const satisfies Record<keyof Operations, OperationRoute>;
