import { combineHash, hash53 } from '../base/hash.ts';
import type { Json } from './ids.ts';
import type { Allocate, CallTools, Syscall } from './syscalls.ts';

/**
 * 53-bit hash of a syscall's kind and arguments, which have been found to be JSON: a restored program must yield what its history holds. Scripts
 * are not arguments.
 */
export function hashSyscall(syscall: Syscall): number {
  const { kind } = syscall;
  let hash = hash53(kind);
  for (const { key, keyHash } of argumentsOf.get(kind) ?? []) {
    const value = (syscall as unknown as Readonly<Record<string, Json | undefined>>)[key];
    if (value === undefined) continue;
    hash = added(hash, combineHash(keyHash, hashArgument(kind, key, value)));
  }
  return hash;
}

/** By kind. What else stands in a syscall is read by nobody, and may be anything: nobody has checked it. */
const argumentNames: Readonly<Record<Syscall['kind'], readonly string[]>> = {
  think: ['maxOutput', 'promptTokens', 'keepAnswer', 'request'],
  callTools: ['calls', 'keepResults'],
  ask: ['question', 'purpose'],
  send: ['to', 'message'],
  receive: ['timeoutUs'],
  acquire: ['lock', 'timeoutUs'],
  release: ['lock'],
  semOpen: ['semaphore', 'count'],
  semWait: ['semaphore', 'timeoutUs'],
  semPost: ['semaphore'],
  spawn: ['program', 'arguments', 'name', 'priority', 'budget', 'capabilities', 'scheduling'],
  wait: ['pid', 'timeoutUs', 'orMessage'],
  signal: ['pid', 'signal'],
  allocate: ['tokens', 'text', 'hash', 'blocks', 'importance', 'pinned'],
  touch: ['pages'],
  pin: ['page'],
  unpin: ['page'],
  drop: ['pages'],
  free: ['pages'],
  setImportance: ['page', 'importance'],
  truncate: ['pages'],
  remember: ['scope', 'text', 'key', 'data'],
  recall: ['scope', 'query', 'limit'],
  checkpoint: ['state'],
  sleep: ['us'],
  yieldCore: [],
  exit: ['value', 'outcome', 'code', 'message'],
};

const argumentsOf = new Map(
  Object.entries(argumentNames).map(([kind, keys]) => [
    kind,
    keys.map((key) => ({ key, keyHash: hash53(key) })),
  ]),
);

function hashArgument(kind: Syscall['kind'], key: string, value: Json): number {
  if (key === 'blocks') {
    const { space, first, count } = value as unknown as NonNullable<Allocate['blocks']>;
    return hashJson({ space, first, count });
  }
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

function hashJson(value: Json | undefined): number {
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
    for (const item of value as readonly Json[]) hash = combineHash(hash, hashJson(item));
    return hash;
  }
  let sum = 8;
  const members = value as Readonly<Record<string, Json>>;
  // JSON inherits no names, and Object.entries would make lists of them.
  for (const key in members) sum = added(sum, combineHash(hash53(key), hashJson(members[key])));
  return sum;
}
