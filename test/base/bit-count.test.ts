import { expect, test } from 'vitest';

import { bitCount } from '../../src/base/bit-count.ts';
import { mix32 } from '../../src/base/hash.ts';

test('counts the set bits of any 32-bit integer', () => {
  for (const bits of [
    0,
    1,
    -1,
    0x80000000,
    0x7fffffff,
    0x55555555,
    ...Array.from({ length: 500 }, (_, n) => mix32(n)),
  ])
    expect(bitCount(bits | 0)).toBe((bits >>> 0).toString(2).replaceAll('0', '').length);
});
