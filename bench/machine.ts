/** Where and from what a result was made. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

export function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

export function machine(): string {
  const processors = cpus();
  return `${processors[0]?.model.trim() ?? 'unknown processor'} × ${processors.length}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
