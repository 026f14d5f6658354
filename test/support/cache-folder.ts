/** The tests have a cache of traces of their own, empty at the start: never the developer's, and never what an earlier version read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-cache-'));
  process.env['RINGZERO_CACHE_DIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
