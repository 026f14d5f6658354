import { isStoredBatch, type BatchIdentity } from '../../kernel/storage.ts';
import type { Row, SqlSession } from './sql.ts';
import { writersTable } from './tables.ts';

/** The numbers of the last batches of writers, within one transaction: whoever else stores one of the same writer waits for its end. */
export class BatchNumbers {
  private readonly session: SqlSession;
  private readonly stored: ReadonlyMap<string, number>;
  private readonly numbers: Map<string, number>;

  /** Reads those of these batches, and keeps others from writing them. */
  static async of(
    session: SqlSession,
    batches: readonly (BatchIdentity | undefined)[],
  ): Promise<BatchNumbers> {
    const writers = new Set(batches.flatMap((batch) => (batch === undefined ? [] : [batch.writer])));
    const keys = Array.from(writers, (writer) => ({ writer }));
    return new BatchNumbers(session, await session.find(writersTable, ['writer'], keys, { lock: true }));
  }

  private constructor(session: SqlSession, rows: readonly Row[]) {
    this.session = session;
    this.stored = new Map(rows.map((row) => [row['writer'] as string, row['number'] as number]));
    this.numbers = new Map(this.stored);
  }

  /** Throws KernelError as isStoredBatch does. */
  has(batch: BatchIdentity | undefined): boolean {
    return batch !== undefined && isStoredBatch(batch, this.numbers.get(batch.writer) ?? 0);
  }

  add(batch: BatchIdentity | undefined): void {
    if (batch !== undefined) this.numbers.set(batch.writer, batch.number);
  }

  async write(): Promise<void> {
    const changed = [...this.numbers].filter(([writer, number]) => this.stored.get(writer) !== number);
    const rows = changed.map(([writer, number]) => ({ writer, number }));
    const isKnown = ({ writer }: { readonly writer: string }): boolean => this.stored.has(writer);
    await this.session.insert(
      writersTable,
      rows.filter((row) => !isKnown(row)),
    );
    await this.session.update(writersTable, ['number'], rows.filter(isKnown));
  }
}
