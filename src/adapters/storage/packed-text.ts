/** Texts as bytes of a database: behind one byte that tells how, UTF-8 or UTF-16, compressed (RFC 1951) where that makes them smaller. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export interface PackedText {
  readonly text: string;
  /** It is JSON that refers to other texts (shared-texts.ts). */
  readonly refers: boolean;
}

/** A text below this size is not made smaller by compression. */
const packedFrom = 128;
const deflated = 1;
/** UTF-8 has no lone surrogates. */
const utf16 = 2;
const referring = 4;

export function packed({ text, refers }: PackedText): Uint8Array {
  const utf8 = Buffer.from(text, 'utf8');
  const isUtf8 = utf8.toString('utf8') === text;
  const coding = (isUtf8 ? 0 : utf16) | (refers ? referring : 0);
  const bytes = isUtf8 ? utf8 : Buffer.from(text, 'utf16le');
  if (bytes.length >= packedFrom) {
    const smaller = deflateRawSync(bytes);
    if (smaller.length < bytes.length) return Buffer.concat([Buffer.of(coding | deflated), smaller]);
  }
  return Buffer.concat([Buffer.of(coding), bytes]);
}

export function unpacked(bytes: Uint8Array): PackedText {
  const coding = bytes[0]!;
  const rest = bytes.subarray(1);
  const text = Buffer.from((coding & deflated) === 0 ? rest : inflateRawSync(rest));
  return {
    text: text.toString((coding & utf16) === 0 ? 'utf8' : 'utf16le'),
    refers: (coding & referring) !== 0,
  };
}
