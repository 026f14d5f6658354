/**
 * The text of the first bytes of something longer: a character that is cut off at their end is left out, so that whoever reads on begins with it. Bytes that are no UTF-8 become
 * replacement characters.
 */
export function wholeText(bytes: Uint8Array): { readonly text: string; readonly length: number } {
  const { length } = bytes;
  // A character has four bytes at most; of one that is cut off, the first says how many.
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (size <= back) break;
    return { text: decoded(bytes.subarray(0, length - back)), length: length - back };
  }
  return { text: decoded(bytes), length };
}

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
