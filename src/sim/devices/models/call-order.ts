import type { CallIdentity } from '../../../kernel/requests.ts';

/** Which model call of its process a call is. A call that is asked about again, because it was stopped and goes on, has kept its place. */
export class CallOrder {
  private readonly places = new Map<string, { n: number; nth: number }>();

  /** From 1, in the order in which a process's calls are asked about. */
  nth(identity: CallIdentity): number {
    const key = processKey(identity);
    const place = this.places.get(key);
    if (place === undefined) {
      this.places.set(key, { n: identity.n, nth: 1 });
      return 1;
    }
    if (place.n !== identity.n) {
      place.n = identity.n;
      place.nth++;
    }
    return place.nth;
  }
}

export function processKey({ run, branch, pid }: CallIdentity): string {
  return JSON.stringify([run, branch, pid]);
}
