/**
 * JSON in few bytes, for rows of a database: words that records are full of take one byte, integers as many as they need, a SHA-256 in hexadecimal 32. A long text can stand as a reference,
 * the hash under which it is stored. What is read is what was written, member by member in the same order.
 *
 * The form is that of RFC 8949 (CBOR): a byte that tells the kind, and the length where it is small; integers are LEB128 (as in WebAssembly). It departs from CBOR in the words and the
 * hashes, which would be tagged values of several bytes, and in that a text that stood there before is told by its number.
 */
import { KernelError } from '../../kernel/errors.ts';
import { wellKnownWords } from './well-known-words.ts';

/** First bytes. From `smallInteger` on the lower bits are the integer, the length, or the number of the word. */
const kind = {
  null: 0x00,
  false: 0x01,
  true: 0x02,
  double: 0x03,
  integer: 0x04,
  /** Below zero, without its sign. */
  negative: 0x05,
  text: 0x06,
  /** UTF-16: UTF-8 has no lone surrogates. */
  wideText: 0x07,
  hash: 0x08,
  reference: 0x09,
  /** A text with a hash in it: what stands before it, the hash, what stands behind it. */
  aroundHash: 0x0a,
  list: 0x0b,
  object: 0x0c,
  /** A text that stood there before, by its number among those that may come again. */
  same: 0x0d,
  smallInteger: 0x10,
  shortText: 0x20,
  smallList: 0x60,
  smallObject: 0x70,
  word: 0x80,
} as const;

/** The hash under which a text is stored, when it shall not stand in the JSON itself. */
export type Refer = (text: string) => string | undefined;

/** Members that are undefined are left out. `before`: a byte to stand before it. */
export function packJson(value: unknown, refer?: Refer, before?: number): Uint8Array {
  return writer.pack(value, refer, before);
}

/** `resolve`: the text that a reference stands for. Throws KernelError STORAGE_FAILED for bytes that are no packed JSON. */
export function unpackJson(bytes: Uint8Array, resolve: (hash: string) => string = noText): unknown {
  const reader = new Reader(bytes, resolve);
  const value = reader.read();
  reader.checkEnd();
  return value;
}

function noText(hash: string): string {
  throw new KernelError('STORAGE_FAILED', `storage: the text with hash ${hash} is missing`);
}

/** The hashes that it refers to. */
export function referencesIn(bytes: Uint8Array): readonly string[] {
  const hashes: string[] = [];
  unpackJson(bytes, (hash) => {
    hashes.push(hash);
    return '';
  });
  return hashes;
}

/** Whether UTF-8 can say it: a lone surrogate it can't. */
export function isUtf8(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

const texts: ReadonlySet<number> = new Set([
  kind.text,
  kind.wideText,
  kind.hash,
  kind.reference,
  kind.aroundHash,
]);
const wordNumbers = new Map(wellKnownWords.map((word, number) => [word, number]));
const longestWord = Math.max(...wellKnownWords.map(({ length }) => length));
const hashLength = 64;
const hashBytes = hashLength / 2;
const wholeHash = /^[0-9a-f]{64}$/;
const hashWithin = /[0-9a-f]{64}/;
/** A longer text with a hash in it is compressed better as it is. */
const aroundHashLength = 160;
/** From this length on a text is numbered, and told by its number when it comes again. */
const numberedFrom = 8;

class Writer {
  private bytes = Buffer.allocUnsafe(4_096);
  private length = 0;
  private refer: Refer | undefined;
  /** Of the texts that may come again. */
  private numbers: Map<string, number> | undefined;

  pack(value: unknown, refer: Refer | undefined, before: number | undefined): Uint8Array {
    const { length: start, refer: outer, numbers } = this;
    this.refer = refer;
    this.numbers = undefined;
    try {
      if (before !== undefined) this.byte(before);
      this.write(value);
      return Uint8Array.prototype.slice.call(this.bytes, start, this.length);
    } finally {
      this.length = start;
      this.refer = outer;
      this.numbers = numbers;
    }
  }

  private write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.byte(value ? kind.true : kind.false);
      case 'object':
        if (value === null) return this.byte(kind.null);
        return Array.isArray(value) ? this.list(value) : this.object(value as Record<string, unknown>);
      default:
        return this.byte(kind.null);
    }
  }

  private list(values: readonly unknown[]): void {
    this.head(kind.smallList, 16, kind.list, values.length);
    for (const value of values) this.write(value);
  }

  private object(value: Record<string, unknown>): void {
    const names = Object.keys(value);
    let count = names.length;
    for (const name of names) if (value[name] === undefined) count--;
    this.head(kind.smallObject, 16, kind.object, count);
    for (const name of names) {
      const member = value[name];
      if (member === undefined) continue;
      if (!this.known(name)) this.characters(name);
      this.write(member);
    }
  }

  private number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      // JSON has no other numbers.
      if (!Number.isFinite(value)) return this.byte(kind.null);
      this.byte(kind.double);
      this.reserve(8);
      this.length = this.bytes.writeDoubleLE(value, this.length);
    } else if (value >= 0) this.head(kind.smallInteger, 16, kind.integer, value);
    else {
      this.byte(kind.negative);
      this.integer(-value);
    }
  }

  private text(text: string): void {
    if (this.known(text)) return;
    const hash = this.refer?.(text);
    if (hash === undefined) return this.characters(text);
    this.byte(kind.reference);
    this.hash(hash);
  }

  /** Whether it is a word, or stood there before: then it is written. */
  private known(text: string): boolean {
    const word = text.length > longestWord ? undefined : wordNumbers.get(text);
    if (word !== undefined) {
      this.byte(kind.word + word);
      return true;
    }
    if (text.length < numberedFrom) return false;
    const numbers = (this.numbers ??= new Map());
    const number = numbers.get(text);
    if (number === undefined) {
      numbers.set(text, numbers.size);
      return false;
    }
    this.byte(kind.same);
    this.integer(number);
    return true;
  }

  /** Of a text with a hash in it: it has no number of its own. */
  private part(text: string): void {
    const word = wordNumbers.get(text);
    if (word !== undefined) return this.byte(kind.word + word);
    this.characters(text);
  }

  private characters(text: string): void {
    if (text.length >= hashLength && text.length <= aroundHashLength) {
      if (text.length === hashLength && wholeHash.test(text)) {
        this.byte(kind.hash);
        return this.hash(text);
      }
      const at = text.search(hashWithin);
      if (at !== -1) {
        this.byte(kind.aroundHash);
        this.part(text.slice(0, at));
        this.hash(text.slice(at, at + hashLength));
        return this.part(text.slice(at + hashLength));
      }
    }
    this.letters(text);
  }

  private letters(text: string): void {
    const { length } = text;
    if (length < 64 && this.ascii(text)) return;
    const isWide = !isUtf8(text);
    const size = isWide ? 2 * length : Buffer.byteLength(text, 'utf8');
    this.byte(isWide ? kind.wideText : kind.text);
    this.integer(size);
    this.reserve(size);
    this.length += this.bytes.write(text, this.length, isWide ? 'utf16le' : 'utf8');
  }

  /** Most texts are a few letters: they are written sooner than a call could. */
  private ascii(text: string): boolean {
    const { length } = text;
    this.reserve(length + 1);
    const { bytes, length: start } = this;
    bytes[start] = kind.shortText + length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[start + 1 + index] = code;
    }
    this.length = start + 1 + length;
    return true;
  }

  private hash(hex: string): void {
    this.reserve(hashBytes);
    this.length += this.bytes.write(hex, this.length, 'hex');
  }

  private head(small: number, smallCount: number, large: number, value: number): void {
    if (value < smallCount) return this.byte(small + value);
    this.byte(large);
    this.integer(value);
  }

  private integer(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  private byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.length + size));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** One for all: whoever packs while another value is packed, to refer to it, writes behind what stands there, and takes that away again. */
