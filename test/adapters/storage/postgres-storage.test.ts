import { Client } from 'pg';
import { afterAll, describe } from 'vitest';

import { openPostgresStorage } from '../../../src/adapters/storage/postgres-storage.ts';
import { tables } from '../../../src/adapters/storage/tables.ts';
import { sharedStorageContract, storageContract } from '../../kernel/storage-contract.ts';
import { postgresFolder, startPostgres, type PostgresServer } from '../../support/postgres.ts';

const bin = postgresFolder();
let server: PostgresServer | undefined;
afterAll(() => server?.stop());

/** Emptying tables is quicker than making them. */
async function reset(): Promise<string> {
  if (server === undefined) {
    server = startPostgres(bin!);
    return server.url;
  }
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(tables.map(({ name }) => `delete from ringzero.${name}`).join(';'));
  await client.end();
  return server.url;
}

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  storageContract('postgres', async () => openPostgresStorage({ url: await reset(), connections: 1 }));
  sharedStorageContract('postgres', {
    reset: async () => void (await reset()),
    open: () => openPostgresStorage({ url: server!.url, connections: 2 }),
  });
});
