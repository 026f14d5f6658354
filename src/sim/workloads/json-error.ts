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
  const at = firstWrong(text);
  if (at === undefined) return undefined;
  const before = text.slice(0, at).split('\n');
  const found = text.slice(at, at + 1);
  return {
    line: before.length,
    column: before.at(-1)!.length + 1,
    problem: found === '' ? 'the text ends too early' : `unexpected ${JSON.stringify(found)}`,
  };
}

const tokenForm =
  /[\t\n\r ]*("(?:[ !#-[\]-\u{10FFFF}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null|[[\]{},:])/uy;

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'nothing';

/** Offset of the first token that may not stand where it stands. A stack instead of recursion: depth is no matter. */
function firstWrong(text: string): number | undefined {
  const open: ('[' | '{')[] = [];
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
        if (isText) return ':';
        return expected === 'name or }' && closes(token) ? afterValue() : undefined;
      case 'value':
      case 'value or ]':
        if (token === '[' || token === '{') {
          open.push(token);
          return token === '[' ? 'value or ]' : 'name or }';
        }
        if (expected === 'value or ]' && closes(token)) return afterValue();
        return isText || /^[-\dtfn]/.test(token) ? afterValue() : undefined;
    }
  }

  function closes(token: string): boolean {
    if (token !== (open.at(-1) === '[' ? ']' : '}')) return false;
    open.pop();
    return true;
  }
}
