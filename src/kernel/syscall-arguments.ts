/**
 * Whether what a program yielded is what its type says: a program in JavaScript may yield anything, and must not bring down the kernel with it.
 * Ranges and names are the handlers' to check; here it is only about types, about scripts, and that what is kept and sent is JSON.
 */
import { notJson } from './schema/problem.ts';
import type { Syscall } from './syscalls.ts';

/** A syscall is an object with a kind; which kinds there are is the syscall table's. */
export function isSyscall(yielded: unknown): yielded is Syscall {
  return (
    typeof yielded === 'object' && yielded !== null && typeof (yielded as Partial<Syscall>).kind === 'string'
  );
}

/** One line that names the first field of a wrong type, its value and what is allowed; undefined when there is none. */
export function malformed(syscall: Syscall): string | undefined {
  switch (syscall.kind) {
    case 'think':
      return syscall.script === undefined
        ? undefined
        : malformedScript(syscall.script, 'script', thinkCounts);
    case 'callTools':
      return malformedCalls(syscall.calls);
    case 'ask':
      if (!purposes.includes(syscall.purpose)) return wrong('purpose', syscall.purpose, purposes.join(', '));
      if (syscall.script !== undefined) {
        const flaw = malformedScript(syscall.script, 'script', durations);
        if (flaw !== undefined) return flaw;
      }
      return notJson(syscall.question, 'question', 0);
    case 'send':
      return notId('to', syscall.to) ?? notJson(syscall.message, 'message', 0);
    case 'spawn':
      return notJson(syscall.arguments, 'arguments', 0);
    case 'signal':
    case 'wait':
      return notId('pid', syscall.pid);
    case 'allocate': {
      const { text, hash, blocks } = syscall;
      if (text !== undefined) return notText('text', text);
      if (hash !== undefined) return notText('hash', hash);
      if (blocks === undefined) return undefined;
      return isObject(blocks)
        ? notText('blocks.space', blocks.space)
        : wrong('blocks', blocks, '{ space, first, count }');
    }
    case 'touch':
      return Array.isArray(syscall.pages) ? undefined : wrong('pages', syscall.pages, 'a list of pages');
    case 'remember':
      return notText('scope', syscall.scope) ?? notText('text', syscall.text);
    case 'recall':
      return notText('scope', syscall.scope) ?? notText('query', syscall.query);
    case 'checkpoint':
      return notJson(syscall.state, 'state', 0);
    case 'exit': {
      const { outcome } = syscall;
      const isKnown = outcome === undefined || outcome === 'completed' || outcome === 'failed';
      return isKnown
        ? notJson(syscall.value ?? null, 'value', 0)
        : wrong('outcome', outcome, 'completed, failed');
    }
    default:
      return undefined;
  }
}

const purposes = ['approve', 'edit', 'answer'];

/** The arguments themselves are checked with the tool's schema, each call for itself. */
function malformedCalls(calls: unknown): string | undefined {
  if (!Array.isArray(calls)) return wrong('calls', calls, 'a list of calls');
  for (const [index, call] of calls.entries()) {
    if (!isObject(call)) return wrong(`calls[${index}]`, call, '{ tool, arguments }');
    const { tool, script } = call;
    const flaw =
      notText(`calls[${index}].tool`, tool) ??
      (script === undefined ? undefined : malformedScript(script, `calls[${index}].script`, durations));
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

const thinkCounts = ['tokensOut', 'durationUs', 'tokensIn'];
const durations = ['durationUs'];

/** What a simulated device does is no more negative, endless or broken into halves than what a real one does. */
function malformedScript(script: unknown, field: string, counts: readonly string[]): string | undefined {
  if (!isObject(script)) return wrong(field, script, 'an object');
  for (const count of counts) {
    const value = script[count];
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) continue;
    return wrong(`${field}.${count}`, value, 'an integer of at least 0');
  }
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const notText = (field: string, value: unknown): string | undefined =>
  typeof value === 'string' ? undefined : wrong(field, value, 'a text');
const notId = (field: string, value: unknown): string | undefined =>
  Number.isInteger(value) ? undefined : wrong(field, value, 'the id of a process');
const wrong = (field: string, value: unknown, allowed: string): string =>
  `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`;

/** `String` throws on an object without a prototype. */
const shown = (value: unknown): string => (isObject(value) ? 'an object' : String(value));
