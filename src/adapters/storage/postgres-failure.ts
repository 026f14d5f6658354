import { messageOf } from '../../kernel/errors.ts';
import type { Failure } from './sql.ts';

/** unique_violation, serialization_failure, deadlock_detected: somebody else was there first. */
const conflicts: ReadonlySet<string> = new Set(['23505', '40001', '40P01']);

/**
 * SQLSTATE codes, or how they begin (postgresql.org/docs/current/errcodes-appendix.html): a connection that failed, a server that lacks memory, disk space or connections, or is shut down
 * or started, a statement or a lock that took too long, an idle transaction that was ended, a server that takes no writes for now, and one whose disk fails.
 */
const curable = ['08', '53', '57P', '57014', '55P03', '25P03', '25006', '58030'];

/** What the network says. */
const networkCodes: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETUNREACH',
  'ENOENT', // the socket of a server on this machine
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What is allowed instead of what is refused. */
const allowed: ReadonlyMap<string, string> = new Map([
  ['28000', 'a user whom the server lets in'],
  ['28P01', 'a user and a password that the server knows'],
  ['3D000', 'a database that is there'],
  ['42501', 'a user with the rights to make the schema, or to use and change what is in it'],
]);

/** What the driver says, without a code. */
const lost = /^(connection terminated|timeout exceeded|timeout expired|query read timeout|client )/i;

export function postgresFailure(error: unknown): Failure {
  // Several addresses were tried.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = String((first as { readonly code?: unknown } | null)?.code);
  const message = messageOf(first);
  if (conflicts.has(code)) return { kind: 'conflict', message };
  if (networkCodes.has(code)) return { kind: 'unavailable', message: `cannot be reached: ${message}` };
  if (lost.test(message) || curable.some((start) => code.startsWith(start)))
    return { kind: 'unavailable', message };
  const instead = allowed.get(code);
  return { kind: 'refused', message: instead === undefined ? message : `${message}; allowed: ${instead}` };
}
