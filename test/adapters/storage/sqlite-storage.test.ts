import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { sharedStorageContract, storageContract } from '../../kernel/storage-contract.ts';

storageContract('sqlite', () => openSqliteStorage(':memory:'));

const folder = mkdtempSync(join(tmpdir(), 'ringzero-storage-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
sharedStorageContract('sqlite', {
  reset: () => void files++,
  open: () => openSqliteStorage(join(folder, `${files}.db`)),
});
