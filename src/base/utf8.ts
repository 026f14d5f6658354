/** UTF-8 as text, where the platform has no decoder. What is not UTF-8 becomes U+FFFD, as the Encoding Standard has it. */
export function utf8Text(bytes: Uint8Array): string {
  const parts: string[] = [];
  let codes: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++]!;
    if (first < 0x80) codes.push(first);
    else {
      const kind = leads.find(({ from, to }) => first >= from && first <= to);
      let code = kind === undefined ? -1 : first & kind.mask;
      for (let left = kind?.following ?? 0, isSecond = true; left > 0; left--, isSecond = false) {
        const [low, high] = isSecond ? kind!.second : [0x80, 0xbf];
        const next = bytes[at];
        if (next === undefined || next < low || next > high) {
          code = -1;
          break;
        }
        code = code * 64 + (next & 0x3f);
        at++;
      }
      codes.push(code < 0 ? 0xfffd : code);
    }
    // A call takes only so many arguments.
    if (codes.length === 4_096) {
      parts.push(String.fromCodePoint(...codes));
      codes = [];
    }
  }
  parts.push(String.fromCodePoint(...codes));
  return parts.join('');
}

interface Lead {
  readonly from: number;
  readonly to: number;
  readonly mask: number;
  readonly following: number;
  /** What the second byte may be: neither overlong, nor a surrogate, nor above U+10FFFF. */
  readonly second: readonly [low: number, high: number];
}

const leads: readonly Lead[] = [
  { from: 0xc2, to: 0xdf, mask: 0x1f, following: 1, second: [0x80, 0xbf] },
  { from: 0xe0, to: 0xe0, mask: 0x0f, following: 2, second: [0xa0, 0xbf] },
  { from: 0xe1, to: 0xec, mask: 0x0f, following: 2, second: [0x80, 0xbf] },
  { from: 0xed, to: 0xed, mask: 0x0f, following: 2, second: [0x80, 0x9f] },
  { from: 0xee, to: 0xef, mask: 0x0f, following: 2, second: [0x80, 0xbf] },
  { from: 0xf0, to: 0xf0, mask: 0x07, following: 3, second: [0x90, 0xbf] },
  { from: 0xf1, to: 0xf3, mask: 0x07, following: 3, second: [0x80, 0xbf] },
  { from: 0xf4, to: 0xf4, mask: 0x07, following: 3, second: [0x80, 0x8f] },
];
