/** JSON whose long texts are stored once, by their hash: what a tool answered stands in the history, in the journal and in a page. */
import { KernelError } from '../../kernel/errors.ts';
import { nativeSha256 } from './native-sha256.ts';
import { isUtf8, referencesIn, unpackJson } from './packed-json.ts';
import { hashOfKey, pageKey } from './page-key.ts';
import { packedJson, packedText, unpacked, type Unpacked } from './packed-text.ts';
import type { SqlSession } from './sql.ts';
import { pagesTable } from './tables.ts';

/** A shorter text stands where it is used: a reference and its row take about as much. */
const sharedFrom = 256;

export interface SharedText {
  /** As it is stored. */
  readonly bytes: Uint8Array;
  /** Hashes of what it refers to. */
  readonly within: ReadonlySet<string>;
}

/** Most rows refer to nothing. */
const none = new Set<string>();

/** Writes JSON, and gathers the texts that it refers to. */
export class SharedTexts {
  /** By hash. */
  readonly texts = new Map<string, SharedText>();
  private readonly hashes = new Map<string, string>();
  private references = none;

  write(value: unknown): Uint8Array {
    return packedJson(value, this.refer);
  }

  /** All that was referred to since this was asked last, also by what is referred to. */
  takeReferences(): ReadonlySet<string> {
    const { references } = this;
    this.references = none;
    return references;
  }

  /** A page of this hash: it is referred to. */
  put(hash: string, text: string): void {
    let shared = this.texts.get(hash);
    if (shared === undefined) {
      const outer = this.references;
      this.references = none;
      const bytes = this.writePage(text);
      shared = { bytes, within: this.references };
      this.texts.set(hash, shared);
      this.references = outer;
    }
    if (this.references === none) this.references = new Set();
    this.references.add(hash);
    for (const inner of shared.within) this.references.add(inner);
  }

  /**
   * The content of a page: as JSON when it is such, a message for one, in the one spelling that can be told again. Its form depends on the text alone, so that whoever refers to one that is
   * stored knows what that refers to.
   */
  private writePage(text: string): Uint8Array {
    const value = text.startsWith('{"') ? parsed(text) : undefined;
    return value === undefined || JSON.stringify(value) !== text ? packedText(text) : this.write(value);
  }

  private readonly refer = (text: string): string | undefined => {
    if (text.length < sharedFrom) return undefined;
    let hash = this.hashes.get(text);
    if (hash === undefined) {
      // UTF-8 would make two texts with lone surrogates one.
      if (!isUtf8(text)) return undefined;
      hash = nativeSha256(text);
      this.hashes.set(text, hash);
    }
    this.put(hash, text);
    return hash;
  };
}

/** Reads what SharedTexts has written: first the texts behind what will be read are got, all at once, then it can be read. */
export class SharedReader {
  private readonly session: SqlSession;
  private readonly texts = new Map<string, Unpacked>();
  /** Those that were seen to have their hash. */
  private readonly proven = new Set<string>();

  constructor(session: SqlSession) {
    this.session = session;
  }

  /** Gets the pages of these hashes that are stored, and all they refer to. */
  async load(hashes: Iterable<string>): Promise<void> {
    let missing = [...new Set(hashes)].filter((hash) => !this.texts.has(hash));
    while (missing.length > 0) {
      const keys = missing.map((hash) => ({ hash: pageKey(hash) }));
      const referred: string[] = [];
      for (const { hash: key, text } of await this.session.find(pagesTable, ['hash'], keys)) {
        const content = unpacked(text as Uint8Array);
        this.texts.set(hashOfKey(key as Uint8Array), content);
        if ('json' in content) referred.push(...referencesIn(content.json));
      }
      missing = [...new Set(referred)].filter((hash) => !this.texts.has(hash));
    }
  }

  /** Gets all that these refer to. */
  async loadFor(written: Iterable<unknown>): Promise<void> {
    const hashes: string[] = [];
    for (const bytes of written) if (bytes instanceof Uint8Array) hashes.push(...referencesIn(jsonIn(bytes)));
    await this.load(hashes);
  }

  /** Throws KernelError STORAGE_FAILED where a text is missing, or is not that of its hash. */
  parse(written: Uint8Array): unknown {
    return this.read(jsonIn(written));
  }

  /** Undefined: is not stored. */
  page(hash: string): string | undefined {
    const content = this.texts.get(hash);
    if (content === undefined) return undefined;
    return 'text' in content ? content.text : JSON.stringify(this.read(content.json));
  }

  private read(json: Uint8Array): unknown {
    return unpackJson(json, (hash) => {
      const found = this.page(hash);
      if (found === undefined)
        throw new KernelError('STORAGE_FAILED', `storage: the text with hash ${hash} is missing`);
      if (!this.proven.has(hash) && nativeSha256(found) !== hash)
        throw new KernelError('STORAGE_FAILED', `storage: the text with hash ${hash} has another hash`);
      this.proven.add(hash);
      return found;
    });
  }
}

/** Without what its references stand for: with what `resolve` says instead. */
export function outlineOf(written: Uint8Array, resolve: (hash: string) => string = () => ''): unknown {
  return unpackJson(jsonIn(written), resolve);
}

function jsonIn(written: Uint8Array): Uint8Array {
  const content = unpacked(written);
  if ('json' in content) return content.json;
  throw new KernelError('STORAGE_FAILED', 'storage: a row holds a text where JSON belongs');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
