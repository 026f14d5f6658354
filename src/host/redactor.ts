/**
 * Keeps out of the kernel what must not be stored: what matches is replaced by `[redacted:NAME]` before it becomes an input, so that no page, history, audit log, recording, event or trace ever
 * has it. One way: nothing is put back, so a model that asks a tool with it has the tool called with the placeholder.
 */
import { literalPattern, Pattern, PatternScan, type Stretch } from '../base/pattern-scan.ts';
import { invalid } from '../kernel/errors.ts';
import type { Json } from '../kernel/ids.ts';

/** One of `pattern` (a regular expression as base/pattern-scan.ts has it), `text` (as it stands) and `field` (the value of every member of this name). */
export interface RedactionRule {
  readonly name: string;
  readonly pattern?: string;
  readonly text?: string;
  readonly field?: string;
}

interface NamedPattern {
  readonly placeholder: string;
  readonly pattern: Pattern;
}

export class Redactor {
  private readonly patterns: readonly NamedPattern[];
  /** By the names of members. */
  private readonly fields: ReadonlyMap<string, string>;

  /** Throws KernelError INVALID_ARGUMENT that names the rule; `field`: what they are called there. */
  constructor(rules: readonly RedactionRule[], field = 'redact') {
    const patterns: NamedPattern[] = [];
    const fields = new Map<string, string>();
    for (const [index, rule] of rules.entries()) {
      const at = `${field}[${index}]`;
      if (!/^[\w.-]{1,40}$/.test(rule.name))
        throw invalid(`${at}.name`, rule.name, '1 to 40 letters, digits, "_", "." and "-"');
      const placeholder = `[redacted:${rule.name}]`;
      const given = [rule.pattern, rule.text, rule.field].filter((one) => one !== undefined);
      if (given.length !== 1 || given[0] === '')
        throw invalid(at, rule.name, 'one of pattern, text and field, which is not empty');
      if (rule.field !== undefined) fields.set(rule.field.toLowerCase(), placeholder);
      else if (rule.text !== undefined) patterns.push({ placeholder, pattern: literalPattern(rule.text) });
      else patterns.push({ placeholder, pattern: compiled(`${at}.pattern`, rule.pattern!) });
    }
    this.patterns = patterns;
    this.fields = fields;
  }

  text(text: string): string {
    const stream = this.stream();
    return stream.push(text) + stream.end();
  }

  /** Of a text that was cut off: what may be the beginning of a match at its end is left out. */
  cutText(text: string): string {
    return this.stream().push(text);
  }

  /** All texts in it, and the members with the names of fields. */
  value(value: Json): Json {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((part: Json) => this.value(part));
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        this.text(name),
        this.fields.get(name.toLowerCase()) ?? this.value(member),
      ]),
    );
  }

  /** A text that comes in pieces. */
  stream(): RedactedStream {
    return new RedactedStream(this.patterns);
  }
}

export class RedactedStream {
  private readonly scans: readonly { readonly placeholder: string; readonly scan: PatternScan }[];
  /** What was told and not given out, from `from` on. */
  private held = '';
  private from = 0;
  private found: (Stretch & { readonly placeholder: string })[] = [];

  constructor(patterns: readonly NamedPattern[]) {
    this.scans = patterns.map(({ placeholder, pattern }) => ({
      placeholder,
      scan: new PatternScan(pattern),
    }));
  }

  /** What of the text so far is settled now. */
  push(text: string): string {
    if (this.scans.length === 0) return text;
    this.held += text;
    for (const { scan } of this.scans) scan.push(text);
    this.gather();
    return this.release(Math.min(...this.scans.map(({ scan }) => scan.openFrom)));
  }

  /** The rest. */
  end(): string {
    for (const { scan } of this.scans) scan.end();
    this.gather();
    return this.release(this.from + this.held.length);
  }

  private gather(): void {
    for (const { placeholder, scan } of this.scans)
      for (const stretch of scan.take()) this.found.push({ ...stretch, placeholder });
  }

  /** Up to `until`, where no match begins that may still grow, and none goes beyond. */
  private release(until: number): string {
    const stretches = united(this.found);
    let to = until;
    for (const { start, end } of stretches) if (start < to && end > to) to = start;
    let text = '';
    let at = this.from;
    for (const { start, end, placeholder } of stretches) {
      if (end > to) break;
      text += this.held.slice(at - this.from, start - this.from) + placeholder;
      at = end;
    }
    text += this.held.slice(at - this.from, to - this.from);
    this.held = this.held.slice(to - this.from);
    this.from = to;
    this.found = stretches.filter(({ end }) => end > to);
    return text;
  }
}

/** Overlapping ones as one, with the name of the one that begins first. */
function united<S extends Stretch>(stretches: readonly S[]): S[] {
  const all: S[] = [];
  for (const stretch of stretches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = all.at(-1);
    if (last === undefined || stretch.start >= last.end) all.push(stretch);
    else if (stretch.end > last.end) all[all.length - 1] = { ...last, end: stretch.end };
  }
  return all;
}

function compiled(field: string, source: string): Pattern {
  try {
    return new Pattern(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid(
      field,
      source,
      `a regular expression without references and looks around; ${error.message}`,
    );
  }
}
