import { AssertionError } from '../../src/base/assert.ts';
import { messageOf } from '../../src/kernel/errors.ts';

/** What a world showed: the promise that does not hold, and how. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
  readonly promise: string;

  constructor(promise: string, what: string) {
    super(what);
    this.promise = promise;
  }
}

/** Throws BrokenPromise unless `holds`. */
export function promised(holds: unknown, promise: string, what: () => string): asserts holds {
  if (holds !== true) throw new BrokenPromise(promise, what());
}

/** Whatever was thrown, by the name of its promise: two worlds that break the same one show the same defect. */
export function brokenPromiseOf(error: unknown): BrokenPromise {
  if (error instanceof BrokenPromise) return error;
  const message = messageOf(error);
  const [, checker] = /^broken promise "([^"]+)"/.exec(message) ?? [];
  if (checker !== undefined) return new BrokenPromise(checker, message);
  const kind = error instanceof AssertionError ? 'assertion' : 'error';
  const broken = new BrokenPromise(`${kind}: ${message.replaceAll(/\d+/g, '#').slice(0, 80)}`, message);
  if (error instanceof Error && error.stack !== undefined) broken.stack = error.stack;
  return broken;
}
