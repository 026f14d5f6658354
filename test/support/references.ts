/** Small files in pieces, and traces in a form that compares well. */
import type { KernelError } from '../../src/kernel/errors.ts';
import type { ReferenceColumns } from '../../src/sim/paging/reference-columns.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes in pieces of this size; as they are when there is none. */
export async function* pieces(content: Uint8Array | string, size = Infinity): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === 'string' ? bytesOf(content) : content;
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** The bytes in two pieces. */
export async function* cutAt(bytes: Uint8Array, at: number): AsyncGenerator<Uint8Array> {
  if (at > 0) yield bytes.slice(0, at);
  if (at < bytes.length) yield bytes.slice(at);
}

export async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n');
}

/** What a trace holds, as plain lists. */
export interface PlainTrace {
  readonly ids: readonly number[];
  readonly unique: number;
  readonly sizes?: readonly number[];
  readonly timesUs?: readonly number[];
}

export function plain({ ids, unique, sizes, timesUs }: ReferenceTrace): PlainTrace {
  return {
    ids: [...ids],
    unique,
    ...(sizes === undefined ? {} : { sizes: [...sizes] }),
    ...(timesUs === undefined ? {} : { timesUs: [...timesUs] }),
  };
}

export function plainColumns(columns: ReferenceColumns): PlainTrace {
  return plain(columns.finish('x', 'ids'));
}

/** The dense trace of recorded ids, in the most obvious way. */
export function naiveDense(recorded: readonly (number | bigint | string)[]): {
  ids: number[];
  unique: number;
} {
  const dense = new Map<string, number>();
  const ids = recorded.map((id) => {
    const key = String(id);
    if (!dense.has(key)) dense.set(key, dense.size + 1);
    return dense.get(key)!;
  });
  return { ids, unique: dense.size };
}

/** The message of what `action` ends with. */
export async function problemOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return `${(error as KernelError).code}: ${(error as Error).message}`;
  }
  return 'no error';
}
