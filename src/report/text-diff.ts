/**
 * Two texts, one above the other: what only the first has, what only the second has, and enough of what both have to see where it stands. By lines; two that are one line each, by words.
 *
 * The longest common subsequence, by the classic table (R. A. Wagner, M. J. Fischer, "The String-to-String Correction Problem", Journal of the ACM 21(1), 1974); texts too long for it are told one after the other,
 * without their common beginning and end.
 */

/** Cells of the table at most. */
const mostCells = 4_000_000;
/** Lines, or words, that both have and that are shown beside what differs. */
const context = { lines: 2, words: 8 };

/** Lines that begin with `- `, `+ ` or two spaces; none: the texts are the same. */
export function textDiff(a: string, b: string): readonly string[] {
  if (a === b) return [];
  if (!a.includes('\n') && !b.includes('\n')) return wordDiff(a, b);
  const lines: string[] = [];
  for (const { kind, items } of shortened(partsOf(a.split('\n'), b.split('\n')), context.lines, ofLines))
    for (const item of items) lines.push(`${marks[kind]} ${item}`);
  return lines;
}

const marks = { same: ' ', removed: '-', added: '+' } as const;

interface Part {
  readonly kind: keyof typeof marks;
  readonly items: readonly string[];
}

/** Both lines with only the words around what differs. */
function wordDiff(a: string, b: string): readonly string[] {
  const parts = partsOf(a.match(/\s*\S+|\s+/g) ?? [], b.match(/\s*\S+|\s+/g) ?? []);
  const shown = shortened(parts, context.words, () => [' …']);
  const side = (kind: 'removed' | 'added'): string =>
    shown
      .flatMap((part) => (part.kind === 'same' || part.kind === kind ? part.items : []))
      .join('')
      .trim();
  return [`- ${side('removed')}`, `+ ${side('added')}`];
}

const ofLines = (count: number): readonly string[] => [`… ${count} lines that are the same`];

/** Of what both have, only what is near to a difference. */
function shortened(
  parts: readonly Part[],
  near: number,
  leftOut: (count: number) => readonly string[],
): readonly Part[] {
  return parts.map((part, index) => {
    const { kind, items } = part;
    const before = index === 0 ? 0 : near;
    const behind = index === parts.length - 1 ? 0 : near;
    const count = items.length - before - behind;
    if (kind !== 'same' || count < 2) return part;
    const tail = behind === 0 ? [] : items.slice(-behind);
    return { kind, items: [...items.slice(0, before), ...leftOut(count), ...tail] };
  });
}

function partsOf(a: readonly string[], b: readonly string[]): readonly Part[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  const middle = between(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [
    { kind: 'same', items: a.slice(0, start) } as const,
    ...middle,
    { kind: 'same', items: a.slice(a.length - end) } as const,
  ].filter(({ items }) => items.length > 0);
}

function between(a: readonly string[], b: readonly string[]): readonly Part[] {
  if (a.length * b.length > mostCells)
    return [
      { kind: 'removed', items: a },
      { kind: 'added', items: b },
    ];
  // lengths[i * width + j]: of the longest common subsequence behind a[i] and b[j].
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const parts: { kind: Part['kind']; items: string[] }[] = [];
  const put = (kind: Part['kind'], item: string): void => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.items.push(item);
    else parts.push({ kind, items: [item] });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      put('same', a[i++]!);
      j++;
    } else if (
      j === b.length ||
      (i < a.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    )
      put('removed', a[i++]!);
    else put('added', b[j++]!);
  }
  return parts;
}
