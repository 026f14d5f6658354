/** A wrong program: a broken promise inside our own code. Nothing catches it; the run stops. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Throws AssertionError unless `condition` is truthy. One condition per assert; the message carries the values.
 * On a hot path pass `() => text`, so that the text is built only on failure.
 */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) fail(message);
}

/** The default branch of a switch over a union: fails to compile while a variant is not handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${describe(value)}`);
}

/** Apart from `assert`, so that the check itself stays small enough to be inlined. */
function fail(message: string | (() => string)): never {
  throw new AssertionError(typeof message === 'string' ? message : message());
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value); // cyclic, or a bigint
  }
}
