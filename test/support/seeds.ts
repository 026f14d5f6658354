/** Set by `npm run soak`: property tests then try many more seeds, and no test has a time limit that matters. */
export const isSoak = process.env['RINGZERO_SOAK'] === '1';

/** Of the seeds of a soak, how many are tried: `RINGZERO_SOAK_SHARE=0.01 npm run soak` takes a hundredth of its time, and still goes everywhere. */
const share = Number(process.env['RINGZERO_SOAK_SHARE'] ?? 1);

/** How many seeds a property test tries: `normal` in `npm test`, `soak` in `npm run soak`, or its share of them. */
export function seedCount(normal: number, soak: number): number {
  return isSoak ? Math.max(normal, Math.round(soak * share)) : normal;
}

/** The one seed to be tried again, of those tests that can: `RINGZERO_SEED=7 npx vitest run FILE`. */
export const onlySeed: number | undefined =
  process.env['RINGZERO_SEED'] === undefined ? undefined : Number(process.env['RINGZERO_SEED']);
