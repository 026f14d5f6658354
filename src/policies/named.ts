import { invalid } from '../kernel/errors.ts';

/** The row of a policy table. Throws KernelError INVALID_ARGUMENT with the field, the name and the names that exist. */
export function named<Policy>(table: Readonly<Record<string, Policy>>, field: string, name: string): Policy {
  const policy = Object.hasOwn(table, name) ? table[name] : undefined;
  if (policy === undefined) throw invalid(field, name, Object.keys(table).join(', '));
  return policy;
}
