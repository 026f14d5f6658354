/** The page of the planted mistakes: each with what found it. */
import type { PlantedMistake } from './mistakes.ts';

/** `seed` undefined: it was not found, and `promise` is what the simulation said last. */
export interface Finding {
  readonly seed: number | undefined;
  readonly promise: string;
  readonly seconds: number;
}

export function pageOf(
  mistakes: readonly PlantedMistake[],
  findings: ReadonlyMap<string, Finding>,
  seeds: string,
): string {
  const rows = mistakes.map(({ name, what, file }) => {
    const { seed, promise } = findings.get(name)!;
    const found = seed === undefined ? 'not found' : `${seed}`;
    return `| \`${name}\` | ${what} | \`${file}\` | ${found} | ${seed === undefined ? '' : promise.replaceAll('|', '\\|')} |`;
  });
  return `# Planted mistakes

Mistakes of the systems that this one comes from (design, section 9) and others of their kind, planted in the source one at a time: \`npm run mutations\` does that in a copy and runs the simulation of
live kernels, agents and storage (\`npm run simulate\`) until a seed shows it. It writes this page with \`--write\`; within ${seeds} seeds each must be found. The list is
[mistakes.ts](../../test/mutations/mistakes.ts).

| name | mistake | file | first seed | broken promise |
| ---- | ------- | ---- | ---------- | -------------- |
${rows.join('\n')}
`;
}
