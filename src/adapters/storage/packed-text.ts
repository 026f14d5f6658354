/** What a database holds as bytes: behind one byte that tells how, a text or packed JSON, compressed (brotli, RFC 7932) where that makes it smaller. */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

import { isUtf8, packJson, type Refer } from './packed-json.ts';

/** A text, or JSON that may refer to other texts (shared-texts.ts). */
export type Unpacked = { readonly text: string } | { readonly json: Uint8Array };

const coding = {
  /** UTF-8. */
  text: 0,
  /** UTF-8 has no lone surrogates. */
  utf16: 1,
  json: 2,
  /** Beside one of those. */
  compressed: 4,
} as const;

/** What is smaller gains a tenth or less, for as much time as a row takes. */
const compressedFrom = 256;

/** The quickest: stronger ones make a tenth less of a text, and take several times as long. The default window and buffer are made for megabytes, and making them takes longer than the work. */
const params = {
  [constants.BROTLI_PARAM_QUALITY]: 1,
  [constants.BROTLI_PARAM_LGWIN]: 16,
};
const mostBuffer = 65_536;

export function packedText(text: string): Uint8Array {
  return isUtf8(text)
    ? coded(coding.text, Buffer.from(text, 'utf8'))
    : coded(coding.utf16, Buffer.from(text, 'utf16le'));
}

export function packedJson(value: unknown, refer?: Refer): Uint8Array {
  return coded(coding.json, packJson(value, refer));
}

export function unpacked(bytes: Uint8Array): Unpacked {
  const how = bytes[0]!;
  const rest = bytes.subarray(1);
  const content = (how & coding.compressed) === 0 ? rest : brotliDecompressSync(rest);
  if ((how & coding.json) !== 0) return { json: content };
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return { text: text.toString((how & coding.utf16) === 0 ? 'utf8' : 'utf16le') };
}

function coded(how: number, content: Uint8Array): Uint8Array {
  if (content.length >= compressedFrom) {
    const chunkSize = Math.min(content.length, mostBuffer);
    const smaller = brotliCompressSync(content, { params, chunkSize });
    if (smaller.length < content.length) return joined(how | coding.compressed, smaller);
  }
  return joined(how, content);
}

function joined(how: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 1);
  bytes[0] = how;
  bytes.set(content, 1);
  return bytes;
}
