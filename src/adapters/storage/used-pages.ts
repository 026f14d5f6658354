import { pageKey } from './page-key.ts';
import type { RunHead } from './run-heads.ts';
import type { SharedText } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import { pagesTable, pageUsesTable } from './tables.ts';

/** Of those that a run is known to use; a checkpoint names what came since the one before it. */
const mostKnownPages = 128;

/** Which run uses which pages, in the order of their first use: the first that uses one that is not stored brings it. */
export class UsedPages {
  private readonly byRun = new Map<RunHead, Set<string>>();

  add(run: RunHead, hashes: ReadonlySet<string> | readonly [string]): void {
    if ('size' in hashes && hashes.size === 0) return;
    let known = this.byRun.get(run);
    if (known === undefined) this.byRun.set(run, (known = new Set()));
    for (const hash of hashes) known.add(hash);
  }

  /** `texts`: that may not be stored yet, by hash. */
  async write(session: SqlSession, texts: ReadonlyMap<string, SharedText>): Promise<void> {
    const brought = new Map<string, RunHead>();
    const rows: Row[] = [];
    for (const [run, hashes] of this.byRun)
      for (const hash of hashes) {
        const text = texts.get(hash);
        if (text === undefined || brought.has(hash)) continue;
        brought.set(hash, run);
        rows.push({ hash: pageKey(hash), run: run.id, text: text.bytes });
      }
    const areNew = (await session.insert(pagesTable, rows)) === rows.length;
    const unknown: { readonly run: number; readonly hash: string }[] = [];
    for (const [run, hashes] of this.byRun) {
      const { id, pages } = run;
      if (pages.size + hashes.size > mostKnownPages) pages.clear();
      for (const hash of hashes) {
        if (!pages.has(hash) && !(areNew && brought.get(hash) === run)) unknown.push({ run: id, hash });
        pages.add(hash);
      }
    }
    await this.note(session, unknown);
  }

  /** What is stored for another run is used by this one, too. */
  private async note(
    session: SqlSession,
    uses: readonly { readonly run: number; readonly hash: string }[],
  ): Promise<void> {
    if (uses.length === 0) return;
    const keys = Array.from(new Set(uses.map(({ hash }) => hash)), (hash) => ({ hash: pageKey(hash) }));
    const owners = new Map<string, number>();
    for (const { hash, run } of await session.find(pagesTable, ['hash'], keys, { only: ['hash', 'run'] }))
      owners.set(keyText(hash as Uint8Array), run as number);
    const rows = uses
      .map(({ run, hash }) => ({ run, hash: pageKey(hash) }))
      .filter(({ run, hash }) => owners.get(keyText(hash)) !== run);
    await session.insert(pageUsesTable, rows);
  }
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
