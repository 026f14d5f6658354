import { invalid } from './errors.ts';

/** The first field of `value` that is none of `known`: nothing would read it, so that a misspelt one would pass for one that was left out. */
export function unknownField(value: object, known: readonly string[]): string | undefined {
  return Object.keys(value).find((field) => !known.includes(field));
}

/** `what` names `value` in the error, ending in `: ` when it is not the options themselves. Throws KernelError INVALID_ARGUMENT. */
export function checkKnownFields(what: string, value: object, known: readonly string[]): void {
  const field = unknownField(value, known);
  if (field !== undefined)
    throw invalid(
      `${what}${field}`,
      (value as Record<string, unknown>)[field],
      `the fields ${known.join(', ')}`,
    );
}
