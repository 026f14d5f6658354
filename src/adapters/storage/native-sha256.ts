import { createHash } from 'node:crypto';

/** The same as `sha256Hex` of base, which runs everywhere, in a tenth of the time. */
export function nativeSha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
