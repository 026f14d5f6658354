/** Files that every worker may need, by the hash of their content, compressed and in parts. */
import type { PostgresDatabase } from '../storage/postgres-database.ts';

/** Of a part: what one statement carries within its time. */
const partBytes = 4 * 1024 * 1024;

export interface SharedFile {
  /** SHA-256 of the decompressed content, hexadecimal. */
  readonly content: string;
  /** The last part of its path: in messages. */
  readonly name: string;
}

export class SharedFiles {
  static readonly statements: readonly string[] = [
    'create table files (content text primary key, name text not null)',
    'create table file_parts (content text not null references files on delete cascade, part bigint not null, bytes bytea not null, primary key (content, part))',
  ];
  private readonly database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.database = database;
  }

  /** Whole, or not at all; what is there already is not written again. `bytes`: as they are to be kept, read once at most. */
  async put({ content, name }: SharedFile, bytes: () => AsyncIterable<Uint8Array>): Promise<void> {
    await this.database.transaction(async (session) => {
      // Whoever puts the same one waits here for the first to end.
      const made = await session.query(
        'insert into files (content, name) values ($1, $2) on conflict do nothing returning content',
        [content, name],
      );
      if (made.length === 0) return;
      let part = 0;
      for await (const one of inParts(bytes()))
        await session.query('insert into file_parts (content, part, bytes) values ($1, $2, $3)', [
          content,
          part++,
          one,
        ]);
    });
  }

  /** Undefined: it is not there. */
  async nameOf(content: string): Promise<string | undefined> {
    const [row] = await this.database.read((session) =>
      session.query('select name from files where content = $1', [content]),
    );
    return row?.['name'] as string | undefined;
  }

  async *bytesOf(content: string): AsyncGenerator<Uint8Array> {
    for (let part = 0; ; part++) {
      const [row] = await this.database.read((session) =>
        session.query('select bytes from file_parts where content = $1 and part = $2', [content, part]),
      );
      if (row === undefined) return;
      yield row['bytes'] as Uint8Array;
    }
  }
}

async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    // A chunk is good until the next is asked for.
    gathered.push(new Uint8Array(chunk));
    size += chunk.length;
    if (size < partBytes) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(gathered);
}
