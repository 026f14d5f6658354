/** Where a text stops being JSON (RFC 8259). Engines word and place this differently, so that their messages can't be shown. */
export interface JsonErrorPlace {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `the text ends too early` or `unexpected "}"`. */
  readonly problem: string;
}

/** Undefined when the text is JSON. */
export function jsonErrorAt(text: string): JsonErrorPlace | undefined {
  const at = firstWrong(text, () => true);
  if (at === undefined) return undefined;
  const found = text.slice(at, at + 1);
  const problem = found === '' ? 'the text ends too early' : `unexpected ${JSON.stringify(found)}`;
  return placeOf(text, at, problem);
}

/** The first name that stands twice in its object: JSON allows it, and engines keep the last without a word. The text is JSON. */
export function repeatedNameAt(text: string): JsonErrorPlace | undefined {
  let problem = '';
  const at = firstWrong(text, (token, taken) => {
    const name = JSON.parse(token) as string;
    if (!taken.has(name)) return taken.add(name);
    problem = `${token} stands twice in its object`;
    return false;
  });
  return at === undefined ? undefined : placeOf(text, at, problem);
}

function placeOf(text: string, at: number, problem: string): JsonErrorPlace {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1, problem };
}

const tokenForm =
  /[\t\n\r ]*("(?:[ !#-[\]-\u{10FFFF}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null|[[\]{},:])/uy;

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'nothing';

/**
 * Offset of the first token that may not stand where it stands. A stack instead of recursion: depth is no matter. `takesName` decides on the name of
 * a field, as it is written; `taken` is the object's own.
 */
function firstWrong(
  text: string,
  takesName: (token: string, taken: Set<string>) => unknown,
): number | undefined {
  const open: ('[' | '{')[] = [];
  const names: Set<string>[] = [];
  let expected: Expected = 'value';
  let offset = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : ', or end');
  for (;;) {
    tokenForm.lastIndex = offset;
    const token = tokenForm.exec(text)?.[1];
    if (token === undefined) break;
    const next = nextExpected(token);
    if (next === undefined) return tokenForm.lastIndex - token.length;
    expected = next;
    offset = tokenForm.lastIndex;
  }
  const rest = text.slice(offset).search(/[^\t\n\r ]/);
  if (rest === -1) return expected === 'nothing' ? undefined : text.length;
  // A text or number that the end cuts off begins here.
  return offset + rest;

  function nextExpected(token: string): Expected | undefined {
    const isText = token.startsWith('"');
    switch (expected) {
      case 'nothing':
        return undefined;
      case ':':
        return token === ':' ? 'value' : undefined;
      case ', or end':
        if (token === ',') return open.at(-1) === '[' ? 'value' : 'name';
        return closes(token) ? afterValue() : undefined;
      case 'name':
      case 'name or }':
        if (isText) return takesName(token, names.at(-1)!) === false ? undefined : ':';
        return expected === 'name or }' && closes(token) ? afterValue() : undefined;
      case 'value':
      case 'value or ]':
        if (token === '[' || token === '{') {
          open.push(token);
          names.push(new Set());
          return token === '[' ? 'value or ]' : 'name or }';
        }
        if (expected === 'value or ]' && closes(token)) return afterValue();
        return isText || /^[-\dtfn]/.test(token) ? afterValue() : undefined;
    }
  }

  function closes(token: string): boolean {
    if (token !== (open.at(-1) === '[' ? ']' : '}')) return false;
    open.pop();
    names.pop();
    return true;
  }
}
