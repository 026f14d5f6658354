import { Client } from 'pg';
import { afterAll, describe } from 'vitest';

import { openPostgresStorage } from '../../../src/adapters/storage/postgres-storage.ts';
import { tables } from '../../../src/adapters/storage/tables.ts';
import { storageContract } from '../../kernel/storage-contract.ts';
import { postgresFolder, startPostgres, type PostgresServer } from '../../support/postgres.ts';

const bin = postgresFolder();
let server: PostgresServer | undefined;
afterAll(() => server?.stop());

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  storageContract('postgres', async () => {
    const isNew = server === undefined;
    server ??= startPostgres(bin!);
    const { url } = server;
    // Emptying tables is quicker than making them.
    if (!isNew) {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(tables.map(({ name }) => `delete from ringzero.${name}`).join(';'));
      await client.end();
    }
    return openPostgresStorage({ url, connections: 1 });
  });
});
