/** A part of a mixture as text: `loop:ids=500`, `zipf:ids=1000,alpha=0.8,weight=3`, `scan`. */
import { invalid } from '../../../kernel/errors.ts';
import type { MixturePart } from './mixture.ts';

/** What each pattern takes beside `weight`. */
const fieldsOf: Readonly<Record<MixturePart['pattern'], readonly string[]>> = {
  zipf: ['ids', 'alpha'],
  stack: ['ids', 'alpha'],
  loop: ['ids'],
  scan: [],
};

/** Throws KernelError INVALID_ARGUMENT. What values may be, the generator says. */
export function parseMixturePart(field: string, text: string): MixturePart {
  const [pattern = '', fields = '', ...more] = text.split(':');
  if (!Object.hasOwn(fieldsOf, pattern) || more.length > 0) throw wrong(field, text);
  const allowed = [...fieldsOf[pattern as MixturePart['pattern']], 'weight'];
  const values: Record<string, number> = {};
  for (const item of fields === '' ? [] : fields.split(',')) {
    const [, name = '', digits = ''] = /^(\w+)=(\d+(?:\.\d+)?)$/.exec(item) ?? [];
    if (!allowed.includes(name) || Object.hasOwn(values, name)) throw wrong(field, text);
    values[name] = Number(digits);
  }
  return { pattern: pattern as MixturePart['pattern'], ...values };
}

function wrong(field: string, text: string): Error {
  const forms = Object.entries(fieldsOf).map(([pattern, names]) =>
    names.length === 0 ? pattern : `${pattern}:${names.map((name) => `${name}=N`).join(',')}`,
  );
  return invalid(field, text, `${forms.join(', ')}, each also with weight=N`);
}
