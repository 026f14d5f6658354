import { sha256Hex } from '../base/sha256.ts';
import type { CallIdentity } from './requests.ts';

/**
 * The id of the sub-run that a tool call is: the SHA-256, in hexadecimal, of its identity as a JSON list [run, branch, pid, syscall number, place in its batch]. The same for the call's
 * repeats and after a crash, and that of no other call: what acts on the world can take it for an idempotency key.
 */
export function subRunOf({ run, branch, pid, n, index }: CallIdentity): string {
  return sha256Hex(JSON.stringify([run, branch, pid, n, index]));
}
