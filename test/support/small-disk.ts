/** A disk of 4 MB that a test may fill, where something may be mounted. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'ringzero-disk-'));
  readonly isMounted: boolean;

  constructor() {
    this.isMounted = this.mount('size=4m');
  }

  /** Takes all of it but so many bytes. Returns what gives it back. */
  fill(leftBytes: number): () => void {
    const filler = join(this.folder, 'filler');
    const { bavail, bsize } = statfsSync(this.folder);
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
    return () => rmSync(filler);
  }

  /** From now on it can only be read. */
  protect(): void {
    this.mount('remount,ro');
  }

  remove(): void {
    if (this.isMounted) execFileSync('umount', ['--lazy', this.folder]);
    rmSync(this.folder, { recursive: true });
  }

  private mount(options: string): boolean {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
}
