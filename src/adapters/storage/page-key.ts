/** Hashes of pages as short keys: 64 hex digits are 32 bytes, and whatever else names a page, behind zeros, is more. */

const hashName = /^[0-9a-f]{64}$/;
const hashBytes = 32;

export function pageKey(hash: string): Uint8Array {
  return hashName.test(hash)
    ? Buffer.from(hash, 'hex')
    : Buffer.concat([Buffer.alloc(hashBytes + 1), Buffer.from(hash, 'utf8')]);
}

export function hashOfKey(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  return bytes.length === hashBytes ? bytes.toString('hex') : bytes.toString('utf8', hashBytes + 1);
}
