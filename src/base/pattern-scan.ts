/**
 * Where a text matches a pattern, in time that grows with the text alone, whatever the pattern: for patterns that somebody else has written. Instead of single matches it finds the stretches
 * that any match covers, overlapping ones as one, in a single pass; a text may come in pieces, and it is known at any time from where on a match may still come of what is there.
 *
 * Source: K. Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968: all states at once. Departs from it: each state keeps the earliest start of the matches that are in it, which
 * is enough for the stretches.
 */

/** From `start` to before `end`, in UTF-16 units from the start of the text. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

type Step =
  | { readonly kind: 'unit'; readonly has: (unit: number) => boolean; readonly next: number }
  | { readonly kind: 'fork'; readonly nexts: number[] }
  | { readonly kind: 'start' | 'end' | 'edge' | 'inside'; readonly next: number }
  | { readonly kind: 'match' };

export class Pattern {
  readonly steps: readonly Step[];
  readonly first: number;

  /** `source`: a regular expression without references and looks around. Throws SyntaxError that says what is wrong. */
  constructor(source: string) {
    const compiler = new Compiler(source);
    this.first = compiler.compile();
    this.steps = compiler.steps;
    if (new PatternScan(this).matchesNothing()) throw new SyntaxError('it matches where nothing stands');
  }
}

/** The pattern of this very text. */
export function literalPattern(text: string): Pattern {
  return new Pattern(text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
}

/** One text, piece by piece. */
export class PatternScan {
  private readonly pattern: Pattern;
  /** By state, the earliest start of a match that has come there; before the unit at `at`. */
  private waiting = new Map<number, number>();
  private at = 0;
  private before: number | undefined;
  private stretches: Stretch[] = [];

  constructor(pattern: Pattern) {
    this.pattern = pattern;
  }

  /** From here on a match may still come of what has been told, or the end of the text. */
  get openFrom(): number {
    let from = this.at;
    for (const start of this.waiting.values()) if (start < from) from = start;
    return from;
  }

  push(text: string): void {
    for (let index = 0; index < text.length; index++) this.step(text.charCodeAt(index));
  }

  /** Nothing more comes. */
  end(): void {
    this.reached(undefined);
    this.waiting.clear();
  }

  /** Those found since this was asked last, in their order. A later one may begin before them. */
  take(): readonly Stretch[] {
    const { stretches } = this;
    this.stretches = [];
    return stretches;
  }

  matchesNothing(): boolean {
    this.reached(undefined);
    return this.stretches.length > 0;
  }

  private step(unit: number): void {
    const states = this.reached(unit);
    this.waiting.clear();
    for (const [state, start] of states) {
      const step = this.pattern.steps[state]!;
      if (step.kind !== 'unit' || !step.has(unit)) continue;
      const known = this.waiting.get(step.next);
      if (known === undefined || start < known) this.waiting.set(step.next, start);
    }
    this.at++;
    this.before = unit;
  }

  /** All states that matches are in before the unit `next`, undefined: the end of the text. */
  private reached(next: number | undefined): ReadonlyMap<number, number> {
    const { at, before } = this;
    const reached = new Map<number, number>();
    const open: [number, number][] = [...this.waiting, [this.pattern.first, at]];
    const isEdge = isWord(before) !== isWord(next);
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      const [state, start] = entry;
      const known = reached.get(state);
      if (known !== undefined && known <= start) continue;
      reached.set(state, start);
      const step = this.pattern.steps[state]!;
      if (step.kind === 'fork') for (const other of step.nexts) open.push([other, start]);
      else if (step.kind === 'start' && before === undefined) open.push([step.next, start]);
      else if (step.kind === 'end' && next === undefined) open.push([step.next, start]);
      else if (step.kind === 'edge' && isEdge) open.push([step.next, start]);
      else if (step.kind === 'inside' && !isEdge) open.push([step.next, start]);
    }
    const start = reached.get(matchState);
    if (start !== undefined) this.stretches.push({ start, end: at });
    return reached;
  }
}

const matchState = 0;
/** More would be slow. */
const mostSteps = 2_000;

/** Recursive descent; steps are made from the end of the pattern to its start. */
class Compiler {
  readonly steps: Step[] = [{ kind: 'match' }];
  private readonly source: string;
  private readonly ignoresCase: boolean;
  private at = 0;
  private spent = 0;

  constructor(source: string) {
    this.ignoresCase = source.startsWith('(?i)');
    this.source = this.ignoresCase ? source.slice(4) : source;
  }

  compile(): number {
    const make = this.alternatives();
    if (this.at < this.source.length) throw new SyntaxError(`")" at ${this.at} closes nothing`);
    return make(matchState);
  }

  private alternatives(): (next: number) => number {
    const parts = [this.sequence()];
    while (this.source[this.at] === '|') {
      this.at++;
      parts.push(this.sequence());
    }
    const [only] = parts;
    return parts.length === 1
      ? only!
      : (next) => this.add({ kind: 'fork', nexts: parts.map((part) => part(next)) });
  }

