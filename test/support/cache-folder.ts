/**
 * The tests have caches of their own, empty at the start: of traces, so that they never touch the developer's nor read what an earlier version read, and of compiled code, so that of
 * the processes and threads that they start only the first compiles what all run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-cache-'));
  process.env['RINGZERO_CACHE_DIR'] = join(folder, 'traces');
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'code');
  return () => rmSync(folder, { recursive: true, force: true });
}
