/** The tool calls of one answer, with ids by which each result finds its call. */
import { canonicalJson } from '../../base/canonical-json.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';

/**
 * A call told twice (same id, tool and arguments, as a stream that repeats itself does) is one call: made twice, it might act twice. Different calls of one id, and calls without any, get ids of
 * their own. `isChanged`: the answer does not stand in the prompt as it must.
 */
export function distinctCalls(asked: readonly AskedCall[]): {
  readonly calls: readonly AskedCall[];
  readonly isChanged: boolean;
} {
  const byId = new Map<string, string>();
  const calls: AskedCall[] = [];
  for (const [index, call] of asked.entries()) {
    const content = canonicalJson([call.tool, call.arguments ?? null, call.malformed ?? null]);
    if (call.id !== '' && byId.get(call.id) === content) continue;
    const id = freeId(call.id === '' ? `call-${index + 1}` : call.id, byId, asked);
    byId.set(id, content);
    calls.push(id === call.id ? call : { ...call, id });
  }
  const isChanged = calls.length !== asked.length || calls.some((call, index) => call !== asked[index]);
  return { calls, isChanged };
}

/** `id`, or where it is taken the first of `id-2`, `id-3` … that no call of the answer has. */
function freeId(id: string, taken: ReadonlyMap<string, string>, asked: readonly AskedCall[]): string {
  if (!taken.has(id)) return id;
  for (let number = 2; ; number++) {
    const next = `${id}-${number}`;
    if (!taken.has(next) && !asked.some((call) => call.id === next)) return next;
  }
}