  private sequence(): (next: number) => number {
    const parts: ((next: number) => number)[] = [];
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at]!)) parts.push(this.repeated());
    return (next) => parts.reduceRight((then, part) => part(then), next);
  }

  private repeated(): (next: number) => number {
    let part = this.atom();
    for (;;) {
      const range = this.quantifier();
      if (range === undefined) return part;
      const [inner, { least, most }] = [part, range];
      part = (next) => {
        let then = next;
        if (most === Infinity) {
          const nexts: number[] = [];
          const loop = this.add({ kind: 'fork', nexts });
          nexts.push(inner(loop), next);
          then = loop;
        } else
          for (let count = least; count < most; count++, this.spend())
            then = this.add({ kind: 'fork', nexts: [inner(then), next] });
        for (let count = 0; count < least; count++, this.spend()) then = inner(then);
        return then;
      };
    }
  }

  private quantifier(): { readonly least: number; readonly most: number } | undefined {
    const [text, sign, least, comma, most] =
      /^(?:([*+?])|\{(\d{1,4})(,?)(\d{0,4})\})\??/.exec(this.source.slice(this.at)) ?? [];
    if (text === undefined) return undefined;
    this.at += text.length;
    if (sign !== undefined) return { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
    const from = Number(least);
    const to = comma === '' ? from : most === '' ? Infinity : Number(most);
    if (to < from) throw new SyntaxError(`"${text}" counts down`);
    return { least: from, most: to };
  }

  private atom(): (next: number) => number {
    const character = this.source[this.at++]!;
    switch (character) {
      case '(':
        return this.group();
      case '[':
        return this.unit(this.set());
      case '.':
        return this.unit((unit) => unit !== 10 && unit !== 13);
      case '^':
        return (next) => this.add({ kind: 'start', next });
      case '$':
        return (next) => this.add({ kind: 'end', next });
      case '\\':
        if (this.source[this.at] === 'b' || this.source[this.at] === 'B') {
          const kind = this.source[this.at++] === 'b' ? 'edge' : 'inside';
          return (next) => this.add({ kind, next });
        }
        return this.unit(this.escaped());
      case '*':
      case '+':
      case '?':
        throw new SyntaxError(`"${character}" at ${this.at - 1} repeats nothing`);
      default:
        return this.unit(this.only(character.charCodeAt(0)));
    }
  }

  private group(): (next: number) => number {
    if (this.source.startsWith('?:', this.at)) this.at += 2;
    else if (this.source[this.at] === '?')
      throw new SyntaxError(`"(?" at ${this.at - 1} is not supported but as (?: or (?i) at the start`);
    const inner = this.alternatives();
    if (this.source[this.at++] !== ')') throw new SyntaxError('a "(" is not closed');
    return inner;
  }

  private set(): (unit: number) => boolean {
    const isOther = this.source[this.at] === '^';
    if (isOther) this.at++;
    const parts: ((unit: number) => boolean)[] = [];
    for (let isFirst = true; this.source[this.at] !== ']' || isFirst; isFirst = false) {
      if (this.at >= this.source.length) throw new SyntaxError('a "[" is not closed');
      const from = this.member();
      const isRange = this.source[this.at] === '-' && this.source[this.at + 1] !== ']';
      if (!isRange || typeof from !== 'number') {
        parts.push(typeof from === 'number' ? this.only(from) : from);
        continue;
      }
      this.at++;
      const to = this.member();
      if (typeof to !== 'number' || to < from)
        throw new SyntaxError(`the range at ${this.at - 1} ends before it starts`);
      parts.push(this.folded((unit) => unit >= from && unit <= to));
    }
    this.at++;
    return (unit) => parts.some((part) => part(unit)) !== isOther;
  }

  private member(): number | ((unit: number) => boolean) {
    const character = this.source[this.at++]!;
    if (character !== '\\') return character.charCodeAt(0);
    return this.code() ?? this.escaped();
  }

  /** Behind a backslash. */
  private escaped(): (unit: number) => boolean {
    const code = this.code();
    if (code !== undefined) return this.only(code);
    const character = this.source[this.at++] ?? '';
    const known = classes[character.toLowerCase()];
    if (known === undefined) throw new SyntaxError(`"\\${character}" is not supported`);
    return character === character.toLowerCase() ? known : (unit) => !known(unit);
  }

  /** A unit that is spelled out, or a sign that stands for itself. */
  private code(): number | undefined {
    const rest = this.source.slice(this.at);
    const [text, x, u] = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(rest) ?? [];
    if (text !== undefined) {
      this.at += text.length;
      return Number.parseInt((x ?? u)!, 16);
    }
    const sign = rest[0];
    if (sign === undefined) throw new SyntaxError('it ends with "\\"');
    const control = controls[sign];
    if (control === undefined && /[a-zA-Z0-9]/.test(sign)) return undefined;
    this.at++;
    return control ?? sign.charCodeAt(0);
  }

  private only(unit: number): (other: number) => boolean {
    return this.folded((other) => other === unit);
  }

  private folded(has: (unit: number) => boolean): (unit: number) => boolean {
    if (!this.ignoresCase) return has;
    return (unit) => {
      const text = String.fromCharCode(unit);
      return has(unit) || has(text.toLowerCase().charCodeAt(0)) || has(text.toUpperCase().charCodeAt(0));
    };
  }

  private unit(has: (unit: number) => boolean): (next: number) => number {
    return (next) => this.add({ kind: 'unit', has, next });
  }

  /** Also repeating nothing takes time. */
  private spend(): void {
    if (++this.spent > mostSteps)
      throw new SyntaxError(`it is too long: it repeats more than ${mostSteps} times`);
  }

  private add(step: Step): number {
    if (this.steps.length === mostSteps)
      throw new SyntaxError(`it is too long: more than ${mostSteps} steps`);
    return this.steps.push(step) - 1;
  }
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;
const isWord = (unit: number | undefined): boolean =>
  unit !== undefined &&
  (isDigit(unit) || unit === 95 || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122));
const isSpace = (unit: number): boolean => /\s/.test(String.fromCharCode(unit));

const classes: Readonly<Record<string, (unit: number) => boolean>> = { d: isDigit, w: isWord, s: isSpace };
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };
