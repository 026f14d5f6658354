/**
 * The members of Math that give the same bits in every engine: each works on integers or is correctly rounded. The others
 * are banned in the pure rooms, and poisoned where those rooms run bare.
 */
export const portableMath: ReadonlySet<string> = new Set([
  'abs',
  'ceil',
  'clz32',
  'floor',
  'fround',
  'imul',
  'max',
  'min',
  'round',
  'sign',
  'sqrt',
  'trunc',
  'E',
  'LN10',
  'LN2',
  'LOG10E',
  'LOG2E',
  'PI',
  'SQRT1_2',
  'SQRT2',
]);
