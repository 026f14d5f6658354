/** What the API keeps with a run: beside the settings by which its world is built again, so that a server that starts later knows it. */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { Caller } from '../caller.ts';
import { Refused } from '../errors.ts';

/** A type, as it is JSON. */
export type RunFacts = {
  /** The tenant; '': nobody's, as of runs that were started on the command line. */
  readonly uid: string;
  /** As the client named it; '': it did not. */
  readonly name: string;
};

const field = 'api';
const nobodys: RunFacts = { uid: '', name: '' };

/** `model`: that it asks, where one is named. */
export function withFacts(settings: Json, facts: RunFacts, model: string | undefined): Json {
  const asked = model === undefined ? {} : { chain: [model], routes: {} };
  return { ...(isRecord(settings) ? settings : {}), ...asked, [field]: facts };
}

/** A server has started it. */
export const hasFacts = (settings: Json | undefined): boolean =>
  isRecord(settings) && isRecord(settings[field]);

export function factsIn(settings: Json | undefined): RunFacts {
  const given = isRecord(settings) ? settings[field] : undefined;
  if (!isRecord(given)) return nobodys;
  const { uid = '', name = '' } = given;
  return { uid: typeof uid === 'string' ? uid : '', name: typeof name === 'string' ? name : '' };
}

/** So many are known by heart. */
const mostKnown = 10_000;

/** The facts of runs; they never change. */
export class KnownFacts {
  private readonly storage: StorageManager;
  private readonly known = new Map<string, RunFacts>();

  constructor(storage: StorageManager) {
    this.storage = storage;
  }

  add(run: string, facts: RunFacts): void {
    this.known.delete(run);
    this.known.set(run, facts);
    for (const [oldest] of this.known) {
      if (this.known.size <= mostKnown) return;
      this.known.delete(oldest);
    }
  }

  /** Undefined: there is no such run, or nothing but its audit log is left of it. */
  async of(run: string): Promise<RunFacts | undefined> {
    const known = this.known.get(run);
    if (known !== undefined) return known;
    const [first] = await this.storage.branches(run);
    if (first === undefined) return undefined;
    const facts = factsIn(first.settings);
    this.add(run, facts);
    return facts;
  }
}

/** Whose it is: that of the token, if it has one. Throws Refused for that of another. */
export function tenantOf(uid: string | undefined, { tenant }: Caller): string {
  if (tenant !== undefined && uid !== undefined && uid !== tenant)
    throw new Refused(403, 'FORBIDDEN', `uid: ${JSON.stringify(uid)} is not that of the token`, {
      field: 'uid',
    });
  return tenant ?? uid ?? '';
}
