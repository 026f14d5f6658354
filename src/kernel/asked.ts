/** What a history tells of a syscall beside its result, for whoever reads it: recovery needs the hash of the arguments alone. */
import type { Json } from './ids.ts';
import type { Syscall } from './syscalls.ts';

/** Of the arguments those that tell what it was; undefined: its kind says it, its result or another record. Scripts are no arguments. */
export function askedOf(syscall: Syscall): Json | undefined {
  switch (syscall.kind) {
    case 'think': {
      const { purpose, model } = syscall.request ?? {};
      if (purpose === undefined && model === undefined) return undefined;
      return { ...(purpose === undefined ? {} : { purpose }), ...(model === undefined ? {} : { model }) };
    }
    case 'callTools':
      // Of one that is malformed only the kind is known.
      return (syscall.calls as typeof syscall.calls | undefined)?.map(({ tool, arguments: args }) => ({
        tool,
        arguments: args,
      }));
    case 'ask':
      return { purpose: syscall.purpose, question: syscall.question };
    case 'send':
      return { to: syscall.to };
    case 'signal':
      return { pid: syscall.pid, signal: syscall.signal };
    case 'remember': {
      const { scope, text, key } = syscall;
      return { scope, text, ...(key === undefined ? {} : { key }) };
    }
    case 'recall':
      return { scope: syscall.scope, query: syscall.query };
    default:
      return undefined;
  }
}
