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

/** What is smaller gains little, for as much time as all its rows take. */
const compressedFrom = 512;

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
  const packed = packJson(value, refer, coding.json);
  return packed.length <= compressedFrom ? packed : compressed(packed);
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
  const bytes = new Uint8Array(content.length + 1);
  bytes[0] = how;
  bytes.set(content, 1);
  return bytes.length <= compressedFrom ? bytes : compressed(bytes);
}

/** `bytes`: behind the one that tells how. */
function compressed(bytes: Uint8Array): Uint8Array {
  const content = bytes.subarray(1);
  const chunkSize = Math.min(content.length, mostBuffer);
  const smaller = brotliCompressSync(content, { params, chunkSize });
  if (smaller.length >= content.length) return bytes;
  const result = new Uint8Array(smaller.length + 1);
  result[0] = bytes[0]! | coding.compressed;
  result.set(smaller, 1);
  return result;
}
