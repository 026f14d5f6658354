import crypto from 'node:crypto';

/** The same as `sha256Hex` of base, which runs everywhere, in a tenth of the time. */
export function nativeSha256(text: string): string {
  // Nodes before 20.12 have only the longer way.
  return (crypto as Partial<typeof crypto>).hash === undefined
    ? crypto.createHash('sha256').update(text, 'utf8').digest('hex')
    : crypto.hash('sha256', text, 'hex');
}

/** The same of texts that come one after the other. */
export class NativeTextHash {
  private readonly hash = crypto.createHash('sha256');

  update(text: string): void {
    this.hash.update(text, 'utf8');
  }

  digestHex(): string {
    return this.hash.digest('hex');
  }
}