const writer = new Writer();

class Reader {
  private readonly bytes: Buffer;
  private readonly resolve: (hash: string) => string;
  /** That may come again. */
  private readonly texts: string[] = [];
  private place = 0;

  constructor(bytes: Uint8Array, resolve: (hash: string) => string) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.resolve = resolve;
  }

  checkEnd(): void {
    if (this.place !== this.bytes.length) throw damaged();
  }

  read(): unknown {
    const first = this.byte();
    if (first >= kind.word) return this.word(first - kind.word);
    if (first >= kind.smallObject) return this.object(first - kind.smallObject);
    if (first >= kind.smallList) return this.list(first - kind.smallList);
    if (first >= kind.shortText || texts.has(first)) return this.numbered(first);
    if (first >= kind.smallInteger) return first - kind.smallInteger;
    return this.other(first);
  }

  /** A text, which may come again. */
  private numbered(first: number): string {
    const text = this.text(first);
    // What stands for a reference may be shorter than what was referred to.
    if (text.length >= numberedFrom || first === kind.reference) this.texts.push(text);
    return text;
  }

  private text(first: number): string {
    if (first >= kind.shortText) return this.take(first - kind.shortText).toString('latin1');
    switch (first) {
      case kind.text:
        return this.take(this.integer()).toString('utf8');
      case kind.wideText:
        return this.take(this.integer()).toString('utf16le');
      case kind.hash:
        return this.hash();
      case kind.reference:
        return this.resolve(this.hash());
      case kind.aroundHash:
        return `${this.part()}${this.hash()}${this.part()}`;
      default:
        throw damaged();
    }
  }

  /** Of a text: it has no number of its own. */
  private part(): string {
    const first = this.byte();
    return first >= kind.word ? this.word(first - kind.word) : this.text(first);
  }

  private other(first: number): unknown {
    switch (first) {
      case kind.null:
        return null;
      case kind.false:
        return false;
      case kind.true:
        return true;
      case kind.double:
        return this.take(8).readDoubleLE();
      case kind.integer:
        return this.integer();
      case kind.negative:
        return -this.integer();
      case kind.same:
        return this.same(this.integer());
      case kind.list:
        return this.list(this.integer());
      case kind.object:
        return this.object(this.integer());
      default:
        throw damaged();
    }
  }

  private list(count: number): unknown[] {
    const values: unknown[] = [];
    for (let index = 0; index < count; index++) values.push(this.read());
    return values;
  }

  private object(count: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      const name = String(this.read());
      const member = this.read();
      // As an assignment it would be the object's prototype.
      if (name === '__proto__') Object.defineProperty(value, name, { value: member, ...ownMember });
      else value[name] = member;
    }
    return value;
  }

  private same(number: number): string {
    const text = this.texts[number];
    if (text === undefined) throw damaged();
    return text;
  }

  private word(number: number): string {
    const word = wellKnownWords[number];
    if (word === undefined) throw damaged();
    return word;
  }

  private integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  private hash(): string {
    return this.take(hashBytes).toString('hex');
  }

  private byte(): number {
    const byte = this.bytes[this.place++];
    if (byte === undefined) throw damaged();
    return byte;
  }

  private take(size: number): Buffer {
    const end = this.place + size;
    if (end > this.bytes.length) throw damaged();
    const taken = this.bytes.subarray(this.place, end);
    this.place = end;
    return taken;
  }
}

const ownMember = { enumerable: true, configurable: true, writable: true } as const;

function damaged(): KernelError {
  return new KernelError('STORAGE_FAILED', 'storage: a row holds bytes that are no packed JSON');
}
