/**
 * Who may ask a server for what. A file of tokens holds their SHA-256 alone, so that whoever reads it can't use them: tokens are drawn by `newToken` with 256 bits of chance, which no dictionary has.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { invalid } from '../../kernel/errors.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Caller, Scope } from '../caller.ts';

export const scopes = ['read', 'run', 'admin'] as const satisfies readonly Scope[];

export interface TokenEntry {
  /** For the audit log. */
  readonly name: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** The highest: `admin` includes `run`, which includes `read`. */
  readonly scope: Scope;
  /** Whose runs it sees and starts; absent: everybody's. */
  readonly tenant?: string;
}

/** What a name or a tenant may be: it stands in logs and in URLs. */
const namePattern = /^[\w.@-]{1,100}$/;

export class Tokens {
  private readonly entries: readonly { readonly digest: Buffer; readonly caller: Caller }[];

  constructor(entries: readonly TokenEntry[]) {
    this.entries = entries.map(({ name, sha256, scope, tenant }) => ({
      digest: Buffer.from(sha256, 'hex'),
      caller: { name, tenant, scopes: scopesUpTo(scope) },
    }));
  }

  /** In the same time for any token: all entries are compared, by digests of one length. */
  callerOf(token: string): Caller | undefined {
    const digest = digestOf(token);
    let found: Caller | undefined;
    for (const entry of this.entries) if (timingSafeEqual(entry.digest, digest)) found = entry.caller;
    return found;
  }
}

/** `read` < `run` < `admin`. */
export function scopesUpTo(scope: Scope): ReadonlySet<Scope> {
  return new Set(scopes.slice(0, scopes.indexOf(scope) + 1));
}

/** A token for its owner, and the entry of the file. Throws KernelError INVALID_ARGUMENT. */
export function newToken(given: Omit<TokenEntry, 'sha256'>): {
  readonly token: string;
  readonly entry: TokenEntry;
} {
  const token = `rz_${randomBytes(32).toString('base64url')}`;
  const entry = { ...given, sha256: digestOf(token).toString('hex') };
  checkEntry('token', entry);
  return { token, entry };
}

/** The entry of a token that somebody has chosen. */
export function entryOf(token: string, given: Omit<TokenEntry, 'sha256'>): TokenEntry {
  return { ...given, sha256: digestOf(token).toString('hex') };
}

/** What a file of tokens says: `{"tokens": [{name, sha256, scope, tenant?}]}`. Throws KernelError INVALID_ARGUMENT that names the field. */
export function parseTokens(file: string, text: string): readonly TokenEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid(file, 'this text', 'JSON: {"tokens": […]}');
  }
  const given = isRecord(parsed) && Object.keys(parsed).every((field) => field === 'tokens') ? parsed : {};
  const entries = given['tokens'];
  if (!Array.isArray(entries)) throw invalid(file, parsed, '{"tokens": […]}');
  const names = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    checkEntry(`${file}: tokens[${index}]`, entry);
    const { name } = entry as TokenEntry;
    if (names.has(name))
      throw invalid(`${file}: tokens[${index}].name`, name, 'a name that no other token has');
    names.add(name);
  }
  return entries as readonly TokenEntry[];
}

const fields = new Set(['name', 'sha256', 'scope', 'tenant']);

function checkEntry(at: string, entry: unknown): void {
  if (!isRecord(entry)) throw invalid(at, entry, 'an object');
  for (const field of Object.keys(entry))
    if (!fields.has(field)) throw invalid(`${at}.${field}`, entry[field], [...fields].join(', '));
  const { name, sha256, scope, tenant } = entry;
  const allowedName = 'up to 100 letters, digits, "_", ".", "@" and "-"';
  if (typeof name !== 'string' || !namePattern.test(name)) throw invalid(`${at}.name`, name, allowedName);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    throw invalid(`${at}.sha256`, sha256, '64 hexadecimal digits, as ringzero token prints them');
  if (!(scopes as readonly unknown[]).includes(scope)) throw invalid(`${at}.scope`, scope, scopes.join(', '));
  if (tenant !== undefined && (typeof tenant !== 'string' || !namePattern.test(tenant)))
    throw invalid(`${at}.tenant`, tenant, allowedName);
  if (tenant !== undefined && scope === 'admin')
    throw invalid(`${at}.scope`, scope, 'read or run, for a token of one tenant');
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
