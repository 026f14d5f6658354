/**
 * JSON whose long strings are stored once, by their hash: what a tool answered stands in the history, in the journal and in a page. In the JSON that is stored, such a string is a
 * reference: NUL, `#`, 64 hex digits. Any other string that begins with NUL has one NUL more.
 */
import { createHash } from 'node:crypto';

import { KernelError } from '../../kernel/errors.ts';
import { unpacked, type PackedText } from './packed-text.ts';
import type { SqlSession } from './sql.ts';
import { pagesTable } from './tables.ts';

/** A shorter string stands where it is used: a reference and its row take about as much. */
const sharedFrom = 256;

/** Writes JSON, and gathers the texts that it refers to. */
export class SharedTexts {
  /** By hash, as they are stored. */
  readonly texts = new Map<string, PackedText>();
  private references = new Set<string>();

  write(value: unknown): string {
    return JSON.stringify(value, (_, member: unknown) => {
      if (typeof member !== 'string') return member;
      if (member.length >= sharedFrom) return this.refer(member);
      return escaped(member);
    });
  }

  /** All that was referred to since this was asked last, also by what is referred to. */
  takeReferences(): ReadonlySet<string> {
    const { references } = this;
    if (references.size > 0) this.references = new Set();
    return references;
  }

  /**
   * The content of a page: with references when it is JSON, such as a message, in the one spelling that can be told again. Its form depends on the text alone, so that whoever refers to
   * one that is stored knows what that refers to.
   */
  writePage(text: string): PackedText {
    const value = text.length < sharedFrom ? undefined : parsed(text);
    if (typeof value !== 'object' || JSON.stringify(value) !== text) return { text, refers: false };
    return { text: this.write(value), refers: true };
  }

  private refer(text: string): string {
    // UTF-8 would make two texts with lone surrogates one.
    if (Buffer.from(text, 'utf8').toString('utf8') !== text) return escaped(text);
    const hash = createHash('sha256').update(text, 'utf8').digest('hex');
    this.references.add(hash);
    this.texts.set(hash, this.writePage(text));
    return `\0#${hash}`;
  }
}

/** Reads what SharedTexts has written: first the texts behind what will be read are got, all at once, then it can be read. */
export class SharedReader {
  private readonly session: SqlSession;
  private readonly texts = new Map<string, PackedText>();

  constructor(session: SqlSession) {
    this.session = session;
  }

  /** Gets the pages of these hashes that are stored, and all they refer to. */
  async load(hashes: Iterable<string>): Promise<void> {
    let missing = [...new Set(hashes)].filter((hash) => !this.texts.has(hash));
    while (missing.length > 0) {
      const found: PackedText[] = [];
      for (const { hash, text } of await this.session.find(
        pagesTable,
        ['hash'],
        missing.map((hash) => ({ hash })),
      )) {
        const content = unpacked(text as Uint8Array);
        this.texts.set(hash as string, content);
        if (content.refers) found.push(content);
      }
      missing = [...new Set(found.flatMap(({ text }) => referencesOf(text)))].filter(
        (hash) => !this.texts.has(hash),
      );
    }
  }

  /** Gets all that these JSON texts refer to. */
  async loadFor(texts: Iterable<string>): Promise<void> {
    const hashes: string[] = [];
    for (const text of texts) hashes.push(...referencesOf(text));
    await this.load(hashes);
  }

  /** Throws KernelError STORAGE_FAILED where a text is missing. */
  parse(text: string): unknown {
    return JSON.parse(text, (_, member: unknown) => {
      if (typeof member !== 'string' || !member.startsWith('\0')) return member;
      if (!member.startsWith('\0#')) return member.slice(1);
      const hash = member.slice(2);
      const found = this.page(hash);
      if (found === undefined)
        throw new KernelError('STORAGE_FAILED', `storage: the text with hash ${hash} is missing`);
      return found;
    });
  }

  /** Undefined: is not stored. */
  page(hash: string): string | undefined {
    const content = this.texts.get(hash);
    if (content === undefined) return undefined;
    return content.refers ? JSON.stringify(this.parse(content.text)) : content.text;
  }
}

/** As JSON writes it. */
const reference = /"\\u0000#([0-9a-f]{64})"/g;

function referencesOf(text: string): string[] {
  return text.includes('\\u0000#') ? Array.from(text.matchAll(reference), ([, hash]) => hash!) : [];
}

function escaped(text: string): string {
  return text.startsWith('\0') ? `\0${text}` : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
