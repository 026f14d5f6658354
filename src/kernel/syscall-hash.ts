import { combineHash, hash53 } from '../base/hash.ts';
import type { Json } from './ids.ts';
import type { CallTools, Syscall } from './syscalls.ts';

/**
 * 53-bit hash of a syscall's kind and arguments: a restored program must yield what its history holds. Scripts are not arguments.
 */
export function hashSyscall(syscall: Syscall): number {
  let hash = hash53(syscall.kind);
  for (const [key, value] of Object.entries(syscall)) {
    if (key === 'kind' || key === 'script') continue;
    hash = added(hash, combineHash(hash53(key), hashArgument(syscall.kind, key, value as Json | undefined)));
  }
  return hash;
}

function hashArgument(kind: Syscall['kind'], key: string, value: Json | undefined): number {
  if (kind === 'callTools' && key === 'calls')
    return hashJson(
      (value as unknown as CallTools['calls']).map(({ tool, arguments: args }) => ({
        tool,
        arguments: args,
      })),
    );
  return hashJson(value);
}

/** Members are added, so that their order doesn't count: exactly, modulo 2^53 - 1, since a rounded sum would depend on it. */
function added(sum: number, hash: number): number {
  const room = 9_007_199_254_740_991 - hash;
  return sum >= room ? sum - room : sum + hash;
}

/** Deeper levels don't count: a value that contains itself has no end. */
const deepest = 64;

function hashJson(value: Json | undefined, depth = 0): number {
  if (depth > deepest) return 9;
  switch (typeof value) {
    case 'string':
      return hash53(value, 1);
    case 'number':
      return Number.isSafeInteger(value) ? combineHash(2, value) : hash53(String(value), 2);
    case 'boolean':
      return value ? 3 : 4;
    case 'undefined':
      return 5;
    default:
      break;
  }
  if (value === null) return 6;
  if (Array.isArray(value)) {
    let hash = combineHash(7, value.length);
    for (const item of value as readonly Json[]) hash = combineHash(hash, hashJson(item, depth + 1));
    return hash;
  }
  let sum = 8;
  for (const [key, member] of Object.entries(value))
    sum = added(sum, combineHash(hash53(key), hashJson(member, depth + 1)));
  return sum;
}
